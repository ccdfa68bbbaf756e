// Short messages in the corner. Anything may ask for one: a "desk:toast" event with {text, tone, seconds, action}.

const SECONDS = 6;
const MOST = 2; // that go by themselves

// Shows a message. tone: "info", "success", "warning" or "error"; errors stay until dismissed.
// action: {label, url}: a button that posts to the address, for as long as the message stands, or {label, key, run}: one that
// runs something, as its key does; link: one that leads there.
export function toast({ text, tone = "info", seconds = tone === "error" ? 0 : SECONDS, action = null, link = null }) {
  const region = document.querySelector("#toasts .toasts-live");
  // One that stands until it is dismissed is not said twice.
  if (!seconds && [...region.children].some((line) => line.firstElementChild?.textContent === text)) return;
  const line = document.createElement("div");
  line.className = `toast toast-${tone}`;
  const words = document.createElement("span");
  words.textContent = text;
  line.append(words);
  if (action) line.append(actionButton(action, line));
  if (link) line.append(linkButton(link));
  const close = document.createElement("button");
  close.type = "button";
  close.className = "button-quiet button-icon";
  close.dataset.dismiss = "";
  close.setAttribute("aria-label", "Dismiss");
  close.innerHTML = '<svg class="i" aria-hidden="true"><use href="#i-close"/></svg>';
  line.append(close);
  region.append(line);
  // So many at once cover the page; those that need nobody's answer go first.
  for (const old of [...region.querySelectorAll(".toast:not(.toast-error)")].slice(0, -MOST)) old.remove();
  leaveAfter(line, seconds);
}

function linkButton({ label, url }) {
  const button = document.createElement("a");
  button.className = "button button-small";
  button.href = url;
  button.textContent = label;
  return button;
}

function actionButton(action, line) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button button-small";
  button.textContent = action.label;
  if (action.key) {
    const cap = document.createElement("kbd");
    cap.textContent = action.key;
    button.append(" ", cap);
    line.dataset.undoes = "";
  }
  button.addEventListener("click", () => {
    line.remove();
    if (action.run) action.run();
    else window.htmx.ajax("POST", action.url, { swap: "none" });
  });
  return button;
}

// Takes the message away after some seconds (0: never), but not while it is pointed at or focused.
function leaveAfter(line, seconds) {
  if (!seconds) return;
  setTimeout(() => (line.matches(":hover, :focus-within") ? leaveAfter(line, 2) : line.remove()), seconds * 1000);
}

export function startToasts() {
  document.addEventListener("desk:toast", (event) => toast(event.detail));
  document.addEventListener("click", (event) => event.target.closest("[data-dismiss]")?.closest(".toast").remove());
  for (const line of document.querySelectorAll(".toast:not(.toast-error)")) leaveAfter(line, SECONDS);
  document.addEventListener("htmx:responseError", (event) => {
    const { xhr } = event.detail;
    if (xhr.getResponseHeader("HX-Trigger")?.includes("desk:toast")) return; // the desk says it itself
    const { status } = xhr;
    const text =
      status === 403
        ? "You may not do that. Nothing was changed."
        : status === 404
          ? "That is no longer there, or you may not see it."
          : `The desk could not do that (error ${status}). What you typed is still here; try again.`;
    toast({ text, tone: "error" });
  });
  document.addEventListener("htmx:sendError", () => {
    toast({ text: "The desk could not be reached. What you typed is still here; try again.", tone: "error" });
  });
}

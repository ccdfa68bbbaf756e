// The "Move to…" dialog (board/_move.html inside a <dialog id="move">): fetched when it is opened, places found by typing.

function places(dialog) {
  return [...dialog.querySelectorAll(".move-place:not([hidden]) input:not(:disabled)")];
}

// Shows the places that hold every word typed and chooses the first of them.
function findPlaces(dialog, words) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  for (const place of dialog.querySelectorAll(".move-place")) {
    place.hidden = !wanted.every((word) => place.textContent.toLowerCase().includes(word));
  }
  for (const group of dialog.querySelectorAll("fieldset")) {
    group.hidden = !group.querySelector(".move-place:not([hidden])");
  }
  for (const radio of dialog.querySelectorAll("input[name=to]:checked")) radio.checked = false;
  const isNothing = places(dialog).length === 0;
  dialog.querySelector("[data-move-nothing]").hidden = !isNothing;
  dialog.querySelector(".form-actions button").disabled = isNothing;
  if (wanted.length && places(dialog)[0]) places(dialog)[0].checked = true;
}

function choosePlace(dialog, event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || !event.target.matches("[data-move-find]")) return;
  event.preventDefault();
  const all = places(dialog);
  const here = all.findIndex((radio) => radio.checked);
  const next = all[here < 0 ? (step > 0 ? 0 : all.length - 1) : (here + step + all.length) % all.length];
  if (!next) return;
  next.checked = true;
  next.closest(".move-place").scrollIntoView({ block: "nearest" });
}

// Fetches the form from `url` and shows it.
export async function openMoveDialog(dialog, url) {
  await window.htmx.ajax("GET", url, { target: dialog, swap: "innerHTML" });
  if (!document.getElementById("move-form")) return;
  dialog.showModal();
  // Where there is one place only, there is nothing to find.
  (document.getElementById("move-find") ?? document.getElementById("move-code") ?? dialog.querySelector("[name=to]"))?.focus();
}

export function startMoveDialog(dialog) {
  dialog.addEventListener("input", (event) => event.target.matches("[data-move-find]") && findPlaces(dialog, event.target.value));
  dialog.addEventListener("keydown", (event) => choosePlace(dialog, event));
  dialog.addEventListener("click", (event) => event.target.closest("[data-close-dialog]") && dialog.close());
  dialog.addEventListener("focusin", ({ target }) => {
    const radio = target.id === "move-code" ? target.closest("fieldset").querySelector("input[name=to]") : null;
    if (radio) radio.checked = true;
  });
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens-move]");
    if (!opener || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    opener.closest("details.menu")?.removeAttribute("open");
    openMoveDialog(dialog, opener.href);
  });
}

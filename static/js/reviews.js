// The workbench: time left on a claim, live preview of corrections, text that is never lost, undo's countdown.
import { onKey } from "./keys.js";
import { forget, keep, offerKept } from "./reviews_kept.js";
import { toast } from "./toasts.js";

const PREVIEW_MS = 350;
const RENEW_EVERY_MS = 60_000;
const LOW_SECONDS = 60;
const SAME_KEY_MS = 500;
const REFRESH_MS = 1500;
const LOOK_EVERY_MS = 15_000; // who takes or gives back a review changes nothing that the feed tells of

let typing = 0;
let usedAt = 0; // when somebody last did something on this page
let clockTimer = 0;
let undoTimer = 0;
let shownAt = 0; // when the present review came up
let lastKey = "";
let refreshing = 0;

const bench = () => document.getElementById("workbench");
const form = () => document.getElementById("decide");
const sheet = () => document.querySelector("[popover]:popover-open"); // "More", where the bar is narrow
const edits = () => [...form().querySelectorAll("[data-edit]")];
const shownText = (field) => field.closest(".bench-text")?.querySelector('[name^="was:"]')?.value ?? field.defaultValue;
const plain = (text) => text.replaceAll("\r\n", "\n");
const isChanged = (field) => plain(field.value) !== plain(shownText(field));

function minutesAndSeconds(seconds) {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

// Says that the claim is gone; what was typed stays where it is and is kept.
function showLost(message) {
  const note = bench().querySelector("[data-lost]");
  if (!note || !note.hidden) return;
  note.querySelector("[data-lost-words]").textContent = message;
  note.hidden = false;
  clearInterval(clockTimer);
  const clock = bench().querySelector("[data-clock]");
  if (clock) clock.hidden = true;
  if (form()) keep(form());
}

async function renew(clock) {
  const body = new URLSearchParams({ epoch: clock.dataset.epoch });
  const headers = JSON.parse(document.body.getAttribute("hx-headers"));
  const response = await fetch(clock.dataset.renew, { method: "POST", body, headers }).catch(() => null);
  if (!response || !clock.isConnected) return;
  if (response.status === 409) showLost((await response.json()).message);
  else if (response.ok && !response.redirected) clock.dataset.endsAt = performance.now() + (await response.json()).seconds_left * 1000;
}

// Others may take soon what nobody looks at any more; whoever comes back in time keeps it.
function leave() {
  const clock = bench()?.querySelector("[data-clock]:not([hidden])");
  if (!clock) return;
  const body = new URLSearchParams({ epoch: clock.dataset.epoch });
  const headers = JSON.parse(document.body.getAttribute("hx-headers"));
  fetch(clock.dataset.leave, { method: "POST", body, headers, keepalive: true }).catch(() => null);
}

function startClock() {
  clearInterval(clockTimer);
  const clock = bench().querySelector("[data-clock]");
  if (!clock) return;
  clock.dataset.endsAt = performance.now() + clock.dataset.secondsLeft * 1000;
  let renewedAt = performance.now();
  usedAt = 0;
  if (clock.dataset.secondsLeft < LOW_SECONDS) renew(clock); // the page was left and is here again
  const tick = () => {
    const left = Math.max(0, Math.round((clock.dataset.endsAt - performance.now()) / 1000));
    clock.querySelector("[data-clock-words]").textContent = `Yours for ${minutesAndSeconds(left)}`;
    clock.classList.toggle("bench-clock-low", left < LOW_SECONDS);
    if (left === 0) showLost("Your time to decide ran out. What you wrote is kept; take it again.");
    else if (usedAt > renewedAt && performance.now() - renewedAt > Math.min(RENEW_EVERY_MS, clock.dataset.secondsLeft * 250)) {
      renewedAt = performance.now();
      renew(clock);
    }
  };
  tick();
  clockTimer = setInterval(tick, 1000);
}

function startUndo() {
  clearInterval(undoTimer);
  const strip = bench().querySelector("[data-undo]");
  if (!strip) return;
  const endsAt = performance.now() + strip.dataset.secondsLeft * 1000;
  undoTimer = setInterval(() => {
    const left = Math.ceil((endsAt - performance.now()) / 1000);
    if (left <= 0) {
      clearInterval(undoTimer);
      strip.remove();
    } else {
      strip.querySelector("[data-undo-left]").textContent = left;
    }
  }, 250);
}

// The main button is the one that does what stands there now.
function showWhatChanged() {
  const approve = form()?.querySelector("[data-approve]");
  const correct = form()?.querySelector("[data-correct]");
  if (!approve || !correct) return;
  const changed = edits().some(isChanged);
  approve.disabled = changed;
  correct.disabled = !changed;
  approve.classList.toggle("button-main", !changed);
  correct.classList.toggle("button-main", changed);
}

function previewSoon() {
  clearTimeout(typing);
  typing = setTimeout(() => {
    if (!form() || !document.getElementById("preview")) return;
    const url = form().action.replace(/decide$/, "preview");
    window.htmx.ajax("POST", url, { source: "#preview", target: "#preview", swap: "outerHTML", values: Object.fromEntries(new FormData(form())) });
  }, PREVIEW_MS);
}

function typedKeys(event) {
  if (!form()?.contains(event.target)) return;
  if (event.key === "Escape") {
    const panel = event.target.closest("details[open]");
    if (panel) {
      panel.open = false;
      panel.querySelector("summary").focus({ preventScroll: true });
    } else if (sheet()) {
      sheet().hidePopover();
      form().querySelector(".bench-more-button").focus({ preventScroll: true });
    } else {
      event.target.blur();
    }
    event.preventDefault();
  }
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    const panel = event.target.closest(".bench-panel");
    const button = panel ? panel.querySelector("button") : form().querySelector("[data-actions] .button-main:not(:disabled)");
    button?.click();
  }
}

// The number beside "Reviews" in the navigation stands outside of what is swapped.
function showMyCount() {
  const link = document.querySelector('.nav a[aria-current="page"]');
  const count = Number(document.getElementById("bench-queue").dataset.myCount);
  const shown = link?.querySelector(".count");
  if (!count) shown?.remove();
  else if (shown) [...shown.childNodes].find((node) => node.nodeType === Node.TEXT_NODE).data = String(count);
  else link?.insertAdjacentHTML("beforeend", `<span class="count"><span class="sr">, </span>${count}<span class="sr"> for me</span></span>`);
}

// A key that is held down, or pressed twice, must not decide the next review unread.
function refuseRepeats(event) {
  const decides = document.querySelector(`[data-actions] [data-key="${CSS.escape(event.key)}"]`);
  if (event.target.closest("input, textarea, select")) lastKey = "";
  else if (decides && (event.repeat || (event.key === lastKey && performance.now() - shownAt < SAME_KEY_MS))) event.preventDefault();
  else lastKey = event.key;
}

// Fetches the list anew some time after something changed, unless somebody moves about in it.
function refreshList() {
  clearTimeout(refreshing);
  refreshing = setTimeout(() => {
    const list = document.getElementById("bench-queue");
    if (!list || list.contains(document.activeElement)) return;
    window.htmx.ajax("GET", list.dataset.url, { source: list, target: list, swap: "outerHTML" });
  }, REFRESH_MS);
}

// A key or script that would approve goes to the first point of the checklist that is not ticked; a click is answered
// by the desk.
function tickFirst(event) {
  if (event.isTrusted || !event.target.matches?.("[data-needs-checks]")) return;
  const left = form()?.querySelector("[data-checks] input:not(:checked)");
  if (!left) return;
  event.preventDefault();
  left.focus();
  toast({ text: "Tick each point of the checklist before you approve." });
}

// Opens the sheet in which a panel stands, unless all of it stands on the bar anyway, and closes it beside other panels.
function showSheetOf(panel) {
  const mine = panel?.closest("[popover]");
  if (mine && !panel.checkVisibility()) mine.showPopover();
  else if (!mine) sheet()?.hidePopover();
}

function startReview({ focus }) {
  shownAt = performance.now();
  const decided = bench().dataset.decided;
  if (decided) forget(decided);
  showMyCount();
  startClock();
  startUndo();
  if (form()) {
    showWhatChanged();
    offerKept(form(), () => {
      showWhatChanged();
      previewSoon();
    });
    if (edits().some(isChanged)) keep(form());
  }
  showSheetOf(document.querySelector(".bench-more .bench-panel[open]"));
  if (focus) document.getElementById("question")?.focus({ preventScroll: true });
}

document.addEventListener("input", (event) => {
  usedAt = performance.now();
  if (!form()?.contains(event.target)) return;
  keep(form());
  if (event.target.matches("[data-edit]")) {
    showWhatChanged();
    previewSoon();
  }
});
for (const kind of ["keydown", "pointerdown"]) document.addEventListener(kind, () => (usedAt = performance.now()));
document.addEventListener("keydown", refuseRepeats, true);
document.addEventListener("keydown", typedKeys);
for (const kind of ["desk:changes", "desk:reload"]) document.addEventListener(kind, refreshList);
setInterval(() => document.hidden || refreshList(), LOOK_EVERY_MS);
document.addEventListener("click", tickFirst, true);
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-edit-first]")) {
    sheet()?.hidePopover();
    edits()[0]?.focus();
  }
  const summary = event.target.closest(".bench-panel > summary");
  if (!summary) return;
  // Opened here and now, not after the click: what is typed next belongs into the panel and is no key.
  event.preventDefault();
  const panel = summary.parentElement;
  panel.open = !panel.open;
  if (!panel.open) return;
  showSheetOf(panel);
  (panel.querySelector(".bench-panel-body :is(textarea, select)") ?? panel.querySelector(".bench-panel-body input"))?.focus({ preventScroll: true });
});
// The old panels stand beside the new ones for a moment; of one name only one may be open, and it is the new one.
document.addEventListener("htmx:beforeSwap", ({ target, detail }) => {
  if (target.id !== "workbench") return;
  if (detail.requestConfig?.verb === "get") leave();
  for (const panel of document.querySelectorAll(".bench-panel[open]")) panel.removeAttribute("name");
});
document.addEventListener("htmx:afterSettle", ({ target }) => {
  if (target.id === "workbench") startReview({ focus: !document.activeElement.closest(".bench-narrow") });
  else if (target.id === "bench-queue") {
    showMyCount();
    const lost = document.getElementById("bench-queue").dataset.claimLost;
    if (lost && bench().querySelector("[data-clock]:not([hidden])")) showLost(lost);
  }
});
window.addEventListener("pagehide", leave);
onKey("Escape", "Leave a text or panel", () => false);
startReview({ focus: false });

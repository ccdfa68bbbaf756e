// Keyboard shortcuts. An element says its own: data-key="a" or "g b", data-key-label what it does; pressing it clicks
// links and buttons and focuses fields. Scripts add theirs with onKey. Nothing happens while somebody types.
import { preference } from "./preferences.js";

const handlers = new Map();
let started = "";
let startedAt = 0;
const SEQUENCE_MS = 1500;

// Calls `handler` when `key` is pressed; `label` is shown in the list of keys. The handler returns false to decline.
export function onKey(key, label, handler) {
  handlers.set(key, { label, handler });
}

function isTyping(element) {
  return element.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable], [data-keys-rest]") !== null;
}

// The element is shown and not covered by an open dialog.
function canBeUsed(element) {
  const dialog = document.querySelector("dialog:modal");
  return element.checkVisibility({ visibilityProperty: true }) && (!dialog || dialog.contains(element)) && !element.disabled;
}

// Returns what can be pressed now, or once the part of the page that hides it is opened: what has a key, and the actions
// of the page and of its menus.
export function pressable() {
  return [...document.querySelectorAll("[data-key], .page-actions :is(a, button), .menu-list :is(a, button)")].filter(
    (element) => !element.disabled && !element.closest("dialog") && (element.checkVisibility() || element.closest("details:not([open])")),
  );
}

// By itself, focus would scroll a bar that sticks to the edge of the page to where it belongs without sticking.
function focusInPlace(element) {
  element.focus({ preventScroll: true });
  const { top, bottom } = element.getBoundingClientRect();
  if (top < 0 || bottom > window.innerHeight) element.scrollIntoView({ block: "nearest" });
}

function press(key) {
  const { handler } = handlers.get(key) ?? {};
  if (handler && !document.querySelector("dialog:modal") && handler() !== false) return true;
  const all = [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)];
  const isHidden = (one) => one.closest("details:not([open]), [popover]") && !one.disabled && !document.querySelector("dialog:modal");
  const element = all.find(canBeUsed) ?? all.find(isHidden);
  if (!element) return false;
  if (element.matches("input:not([type=checkbox], [type=radio]), textarea, select")) {
    focusInPlace(element);
    element.select?.();
  } else {
    // What a menu holds is then the next that Tab and the arrows come to.
    if (element.matches("summary")) focusInPlace(element);
    element.click();
  }
  return true;
}

function pressed(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (preference("keys", "on") !== "on" || isTyping(event.target)) return;
  if (event.key.length > 1 && !handlers.has(event.key)) return;
  const sequence = Date.now() - startedAt < SEQUENCE_MS && started ? `${started} ${event.key}` : event.key;
  started = "";
  if (press(sequence) || (sequence !== event.key && press(event.key))) {
    event.preventDefault();
  } else if (document.querySelector(`[data-key^="${CSS.escape(event.key)} "]`)) {
    started = event.key;
    startedAt = Date.now();
  }
}

function fillList() {
  const list = document.querySelector("[data-keys-list]");
  document.querySelector("[data-keys-off]").hidden = preference("keys", "on") === "on";
  const lines = new Map([...handlers].map(([key, { label }]) => [key, label]));
  for (const element of document.querySelectorAll("[data-key]")) {
    const label = element.dataset.keyLabel ?? element.textContent.trim();
    if (!lines.has(element.dataset.key)) lines.set(element.dataset.key, label);
  }
  list.replaceChildren();
  for (const [key, label] of lines) {
    const term = document.createElement("dt");
    for (const part of key.split(" ")) {
      const cap = document.createElement("kbd");
      cap.textContent = part;
      term.append(cap, " ");
    }
    const meaning = document.createElement("dd");
    meaning.textContent = label;
    const line = document.createElement("div");
    line.append(term, meaning);
    list.append(line);
  }
}

// Moves focus along [data-keys-item] inside the [data-keys-rows] that holds it, or the first one of the page.
function step(by) {
  const rows = document.activeElement.closest("[data-keys-rows]") ?? document.querySelector("[data-keys-rows]");
  if (!rows) return false;
  const items = [...rows.querySelectorAll("[data-keys-item]")];
  const here = items.findIndex((item) => item.contains(document.activeElement));
  const next = items[here < 0 ? 0 : Math.min(items.length - 1, Math.max(0, here + by))];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
  return true;
}

export function startKeys() {
  document.addEventListener("keydown", pressed);
  document.getElementById("keys")?.addEventListener("beforetoggle", fillList);
  if (document.querySelector("[data-keys-rows]")) {
    onKey("j", "Next", () => step(1));
    onKey("k", "Previous", () => step(-1));
  }
}

// The command palette: Ctrl or Cmd and K. What this page can do comes from its [data-key] elements, requests and pages
// from the desk. Arrows choose, enter goes there or does it.
import { pressable } from "./keys.js";

const TYPING_MS = 120;
const MOST_HERE = 12;
let typing = 0;
let asked = null;

const dialog = document.getElementById("palette");
const words = document.getElementById("palette-words");
const list = document.getElementById("palette-list");
const actions = new Map(); // the list's entries that do something here

function chosen() {
  return list.querySelector("[aria-selected=true]");
}

function choose(entry) {
  chosen()?.setAttribute("aria-selected", "false");
  if (entry) entry.setAttribute("aria-selected", "true");
  entry?.scrollIntoView({ block: "nearest" });
  if (entry) words.setAttribute("aria-activedescendant", entry.id);
  else words.removeAttribute("aria-activedescendant");
}

// What can be done here by label: a function, or an element to press. A page offers more than stands on it by answering
// "desk:palette" with detail.offer(label, run).
function doable(wanted) {
  const found = new Map();
  const fits = (label) => wanted.every((word) => label.toLowerCase().includes(word));
  const offer = (label, run) => fits(label) && found.set(label, run);
  document.dispatchEvent(new CustomEvent("desk:palette", { detail: { offer } }));
  for (const element of pressable()) {
    if (element.closest("#selection")) continue;
    const label = element.dataset.keyLabel ?? element.textContent.trim().replace(/\s+/g, " ");
    if (!label || element.dataset.key?.startsWith("g ") || found.has(label)) continue;
    if (fits(label)) found.set(label, element);
  }
  return [...found].slice(0, MOST_HERE);
}

function entryOf(label, what) {
  const entry = document.createElement("li");
  entry.setAttribute("role", "option");
  for (const [text, look] of [[label, "truncate"], [what, "muted small nowrap"]]) {
    const part = document.createElement("span");
    part.className = look;
    part.textContent = text;
    entry.append(part, " ");
  }
  return entry;
}

function show(entries) {
  entries.forEach((entry, number) => {
    entry.id = `palette-${number}`;
    entry.setAttribute("aria-selected", "false");
  });
  list.replaceChildren(...entries);
  document.getElementById("palette-nothing").hidden = entries.length > 0;
  document.getElementById("palette-count").textContent = `${entries.length} found`;
  choose(entries[0]);
}

async function find() {
  asked?.abort();
  asked = new AbortController();
  const typed = words.value.trim();
  const wanted = typed.toLowerCase().split(/\s+/).filter(Boolean);
  actions.clear();
  const here = doable(wanted).map(([label, element]) => {
    const entry = entryOf(label, "On this page");
    actions.set(entry, element);
    return entry;
  });
  let found = [];
  try {
    const response = await fetch(`${dialog.dataset.url}?${new URLSearchParams({ q: typed })}`, { signal: asked.signal });
    if (response.ok && !response.redirected) {
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      found = [...page.querySelectorAll("[role=option]")];
    }
  } catch (error) {
    if (error.name === "AbortError") return;
  }
  const doing = new Set(here.map((entry) => entry.firstElementChild.textContent));
  const others = found.filter((entry) => !doing.has(entry.firstElementChild.textContent));
  show(/\d/.test(typed) ? [...others, ...here] : [...here, ...others]);
}

function go(entry) {
  if (!entry) return;
  dialog.close();
  const action = actions.get(entry);
  if (typeof action === "function") action();
  else if (!action) window.location.assign(entry.dataset.url);
  else if (action.matches("input:not([type=checkbox], [type=radio]), textarea, select")) action.focus();
  else action.click();
}

function pressed(event) {
  if (event.key === "Enter") {
    event.preventDefault();
    go(chosen());
  }
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!by || !list.children.length) return;
  event.preventDefault();
  const all = [...list.children];
  choose(all[(all.indexOf(chosen()) + by + all.length) % all.length]);
}

export function startPalette() {
  if (!dialog) return;
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    if (document.querySelector("dialog:modal:not(#palette)")) return;
    event.preventDefault();
    if (dialog.open) {
      dialog.close();
      return;
    }
    words.value = "";
    list.replaceChildren();
    dialog.showModal();
    find();
  });
  words.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(find, TYPING_MS);
  });
  words.addEventListener("keydown", pressed);
  list.addEventListener("click", (event) => go(event.target.closest("[role=option]")));
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
}

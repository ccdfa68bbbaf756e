// The selection on the board: by code, so that a card keeps it when it is drawn anew or leaves what its column shows.
// Event on document when it changes: "desk:selection" {codes}.
import { cardOf, cardsBetween, cardsIn } from "./board_columns.js";
import { cardFrom } from "./board_place.js";
import { onKey } from "./keys.js";

export const MOST = 200; // as routing/actions/moving_many.py
const board = document.getElementById("board");
const bar = document.getElementById("selection");
const selected = new Map(); // code -> {version, state} as last seen
let anchor = ""; // where a range begins
let before = new Map(); // what was selected besides the range

const seenOn = (card) => ({ version: Number(card.dataset.version), state: card.dataset.state });

export const isSelected = (code) => selected.has(code);
export const codesSelected = () => [...selected.keys()];
export const statesSelected = () => new Set([...selected.values()].map(({ state }) => state));

// Returns {code, version, state} for each of these codes that is selected or shown.
export function itemsOf(codes) {
  return codes.flatMap((code) => {
    const card = cardOf(code);
    const seen = card ? seenOn(card) : selected.get(code);
    return seen ? [{ code, ...seen }] : [];
  });
}

// Cards come without a box, which would be a twentieth of the board's page.
function boxOf(card) {
  const kept = card.querySelector(".card-pick");
  if (kept) return kept;
  const box = document.createElement("input");
  Object.assign(box, { type: "checkbox", className: "card-pick", tabIndex: -1, ariaLabel: `Select ${card.dataset.code}` });
  card.querySelector(".card-top").prepend(box);
  return box;
}

function mark(card) {
  const is = selected.has(card.dataset.code);
  if (is) selected.set(card.dataset.code, seenOn(card));
  card.classList.toggle("card-selected", is);
  boxOf(card).checked = is;
}

function changed() {
  for (const card of board.querySelectorAll(".card")) mark(card);
  const number = selected.size;
  board.classList.toggle("board-selecting", number > 0);
  bar.hidden = number === 0;
  if (number > 0) {
    bar.querySelector("[data-selection-words]").textContent = `${number} selected${number === MOST ? ", the most at once" : ""}`;
    const states = statesSelected();
    for (const button of bar.querySelectorAll("[data-states]")) {
      button.hidden = !button.dataset.states.split(" ").some((state) => states.has(state));
    }
  }
  document.dispatchEvent(new CustomEvent("desk:selection", { detail: { codes: codesSelected() } }));
}

function add(card) {
  if (selected.size < MOST) selected.set(card.dataset.code, seenOn(card));
}

function beginAt(code) {
  anchor = code;
  before = new Map(selected);
}

export function toggle(card) {
  if (!card) return false;
  if (!selected.delete(card.dataset.code)) add(card);
  beginAt(card.dataset.code);
  changed();
  return true;
}

export function clearSelection() {
  if (selected.size === 0) return false;
  selected.clear();
  beginAt("");
  changed();
  return true;
}

export function select(codes) {
  const items = itemsOf(codes);
  selected.clear();
  for (const { code, version, state } of items) selected.set(code, { version, state });
  beginAt(codes.at(-1) ?? "");
  changed();
}

// Selects from where the range began to this card, in the column of both, besides what was selected before.
function rangeTo(card) {
  const { code } = card.dataset;
  if (!cardsBetween(anchor, code).length) beginAt(code);
  selected.clear();
  for (const [one, seen] of before) selected.set(one, seen);
  for (const one of cardsBetween(anchor, code)) add(one);
  changed();
}

function selectColumn(column) {
  if (!column) return false;
  const cards = cardsIn(column);
  if (cards.length && cards.every((card) => selected.has(card.dataset.code))) for (const card of cards) selected.delete(card.dataset.code);
  else for (const card of cards) add(card);
  beginAt("");
  changed();
  return true;
}

function clicked(event) {
  const all = event.target.closest("[data-select-column]");
  if (all) selectColumn(all.closest(".column"));
  const card = event.target.closest(".card");
  const box = event.target.closest(".card-pick");
  if (!card || !(box || event.ctrlKey || event.metaKey || event.shiftKey)) return;
  if (event.shiftKey && anchor) rangeTo(card);
  else toggle(card);
  if (box) return;
  event.preventDefault();
  event.stopPropagation();
}

// Keeps what is selected as the feed tells of it; what the person sees no more is selected no more.
function followed(event) {
  let gone = false;
  for (const change of event.detail.cards) {
    if (!selected.has(change.code)) continue;
    if (change.remove) gone = selected.delete(change.code);
    else if (!change.quiet) selected.set(change.code, seenOn(cardFrom(change.html)));
  }
  if (gone || selected.size) changed();
}

// current: returns the card that keys act on; step: goes to the next (1) or previous (-1) card.
export function startSelection({ current, step }) {
  function extend(by) {
    const card = current();
    if (!card) return false;
    if (!anchor || !selected.has(anchor)) {
      beginAt(card.dataset.code);
      rangeTo(card);
    }
    step(by).then(() => rangeTo(current()));
    return true;
  }
  board.addEventListener("click", clicked, true);
  document.addEventListener("desk:changes", followed);
  document.addEventListener("desk:cards", (event) => event.detail.cards.forEach(mark));
  document.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by && event.shiftKey && event.target.closest(".card") && extend(by)) event.preventDefault();
    if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog:modal, details.menu[open]")) return;
    if (clearSelection()) event.preventDefault();
  });
  bar.addEventListener("click", (event) => event.target.closest("[data-clear-selection]") && clearSelection());
  onKey("x", "Select the card, or not", () => toggle(current()));
  onKey("X", "Select all shown in the column", () => selectColumn(current()?.closest(".column")));
  onKey("J", "Select to the next card", () => extend(1));
  onKey("K", "Select to the previous card", () => extend(-1));
  changed();
}

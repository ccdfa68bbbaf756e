// What the board is asked for, and where a card belongs on the board: does it fit, in which column, before which card.

const number = (text, otherwise = Infinity) => (text === "" || text === undefined ? otherwise : Number(text));
const idOf = (card) => Number(card.dataset.code.slice(2));
export const FINAL = new Set(["done", "stopped"]);
export const NARROWING = ["type", "owner", "priority", "tag", "due", "trigger", "q"];

// What the address asks of the board, as it stands there. What that means only the server says: "data-query" of #columns.
export function asked() {
  const names = new Set(["show", "order", ...NARROWING]);
  return new URLSearchParams([...new URLSearchParams(location.search)].filter(([name]) => names.has(name)));
}

// The filters of the columns that are shown.
export const filtersOf = (columns) => new URLSearchParams(columns.dataset.query);

// The sort keys of each order, smallest first; the server's columns are in the same order (board/paging.py). Moments are
// in microseconds, as the database has them.
const ORDERS = {
  due: (card) => [number(card.dataset.by), idOf(card)],
  age: (card) => [number(card.dataset.since), idOf(card)],
  priority: (card) => [-number(card.dataset.priority), number(card.dataset.by), idOf(card)],
};
const NEWEST = (card) => [-number(card.dataset.changed), -idOf(card)];

// What a card is sorted by in its column. What needs this viewer comes first; finished columns show the newest first.
export function sortKeys(card, order, mine) {
  const sorted = FINAL.has(card.dataset.state) ? NEWEST : (ORDERS[order] ?? ORDERS.due);
  return [needs(card, mine) ? 0 : 1, ...sorted(card)];
}

// Compares what two cards of one column are sorted by; negative when the left one comes first.
export function compareKeys(left, right) {
  const at = left.findIndex((key, index) => key !== right[index]);
  return at < 0 ? 0 : left[at] < right[at] ? -1 : 1;
}

// Whether somebody who answers to these refs (a Set of "person:3", "queue:support") must act on the card.
export function needs(card, mine) {
  return card.dataset.needs.split(" ").some((ref) => mine.has(ref));
}

// Whether the card fits the filters, but for its words: what those find only the server knows. `bounds`
// holds between which due times ("first" and "before", in microseconds, or empty) the filter asks for.
export function fits(card, filters, mine, bounds) {
  const { dataset } = card;
  if (filters.get("show") === "mine" && !needs(card, mine)) return false;
  if (filters.get("tag") && !(dataset.tags ?? "").split("\n").includes(filters.get("tag"))) return false;
  if (filters.get("due") && (FINAL.has(dataset.state) || !isDue(dataset.by, filters.get("due"), bounds))) return false;
  return ["type", "owner", "priority", "trigger"].every((name) => !filters.get(name) || filters.get(name) === dataset[name]);
}

function isDue(by, due, { first, before }) {
  if (due === "none" || by === "") return (due === "none") === (by === "");
  return number(first, -Infinity) <= Number(by) && Number(by) < number(before);
}

// Turns a frame's HTML into a card. A template's content runs nothing and loads nothing.
export function cardFrom(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  return holder.content.querySelector("li.card");
}

// Where a card belongs on the board: does it fit the filters, in which column, before which card.

const number = (text, otherwise = Infinity) => (text === "" || text === undefined ? otherwise : Number(text));
const idOf = (card) => Number(card.dataset.code.slice(2));
export const FINAL = new Set(["done", "stopped"]);

// The sort keys of each order, smallest first; the server's columns are in the same order (board/paging.py). Moments are
// in microseconds, as the database has them.
const ORDERS = {
  due: (card) => [number(card.dataset.by), idOf(card)],
  age: (card) => [number(card.dataset.since), idOf(card)],
  priority: (card) => [-number(card.dataset.priority), number(card.dataset.by), idOf(card)],
};
const NEWEST = (card) => [-number(card.dataset.changed), -idOf(card)];

// Compares two cards of one column; negative when `a` comes first. What needs this viewer comes first; finished columns
// show the newest first.
function compareCards(a, b, order, mine) {
  const sorted = FINAL.has(a.dataset.state) ? NEWEST : (ORDERS[order] ?? ORDERS.due);
  const keys = (card) => [needs(card, mine) ? 0 : 1, ...sorted(card)];
  const left = keys(a);
  const right = keys(b);
  const at = left.findIndex((key, index) => key !== right[index]);
  return at < 0 ? 0 : left[at] - right[at];
}

// Whether somebody who answers to these refs (a Set of "person:3", "queue:support") must act on the card.
export function needs(card, mine) {
  return card.dataset.needs.split(" ").some((ref) => mine.has(ref));
}

// Whether the card fits the filters of the address, but for its words: what those find only the server knows.
export function fits(card, filters, mine) {
  const same = (name) => !filters.get(name) || filters.get(name) === card.dataset[name];
  if (filters.get("show") === "mine" && !needs(card, mine)) return false;
  return same("type") && same("owner") && same("priority");
}

// Turns a frame's HTML into a card. A template's content runs nothing and loads nothing.
export function cardFrom(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  return holder.content.querySelector("li.card");
}

// Puts the card where it belongs in the column. Returns false when that is beyond what the column shows.
export function insertCard(column, card, order, mine) {
  const list = column.querySelector(".cards");
  const next = [...list.children].find((other) => compareCards(card, other, order, mine) < 0);
  if (!next && column.dataset.more === "yes") return false;
  list.insertBefore(card, next ?? null);
  return true;
}

// Remembers what each scrolled column shows at its top; the returned function puts it there again.
export function holdScroll(root) {
  const held = [];
  for (const body of root.querySelectorAll(".column-body")) {
    if (body.scrollTop === 0) continue;
    const edge = body.getBoundingClientRect().top;
    const card = [...body.querySelectorAll(".card")].find((one) => one.getBoundingClientRect().bottom > edge);
    if (card) held.push([body, card.id, card.getBoundingClientRect().top]);
  }
  return () => {
    for (const [body, id, top] of held) {
      const card = document.getElementById(id);
      if (card && body.contains(card)) body.scrollTop += card.getBoundingClientRect().top - top;
    }
  };
}

// What is done by hand on the board, by button, key and palette: to the selection, else to the card that keys act on.
// A card moves at once, faded until the desk has said yes; where it says no, the card goes back.
import { cardOf, cardsIn, revealCard } from "./board_columns.js";
import { askMove, openCode, urlFor } from "./board_drawer.js";
import { clearSelection, codesSelected, itemsOf, select } from "./board_select.js";
import { onKey } from "./keys.js";
import { act } from "./moves.js";

const WITH_PEOPLE = new Set(["waiting", "in_review"]); // as board/cards.py: elsewhere nobody is needed
const SETTLED_MS = 3000; // for the feed to bring the card as it is
const board = document.getElementById("board");
const bar = document.getElementById("selection");
const faded = new Map(); // code -> the change that puts the card back

// The column that a goal leads to, as far as that is known before the desk says so.
function columnOf(to) {
  const [kind, name] = to.split(":");
  if (kind === "state") return name;
  return { spam: "stopped", duplicate: "stopped", destination: "working", queue: "in_review", person: "in_review", me: "in_review" }[kind];
}

function show(changes) {
  if (changes.length) document.dispatchEvent(new CustomEvent("desk:changes", { detail: { cards: changes } }));
}

// The focus stays where the work is: it goes to the next card when its own leaves the column.
function keepPlace(codes, to) {
  const card = document.activeElement.closest?.(".card");
  if (!card || !codes.has(card.dataset.code) || columnOf(to) === card.dataset.state) return;
  const stays = (one) => !codes.has(one.dataset.code);
  const cards = cardsIn(card.closest(".column"));
  const at = cards.indexOf(card);
  const next = cards.slice(at).find(stays) ?? cards.slice(0, at).findLast(stays);
  if (next) revealCard(next.dataset.code).querySelector(".card-title").focus({ preventScroll: true });
}

// A card drawn by the page itself counts as half a version newer, so that whatever the feed brings replaces it.
function fade({ detail: { to, items } }) {
  keepPlace(new Set(items.map(({ code }) => code)), to);
  const changes = [];
  for (const { code } of items) {
    const card = cardOf(code);
    if (!card) continue;
    const version = Number(card.dataset.version);
    const now = card.cloneNode(true);
    now.querySelector(".card-move")?.remove();
    now.classList.remove("card-moved", "card-selected");
    faded.set(code, { code, version: version + 0.75, html: now.outerHTML, quiet: true });
    now.classList.add("card-pending");
    now.setAttribute("aria-busy", "true");
    const held = card.dataset.owner.startsWith("person:") && card.dataset.state === "waiting";
    if (!(held && to.startsWith("person:"))) now.dataset.state = columnOf(to) ?? card.dataset.state;
    if (!WITH_PEOPLE.has(now.dataset.state)) now.dataset.needs = "";
    changes.push({ code, version: version + 0.5, html: now.outerHTML, quiet: true });
  }
  show(changes);
}

function settle({ detail: { results } }) {
  show(results.filter((one) => !one.moved && faded.has(one.code)).map((one) => faded.get(one.code)));
  for (const { code } of results) faded.delete(code);
  setTimeout(() => {
    for (const { code } of results) if (!faded.has(code)) unfade(cardOf(code));
  }, SETTLED_MS);
  const refused = results.filter((one) => !one.moved).map((one) => one.code);
  if (codesSelected().length && results.length > 1) select(refused);
  else if (results.some((one) => one.moved)) clearSelection();
}

function unfade(card) {
  card?.classList.remove("card-pending");
  card?.removeAttribute("aria-busy");
}

// current: returns the card that keys act on.
export function startActs({ current }) {
  const buttons = [...bar.querySelectorAll("[data-act]")];
  const chosenOr = (code) => itemsOf(codesSelected().length ? codesSelected() : [code].filter(Boolean));
  // A key does nothing to a card that is neither looked at nor open.
  const pointedAt = () => chosenOr(document.activeElement.closest?.(".card")?.dataset.code ?? openCode());

  function run(button, items = pointedAt()) {
    const states = button.dataset.states.split(" ");
    // What this cannot be done to at all is left alone, unless that is all there is: then the desk says why.
    const fitting = items.filter(({ state }) => states.includes(state));
    const chosen = fitting.length ? fitting : items;
    if (!chosen.length) return false;
    bar.querySelector("details")?.removeAttribute("open");
    if (button.dataset.to) act(button.dataset.to, chosen);
    else askMove(chosen.map(({ code }) => code), button.dataset.only);
    return true;
  }

  for (const button of buttons) {
    button.addEventListener("click", () => run(button));
    // Of two with one goal, such as Decide again and Reopen, each has its key.
    onKey(button.dataset.act, button.dataset.label, () => run(button));
  }
  // What a requester is asked is answered on a page of its own, for one at a time.
  const isAsked = (card) => card?.dataset.owner === "requester:" && card.dataset.state === "waiting";
  const answerFor = (card) => isAsked(card) && location.assign(`${urlFor(board.dataset.itemUrl, card.dataset.code)}answer/`);
  onKey("p", "Answer for the requester", () => answerFor(current()));
  document.addEventListener("desk:moving", fade);
  document.addEventListener("desk:moved", settle);
  document.addEventListener("desk:palette", (event) => {
    const card = current();
    if (isAsked(card)) event.detail.offer(`Answer for the requester: ${card.dataset.code}`, () => answerFor(card));
    const items = chosenOr(card?.dataset.code);
    const what = items.length === 1 ? items[0].code : `${items.length} requests`;
    for (const button of buttons) {
      const states = button.dataset.states.split(" ");
      if (items.some(({ state }) => states.includes(state))) event.detail.offer(`${button.dataset.label.replace("…", "")}: ${what}`, () => run(button, items));
    }
  });
}

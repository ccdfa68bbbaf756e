// The board: filters in the address, keys, and what a click on a card does. The columns and the drawer have their modules.
import { startActs } from "./board_acts.js";
import { cardOf, fetchColumns, showMore, startColumns } from "./board_columns.js";
import { startDrag } from "./board_drag.js";
import { closeDrawer, markOpen, openCode, openItem, showDrawer, startDrawer } from "./board_drawer.js";
import { startSelection } from "./board_select.js";
import { onKey } from "./keys.js";
import { toast } from "./toasts.js";

const TYPING_MS = 300;
const board = document.getElementById("board");
const form = document.getElementById("filters");
const FILTERS = ["type", "owner", "priority", "q"];
let typing = 0;
let last = ""; // the card that had the focus most recently
let shownQuery = filterQuery();

function filterQuery() {
  const query = new URLSearchParams(location.search);
  query.delete("item");
  return query.toString();
}

// Fetches what the address asks for and makes the toolbar say the same.
async function showFilters() {
  const query = new URLSearchParams(location.search);
  shownQuery = filterQuery();
  const filtered = FILTERS.some((name) => query.get(name));
  const show = query.get("show") || form.elements.show.value;
  form.elements.show.value = show;
  for (const name of [...FILTERS, "order"]) {
    const field = form.elements[name];
    if (field !== document.activeElement) field.value = query.get(name) ?? (name === "order" ? "due" : "");
  }
  for (const link of form.querySelectorAll("[data-show-link]")) {
    if (link.dataset.showLink === show) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  document.getElementById("clear-filters").hidden = !filtered;
  sayViews();
  try {
    await fetchColumns();
    board.dataset.show = show;
    board.dataset.filtered = filtered ? "yes" : "no";
  } catch (error) {
    if (error.name !== "AbortError") toast({ text: "The board could not be fetched; what you see is from before.", tone: "error" });
  }
}

// The menu of views keeps what is shown now, and marks the view that is.
function sayViews() {
  const shown = new URLSearchParams(shownQuery);
  if (shown.get("show") === "all") shown.delete("show");
  document.getElementById("keep-view").search = `?${new URLSearchParams({ query: shown })}`;
  for (const link of document.querySelectorAll("[data-view-link]")) {
    if (link.search.slice(1) === String(shown)) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

// Writes the form's filters into the address and shows them. step: a new entry in the history.
function applyFilters(step) {
  const query = new URLSearchParams(new FormData(form));
  for (const [name, value] of [...query]) if (!value || (name === "order" && value === "due")) query.delete(name);
  if (openCode()) query.set("item", openCode());
  const address = `${location.pathname}?${query}`;
  if (step) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
  showFilters();
}

function startFilters() {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    applyFilters(true);
  });
  form.addEventListener("change", (event) => event.target.matches("select") && applyFilters(true));
  form.elements.q.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => applyFilters(false), TYPING_MS);
  });
  board.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    const link = event.target.closest("[data-show-link]");
    if (link) form.elements.show.value = link.dataset.showLink;
    const clear = event.target.closest("#clear-filters, [data-nothing=filters] a, [data-nothing=mine] a");
    if (clear) {
      for (const name of FILTERS) form.elements[name].value = "";
      form.elements.show.value = new URLSearchParams(clear.search).get("show");
    }
    if (link || clear) {
      event.preventDefault();
      applyFilters(true);
    }
  });
}

// The card that keys act on: the one with the focus, else the open one, else the one last used.
function current() {
  return document.activeElement.closest?.(".card") ?? cardOf(openCode()) ?? cardOf(last);
}

function goTo(card) {
  const link = card?.querySelector(".card-title");
  if (!link) return;
  link.focus({ preventScroll: true });
  link.closest(".card").scrollIntoView({ block: "nearest", inline: "nearest" });
  if (openCode()) openItem(card.dataset.code, { replace: true });
}

function stepCard(by) {
  const card = current();
  if (!card) return goTo(board.querySelector(".card"));
  return goTo(by > 0 ? card.nextElementSibling : card.previousElementSibling);
}

// Goes to the next column that has cards, at about the same height.
function stepColumn(by) {
  const card = current();
  if (!card) return goTo(board.querySelector(".card"));
  const height = [...card.parentElement.children].indexOf(card);
  const property = by > 0 ? "nextElementSibling" : "previousElementSibling";
  let column = card.closest(".column")[property];
  while (column && !column.querySelector(".card")) column = column[property];
  const cards = column ? [...column.querySelectorAll(".card")] : [];
  return goTo(cards[Math.min(height, cards.length - 1)]);
}

function startKeys() {
  onKey("j", "Next card", () => stepCard(1));
  onKey("k", "Previous card", () => stepCard(-1));
  onKey("l", "Next column", () => stepColumn(1));
  onKey("h", "Previous column", () => stepColumn(-1));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented && !document.querySelector("dialog:modal") && closeDrawer()) event.preventDefault();
  });
  board.addEventListener("focusin", (event) => {
    last = event.target.closest(".card")?.dataset.code ?? last;
  });
}

// One "Move to…" button serves all cards: it stands in the one that is pointed at.
function startMoveButton() {
  if (!board.dataset.moveUrl) return;
  const button = document.getElementById("card-move").content.firstElementChild.cloneNode(true);
  board.addEventListener("pointerover", (event) => {
    const card = event.target.closest(".card");
    if (event.pointerType !== "mouse" || card === button.parentElement) return;
    button.remove();
    if (!card) return;
    button.dataset.move = card.dataset.code;
    button.setAttribute("aria-label", `Move ${card.dataset.code} to…`);
    card.append(button);
  });
}

function startCards() {
  startMoveButton();
  board.addEventListener("click", (event) => {
    const more = event.target.closest(".column-more");
    const link = event.target.closest(".card-title");
    if (event.metaKey || event.ctrlKey || event.shiftKey || !(more || link)) return;
    event.preventDefault();
    if (more) showMore(more);
    // A click that the keyboard made has no detail: the focus then follows into the drawer.
    else openItem(link.closest(".card").dataset.code, { focus: event.detail === 0 });
  });
}

startColumns();
startFilters();
startCards();
startSelection({ current, step: stepCard });
startActs({ current });
startDrag();
startKeys();
startDrawer();
document.addEventListener("desk:columns", markOpen);
window.addEventListener("popstate", () => {
  if (filterQuery() !== shownQuery) showFilters();
  showDrawer();
});

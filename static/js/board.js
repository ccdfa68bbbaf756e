// The board: keys, and what a click on a card does. The columns, the filters, the selection and the drawer have their modules.
import { startActs } from "./board_acts.js";
import { attachCard, cardOf, neighbourOf, pressMore, revealCard, startColumns } from "./board_columns.js";
import { startDrag } from "./board_drag.js";
import { closeDrawer, openCode, openItem, showDrawer, startDrawer } from "./board_drawer.js";
import { startFilters } from "./board_filters.js";
import { startSelection } from "./board_select.js";
import { onKey } from "./keys.js";

const board = document.getElementById("board");
let last = ""; // the card that had the focus most recently

// The card that keys act on: the one with the focus, else the open one, else the one last used.
function current() {
  return document.activeElement.closest?.(".card") ?? cardOf(openCode()) ?? cardOf(last);
}

function goTo(code) {
  const card = code && revealCard(code);
  if (!card) return;
  card.querySelector(".card-title").focus({ preventScroll: true });
  if (openCode()) openItem(code, { replace: true });
}

function goToFirst() {
  goTo(board.querySelector(".card")?.dataset.code);
}

async function stepCard(by) {
  const card = current();
  if (!card) return goToFirst();
  return goTo(await neighbourOf(card.dataset.code, by));
}

// Goes to the next column that has cards, at about the same height of the screen.
function stepColumn(by) {
  const card = current();
  if (!card) return goToFirst();
  attachCard(card.dataset.code);
  const height = card.getBoundingClientRect().top;
  const property = by > 0 ? "nextElementSibling" : "previousElementSibling";
  let column = card.closest(".column")[property];
  while (column && !column.querySelector(".card")) column = column[property];
  const away = (one) => Math.abs(one.getBoundingClientRect().top - height);
  const [nearest] = [...(column?.querySelectorAll(".card") ?? [])].sort((one, other) => away(one) - away(other));
  return goTo(nearest?.dataset.code);
}

function startKeys() {
  onKey("j", "Next card", () => stepCard(1));
  onKey("k", "Previous card", () => stepCard(-1));
  onKey("l", "Next column", () => stepColumn(1));
  onKey("h", "Previous column", () => stepColumn(-1));
  // The browser and the listeners do these; here they are named.
  onKey("Enter", "Open the card", () => false);
  onKey("Escape", "Close the request, select nothing", () => false);
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
    if (more) pressMore(more);
    // A click that the keyboard made has no detail: the focus then follows into the drawer.
    else openItem(link.closest(".card").dataset.code, { focus: event.detail === 0 });
  });
}

startColumns();
startFilters();
startCards();
startKeys();
startSelection({ current, step: stepCard });
startActs({ current });
startDrag();
startDrawer();
window.addEventListener("popstate", () => showDrawer());

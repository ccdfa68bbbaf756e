// Dragging cards, and with one that is selected all that are, to another column, by mouse; each column says what dropping
// does, or why it takes nothing. Touch scrolls, and has the menus.
import { askMove } from "./board_drawer.js";
import { codesSelected, isSelected, itemsOf } from "./board_select.js";
import { act } from "./moves.js";

const board = document.getElementById("board");
const drops = new Map([...document.querySelectorAll("#drops [data-column]")].map((line) => [line.dataset.column, line]));
let dragged = []; // {code, version, state}

const columnAt = (event) => event.target.closest?.(".column");

function taken(column) {
  const states = drops.get(column.dataset.column)?.dataset.states.split(" ") ?? [];
  return dragged.filter(({ state }) => states.includes(state));
}

function sayColumns() {
  for (const column of board.querySelectorAll(".column")) {
    const line = drops.get(column.dataset.column);
    if (!line || dragged.every(({ state }) => state === column.dataset.column)) continue;
    const takes = taken(column).length > 0;
    const words = document.createElement("p");
    words.className = "drop-words";
    words.textContent = takes ? line.dataset.does : line.textContent;
    column.dataset.drop = takes ? "yes" : "no";
    column.append(words);
  }
}

function stop() {
  dragged = [];
  for (const words of board.querySelectorAll(".drop-words")) words.remove();
  for (const column of board.querySelectorAll("[data-drop]")) delete column.dataset.drop;
  for (const column of board.querySelectorAll(".drop-here")) column.classList.remove("drop-here");
}

function picture(number) {
  const label = document.createElement("div");
  label.className = "drag-picture";
  label.textContent = `${number} requests`;
  document.body.append(label);
  setTimeout(() => label.remove());
  return label;
}

function started(event) {
  const card = event.target.closest?.(".card");
  if (!card) return;
  dragged = itemsOf(isSelected(card.dataset.code) ? codesSelected() : [card.dataset.code]);
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.map(({ code }) => code).join(" "));
  if (dragged.length > 1) event.dataTransfer.setDragImage(picture(dragged.length), 0, 0);
  else event.dataTransfer.setDragImage(card, 16, 16);
  // Browsers end a drag whose page changes while it starts.
  setTimeout(sayColumns);
}

function over(event) {
  const column = columnAt(event);
  if (!dragged.length || !column) return;
  for (const other of board.querySelectorAll(".drop-here")) if (other !== column) other.classList.remove("drop-here");
  if (column.dataset.drop !== "yes") return;
  event.preventDefault();
  event.dataTransfer.dropEffect = "move";
  column.classList.add("drop-here");
}

function dropped(event) {
  const column = columnAt(event);
  if (!dragged.length || column?.dataset.drop !== "yes") return;
  event.preventDefault();
  const { goal } = drops.get(column.dataset.column).dataset;
  const items = taken(column);
  stop();
  if (goal) act(goal, items);
  else askMove(items.map(({ code }) => code), column.dataset.column);
}

export function startDrag() {
  if (!drops.size) return;
  // Only by mouse: on touch a finger on a card scrolls.
  board.addEventListener("pointerdown", (event) => {
    const card = event.target.closest(".card");
    if (card) card.draggable = event.pointerType === "mouse" && !event.target.closest("button, input");
  });
  board.addEventListener("dragstart", started);
  board.addEventListener("dragover", over);
  board.addEventListener("drop", dropped);
  document.addEventListener("dragend", stop);
  // A card that was drawn anew meanwhile tells of no end; while something is dragged, no pointer moves.
  document.addEventListener("pointermove", () => dragged.length && board.querySelector(".drop-words") && stop());
}

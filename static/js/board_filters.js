// The toolbar: what the board shows is chosen here, stands in the address, and is dropped one by one.
import { fetchColumns } from "./board_columns.js";
import { openCode } from "./board_drawer.js";
import { NARROWING, asked, filtersOf } from "./board_place.js";
import { toast } from "./toasts.js";

const TYPING_MS = 300;
const board = document.getElementById("board");
const form = document.getElementById("filters");
let typing = 0;
let fetched = String(asked());

// Fetches what the address asks for and makes the toolbar say what came.
async function showFilters() {
  fetched = String(asked());
  try {
    await fetchColumns();
    sayFilters();
  } catch (error) {
    if (error.name !== "AbortError") toast({ text: "The board could not be fetched; what you see is from before.", tone: "error" });
  }
}

function sayFilters() {
  const columns = document.getElementById("columns");
  const query = filtersOf(columns);
  form.elements.show.value = query.get("show");
  for (const name of [...NARROWING, "order"]) {
    const field = form.elements[name];
    if (field !== document.activeElement) field.value = query.get(name) ?? (name === "order" ? "due" : "");
  }
  for (const link of form.querySelectorAll("[data-show-link]")) {
    if (link.dataset.showLink === query.get("show")) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  board.dataset.show = query.get("show");
  board.dataset.filtered = NARROWING.some((name) => query.get(name)) ? "yes" : "no";
  sayViews(columns.dataset.query);
}

// The menu of views keeps what is shown now, and marks the view that is.
function sayViews(shown) {
  document.getElementById("keep-view").search = `?${new URLSearchParams({ query: shown })}`;
  for (const link of document.querySelectorAll("[data-view-link]")) {
    if (link.search.slice(1) === shown) link.setAttribute("aria-current", "true");
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

function clicked(event) {
  if (event.metaKey || event.ctrlKey || event.shiftKey) return;
  const link = event.target.closest("[data-show-link]");
  const drop = event.target.closest("[data-drop]");
  const clear = event.target.closest("#clear-filters, [data-nothing=filters] a");
  const all = event.target.closest("[data-nothing=mine] a");
  if (!link && !drop && !clear && !all) return;
  event.preventDefault();
  if (link) form.elements.show.value = link.dataset.showLink;
  if (drop) form.elements[drop.dataset.drop].value = "";
  if (clear || all) for (const name of NARROWING) form.elements[name].value = "";
  if (all) form.elements.show.value = "all";
  applyFilters(true);
}

export function startFilters() {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    applyFilters(true);
  });
  form.addEventListener("change", (event) => event.target.matches("select") && applyFilters(true));
  form.elements.q.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => applyFilters(false), TYPING_MS);
  });
  board.addEventListener("click", clicked);
  window.addEventListener("popstate", () => String(asked()) !== fetched && showFilters());
}

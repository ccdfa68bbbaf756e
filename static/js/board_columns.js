// The columns as they change: cards from the feed, the next ones of a column, and fetching all anew.
import { announce, bump, countSoon, writeJump, writeNeeds, writeOldest } from "./board_counts.js";
import { CardList } from "./board_list.js";
import { FINAL, NARROWING, asked, cardFrom, filtersOf, fits, needs, sortKeys } from "./board_place.js";
import { updateTimes } from "./times.js";

const HIGHLIGHT_MS = 2400;
const HIDDEN_FLUSH_MS = 1000;
const SEARCH_MS = 1500;
const PATIENCE_MS = 20_000;
const MOST_PAGES = 20; // of one column, fetched again for a reader who scrolled
const AGE_CHECK_MS = 10_000;

const mine = new Set((document.body.dataset.mine ?? "").split(" ").filter(Boolean));
const versions = new Map(); // the newest version heard of, also of items that are not shown
const mailbox = new Map();
const loading = new Map(); // columns whose next cards are being fetched, and until when
let lists = new Map(); // state -> CardList
let flushing = 0;
let fetching = null;
let owed = null; // called with the position that the next fetched columns are true for
let searching = 0;
let goodUntil = Infinity;

const columns = () => document.getElementById("columns");
let filters = filtersOf(columns());
const keysOf = (card) => sortKeys(card, filters.get("order") || "due", mine);

const listOf = (code) => [...lists.values()].find((list) => list.indexOf(code) >= 0) ?? null;
const find = (code) => {
  const list = listOf(code);
  return list && { list, ...list.cards[list.indexOf(code)] };
};

// --- cards by their code, also those that are not in the page now ---

export const cardOf = (code) => find(code)?.element ?? null;

export const attachCard = (code) => listOf(code)?.attach(code) ?? null;

// All cards that are loaded of a column's element, in order.
export const cardsIn = (column) => lists.get(column.dataset.column)?.cards.map((card) => card.element) ?? [];

// The loaded cards from one to the other, in the column of both; none when they are not in one column.
export function cardsBetween(one, other) {
  const list = listOf(one);
  const ends = [one, other].map((code) => list?.indexOf(code) ?? -1).sort((a, b) => a - b);
  return ends[0] < 0 ? [] : list.cards.slice(ends[0], ends[1] + 1).map((card) => card.element);
}

export const revealCard = (code) => listOf(code)?.reveal(code) ?? null;

// The code of the card before or after this one in its column; fetches more when the loaded ones end. Empty: none.
export async function neighbourOf(code, by) {
  const list = listOf(code);
  const at = list?.indexOf(code) + by;
  if (list && at >= list.cards.length && list.more) await showMore(list);
  return list?.cards[at]?.code ?? "";
}

// Says that cards come into the page, so that they look as the reader has them: "desk:cards" {cards}.
function attached(cards) {
  const open = new URLSearchParams(location.search).get("item");
  for (const card of cards) {
    card.classList.toggle("card-mine", needs(card, mine));
    const title = card.querySelector(".card-title");
    if (card.dataset.code === open) title.setAttribute("aria-current", "true");
    else title.removeAttribute("aria-current");
    updateTimes(card);
  }
  document.dispatchEvent(new CustomEvent("desk:cards", { detail: { cards } }));
}

function attachedNow() {
  attached([...lists.values()].flatMap((list) => list.cards.map((card) => card.element)).filter((element) => element.isConnected));
}

// --- changes ---

// Remembers which card has the focus; the returned function gives it to the same card, or to a neighbour of one that left.
function holdFocus() {
  const { code } = document.activeElement?.closest?.(".card")?.dataset ?? {};
  if (!code) return () => {};
  const list = listOf(code);
  const codes = list?.cards.map((card) => card.code) ?? [];
  const at = codes.indexOf(code);
  const stateOf = (one) => listOf(one)?.column.dataset.column;
  const state = stateOf(code);
  const heirs = [code, ...codes.slice(at + 1), ...codes.slice(0, Math.max(at, 0)).reverse()];
  return () => {
    if (document.activeElement?.closest?.(".card")) return;
    const heir = heirs.find((one) => (one === code ? listOf(one) : stateOf(one) === state));
    // Not into a field: the keys go on doing what they do.
    const place = heir ? attachCard(heir).querySelector(".card-title") : columns();
    place.focus({ preventScroll: true });
  };
}

function highlight(card) {
  card.classList.add("card-moved");
  setTimeout(() => card.classList.remove("card-moved"), HIGHLIGHT_MS);
}

function applyChange(change) {
  if ((versions.get(change.code) ?? -1) > change.version) return;
  const old = find(change.code);
  if (old && !change.remove && old.version >= change.version) return;
  versions.set(change.code, change.version);
  const fresh = change.remove ? null : cardFrom(change.html);
  old?.list.remove(change.code);
  if (old) bump(old.list.column, -1);
  const list = fresh && fits(fresh, filters, mine, columns().dataset) ? lists.get(fresh.dataset.state) : null;
  if (!list) return;
  const isLoaded = list.insert(fresh);
  if (old || !list.more) bump(list.column, 1);
  if (old?.list === list) return;
  if (isLoaded) highlight(fresh);
  const name = list.column.querySelector("h2").textContent.trim();
  const owner = fresh.querySelector(".fact-owner .fact-name").textContent;
  if (!change.quiet) announce(`${change.code} ${old ? "moved to" : "is now in"} ${name}, next owner ${owner}.`);
}

// While words are looked for, only the server knows whether a request that is not shown fits: it is asked soon.
function isDrawable(change) {
  if (!filters.get("q") || listOf(change.code)) return true;
  if (!change.remove) searching ||= setTimeout(searchAgain, SEARCH_MS * (1 + Math.random()));
  return false;
}

async function searchAgain() {
  searching = 0;
  if (!filters.get("q") || fetching) return;
  await fetchColumns({ keepPlace: true }).catch(() => {}); // asked again with the next change
}

function flush() {
  flushing = 0;
  if (fetching || loading.size > 0 || mailbox.size === 0) return;
  const changes = [...mailbox.values()].filter(isDrawable);
  mailbox.clear();
  const giveFocus = holdFocus();
  for (const list of lists.values()) list.hold();
  for (const change of changes) applyChange(change);
  for (const list of lists.values()) list.render();
  giveFocus();
  let isPartial = false;
  for (const [state, list] of lists) {
    if (list.more) isPartial = true;
    else if (!FINAL.has(state)) writeOldest(list.column, list.cards.map((card) => card.since).sort()[0]);
  }
  updateTimes(columns());
  if (filters.get("show") === "mine" && !isPartial && !NARROWING.some((name) => filters.get(name))) {
    writeNeeds([...lists.values()].reduce((sum, list) => sum + list.cards.length, 0));
  } else countSoon(() => filters);
}

// Takes changes in; of several to one item only the newest is drawn. Drawn with the next frame.
function take(cards) {
  for (const change of cards) {
    const waiting = mailbox.get(change.code);
    if (!waiting || waiting.version <= change.version) mailbox.set(change.code, change);
  }
  if (flushing) return;
  flushing = document.hidden ? setTimeout(flush, HIDDEN_FLUSH_MS) : requestAnimationFrame(flush);
}

// --- fetching ---

async function fetchHtml(query, signal) {
  const headers = { "HX-Request": "true", "HX-Target": "columns" };
  const response = await fetch(`${location.pathname}?${query}`, { headers, signal });
  // Signed out meanwhile: the sign-in page follows by itself.
  const elsewhere = response.headers.get("HX-Redirect");
  if (elsewhere || response.redirected) {
    location.assign(elsewhere ?? location.href);
    throw new DOMException("signed out", "AbortError");
  }
  if (!response.ok) throw new Error(`the board answered ${response.status}`);
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

// Makes lists of the columns that are in the page or have just been fetched.
function listsOf(root) {
  const options = { keysOf, onAttach: attached, onNearEnd: showMore };
  return new Map([...root.children].map((column) => [column.dataset.column, new CardList(column, options)]));
}

// Adds the cards of a fetched page to a list, and its link to the next ones. What is older than what was heard of since
// it was read is left out: its change is known.
function addPage(list, page, among) {
  const cards = [...page.querySelectorAll(".card")].filter((card) => {
    const { code, version } = card.dataset;
    const known = [...among.values()].find((one) => one.indexOf(code) >= 0);
    if ((versions.get(code) ?? -1) > Number(version)) return false;
    if (known && known.cards[known.indexOf(code)].version >= Number(version)) return false;
    known?.remove(code);
    return true;
  });
  list.append(cards, page.querySelector(".column-more"));
}

// Fetches the columns for the address' filters and puts them in place of the present ones. Changes that arrive meanwhile
// are drawn afterwards. Rejects when superseded. keepPlace: the filters are the same, and the reader stays where they are.
export async function fetchColumns({ keepPlace = false } = {}) {
  fetching?.abort();
  const mySignal = new AbortController();
  fetching = mySignal;
  try {
    const page = await fetchHtml(asked(), mySignal.signal);
    const fresh = document.adoptNode(page.getElementById("columns"));
    filters = filtersOf(fresh);
    const next = listsOf(fresh);
    fillLists(next);
    if (keepPlace) await reachFurther(next, mySignal.signal);
    const left = columns().scrollLeft;
    const giveFocus = holdFocus();
    const old = lists;
    for (const list of old.values()) list.hold();
    columns().replaceWith(fresh);
    lists = next;
    for (const [state, list] of lists) {
      if (keepPlace && old.has(state)) list.standFor(old.get(state));
      else list.render();
    }
    attachedNow();
    fresh.scrollLeft = left;
    giveFocus();
    showNarrowing(page);
    afterFetch(fresh);
    owed?.(fresh.dataset.feedPosition);
    owed = null;
  } finally {
    if (fetching === mySignal) {
      fetching = null;
      take([]);
    }
  }
}

function fillLists(next) {
  for (const list of next.values()) {
    const cards = [...list.list.children];
    list.append(cards, list.more);
  }
}

// Fetches as much of the columns that the reader scrolled as was there before.
async function reachFurther(next, signal) {
  for (const [state, list] of next) {
    const old = lists.get(state);
    for (let pages = 0; pages < MOST_PAGES && old?.wasScrolled && list.more && list.cards.length < old.cards.length; pages += 1) {
      const page = await fetchHtml(list.more.search.slice(1), signal);
      addPage(list, page, next);
    }
  }
}

function showNarrowing(page) {
  const old = document.getElementById("narrowing");
  const hadFocus = old.contains(document.activeElement);
  const fresh = document.adoptNode(page.getElementById("narrowing"));
  old.replaceWith(fresh);
  if (hadFocus) (fresh.querySelector("a") ?? document.querySelector("#facets summary")).focus({ preventScroll: true });
}

function afterFetch(fresh) {
  const { needsCount, goodFor } = fresh.dataset;
  goodUntil = Date.now() + Number(goodFor) * 1000;
  if (needsCount) writeNeeds(needsCount);
  for (const column of fresh.children) writeJump(column);
  updateTimes(fresh);
}

// Adds the next cards of a column below those it has. Changes wait until they are there: one may be about them.
function showMore(list) {
  if (list.more && !loading.has(list)) loading.set(list, fetchMore(list));
  return loading.get(list);
}

async function fetchMore(list) {
  list.more.setAttribute("aria-disabled", "true");
  try {
    const page = await fetchHtml(list.more.search.slice(1), AbortSignal.timeout(PATIENCE_MS));
    if (lists.get(list.column.dataset.column) !== list) return;
    addPage(list, page, lists);
    list.hold();
    list.render();
  } catch {
    list.wasScrolled = false; // tried again when the reader scrolls on, or presses the button
  } finally {
    list.more?.removeAttribute("aria-disabled");
    loading.delete(list);
    take([]);
  }
}

// The button's way: the first of the new cards takes the focus.
export async function pressMore(link) {
  const list = lists.get(link.closest(".column").dataset.column);
  const before = list.cards.length;
  await showMore(list);
  const code = list.cards[before]?.code;
  if (code) revealCard(code).querySelector(".card-title").focus({ preventScroll: true });
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// The feed could not say what changed: fetch everything, trying until it works or the feed says so again.
async function reloadColumns(done) {
  owed = done;
  for (let tries = 0; owed === done; tries += 1) {
    await fetchColumns({ keepPlace: true }).catch(() => pause(Math.min(30_000, 1000 * 2 ** tries) * (0.5 + Math.random() / 2)));
  }
}

// What finished today and what is due change with the clock alone.
function checkAge() {
  if (document.hidden || fetching || Date.now() < goodUntil) return;
  goodUntil = Date.now() + AGE_CHECK_MS;
  fetchColumns({ keepPlace: true }).catch(() => {});
}

export function startColumns() {
  goodUntil = Date.now() + Number(columns().dataset.goodFor) * 1000;
  lists = listsOf(columns());
  fillLists(lists);
  for (const list of lists.values()) list.render();
  attachedNow();
  document.addEventListener("desk:changes", (event) => take(event.detail.cards));
  document.addEventListener("desk:reload", (event) => {
    event.preventDefault();
    reloadColumns(event.detail.done);
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && mailbox.size > 0) take([]);
    checkAge();
  });
  setInterval(checkAge, AGE_CHECK_MS);
  window.addEventListener("resize", () => lists.forEach((list) => list.render()));
}

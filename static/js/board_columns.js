// The columns as they change: cards from the feed, counts, announcements, and fetching them anew.
import { FINAL, cardFrom, fits, holdScroll, insertCard, needs } from "./board_place.js";
import { preference } from "./preferences.js";
import { updateTimes } from "./times.js";

const HIGHLIGHT_MS = 2400;
const ANNOUNCE_MS = 1200;
const COUNTS_MS = 4000;
const COUNTS_SOONEST_MS = 200;
const HIDDEN_FLUSH_MS = 1000;
const SEARCH_MS = 1500;
const MANY = 3;
const NARROWING = ["type", "owner", "priority", "q"];

const mine = new Set((document.body.dataset.mine ?? "").split(" ").filter(Boolean));
const versions = new Map(); // the newest version heard of, also of items that are not shown
const mailbox = new Map();
let filters = new URLSearchParams(location.search);
let flushing = 0;
let fetching = null;
let announcements = [];
let announcing = 0;
let counting = 0;
let countedAt = 0;
let searching = 0;

const columns = () => document.getElementById("columns");
const columnOf = (state) => columns().querySelector(`[data-column="${CSS.escape(state)}"]`);
const order = () => filters.get("order") || "due";

export const cardOf = (code) => document.getElementById(`card-${code}`);

function markMine() {
  for (const card of columns().querySelectorAll(".card")) card.classList.toggle("card-mine", needs(card, mine));
}

// --- counts ---

function writeCount(column, count, label) {
  const holder = column.querySelector(".column-count");
  holder.dataset.count = count ?? "";
  holder.querySelector(".count-words").textContent = label;
  const jump = document.querySelector(`[data-jump-count="${CSS.escape(column.dataset.column)}"]`);
  if (jump) jump.textContent = label;
}

function bump(column, by) {
  const now = column.querySelector(".column-count").dataset.count;
  if (now !== "" && by) writeCount(column, Number(now) + by, String(Number(now) + by));
}

function writeOldest(column, moment) {
  const holder = column.querySelector(".column-oldest");
  if (!moment) {
    holder.replaceChildren();
    return;
  }
  const time = document.createElement("time");
  time.dateTime = moment;
  time.dataset.ago = "short";
  const word = document.createElement("span");
  word.className = "sr";
  word.textContent = "oldest ";
  holder.replaceChildren(word, time);
}

function oldestShown(column) {
  const moments = [...column.querySelectorAll(".card .fact-owner time")].map((time) => time.dateTime);
  return moments.length ? moments.sort()[0] : "";
}

// Where columns show only their first cards, the server knows the counts: asked at most every few seconds.
function countSoon() {
  if (counting || document.hidden) return;
  const due = countedAt + COUNTS_MS - Date.now();
  counting = setTimeout(count, Math.max(due, COUNTS_SOONEST_MS) * (1 + Math.random()));
}

async function count() {
  counting = 0;
  countedAt = Date.now();
  const query = new URLSearchParams(filters);
  query.set("part", "counts");
  const response = await fetch(`${location.pathname}?${query}`, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (!response?.ok || !response.headers.get("Content-Type")?.includes("json")) return;
  const answer = await response.json();
  for (const [state, { count: exact, label, oldest_at: oldest }] of Object.entries(answer.columns)) {
    const column = columnOf(state);
    if (!column) continue;
    writeCount(column, exact, label);
    writeOldest(column, oldest);
  }
  if (answer.needs !== undefined) writeNeeds(answer.needs);
  updateTimes(columns());
}

function writeNeeds(number) {
  document.getElementById("needs-count").textContent = number;
}

// --- announcements ---

function announce(words) {
  if (preference("announce", "on") !== "on") return;
  announcements.push(words);
  announcing ||= setTimeout(() => {
    const text = announcements.length > MANY ? `${announcements.length} requests moved.` : announcements.join(" ");
    document.getElementById("announcer").textContent = text;
    announcements = [];
    announcing = 0;
  }, ANNOUNCE_MS);
}

// --- changes ---

// Remembers whether a card had the focus; the returned function gives it to the new one, or to a neighbour when the
// card has left.
function holdFocus(card) {
  if (!card?.contains(document.activeElement)) return () => {};
  const neighbour = card.nextElementSibling ?? card.previousElementSibling;
  return (fresh) => {
    const heir = fresh?.isConnected ? fresh.querySelector(".card-title") : neighbour?.querySelector(".card-title");
    (heir ?? document.getElementById("filter-q")).focus({ preventScroll: true });
  };
}

function highlight(card) {
  card.classList.add("card-moved");
  setTimeout(() => card.classList.remove("card-moved"), HIGHLIGHT_MS);
}

function applyChange(change, open) {
  if ((versions.get(change.code) ?? -1) > change.version) return;
  const old = cardOf(change.code);
  if (old && !change.remove && Number(old.dataset.version) >= change.version) return;
  versions.set(change.code, change.version);
  const oldColumn = old?.closest(".column");
  const giveFocus = holdFocus(old);
  const fresh = change.remove ? null : cardFrom(change.html);
  old?.remove();
  if (oldColumn) bump(oldColumn, -1);
  const column = fresh && fits(fresh, filters, mine) ? columnOf(fresh.dataset.state) : null;
  if (column) {
    fresh.classList.toggle("card-mine", needs(fresh, mine));
    if (fresh.dataset.code === open) fresh.querySelector(".card-title").setAttribute("aria-current", "true");
    const shown = insertCard(column, fresh, order(), mine);
    if (old || column.dataset.more === "no") bump(column, 1);
    if (oldColumn !== column) {
      if (shown) highlight(fresh);
      const name = column.querySelector("h2").textContent.trim();
      const owner = fresh.querySelector(".fact-owner .fact-name").textContent;
      if (!change.quiet) announce(`${change.code} ${old ? "moved to" : "is now in"} ${name}, next owner ${owner}.`);
    }
  }
  giveFocus(fresh);
}

// While words are looked for, only the server knows whether a request that is not shown fits: it is asked soon.
function isDrawable(change) {
  if (!filters.get("q") || cardOf(change.code)) return true;
  if (!change.remove) searching ||= setTimeout(searchAgain, SEARCH_MS * (1 + Math.random()));
  return false;
}

async function searchAgain() {
  searching = 0;
  if (!filters.get("q") || fetching) return;
  await fetchColumns().catch(() => {}); // asked again with the next change
}

function flush() {
  flushing = 0;
  if (fetching || mailbox.size === 0) return;
  const changes = [...mailbox.values()].filter(isDrawable);
  mailbox.clear();
  const keepScroll = holdScroll(columns());
  const open = new URLSearchParams(location.search).get("item");
  for (const change of changes) applyChange(change, open);
  const partial = columns().querySelector('[data-more="yes"]') !== null;
  for (const column of columns().children) {
    if (column.dataset.more === "no" && !FINAL.has(column.dataset.column)) writeOldest(column, oldestShown(column));
  }
  updateTimes(columns());
  keepScroll();
  const isAllOfMine = filters.get("show") === "mine" && !partial && !NARROWING.some((name) => filters.get(name));
  if (isAllOfMine) writeNeeds(columns().querySelectorAll(".card").length);
  else countSoon();
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
  const elsewhere = response.headers.get("HX-Redirect");
  if (elsewhere || response.redirected) {
    location.assign(elsewhere ?? location.href);
    throw new DOMException("signed out", "AbortError");
  }
  if (!response.ok) throw new Error(`the board answered ${response.status}`);
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

// Fetches the columns for the address' filters and puts them in place of the present ones; scroll and focus stay.
// Returns the position they are true for. Changes that arrive meanwhile are drawn afterwards. Rejects when superseded.
export async function fetchColumns() {
  fetching?.abort();
  const mySignal = new AbortController();
  fetching = mySignal;
  filters = new URLSearchParams(location.search);
  const query = new URLSearchParams(filters);
  query.delete("item");
  try {
    const fresh = (await fetchHtml(query, mySignal.signal)).getElementById("columns");
    const scrolls = [...columns().querySelectorAll(".column-body")].map((body) => body.scrollTop);
    const left = columns().scrollLeft;
    const focused = document.activeElement.closest?.(".card")?.id;
    columns().replaceWith(document.adoptNode(fresh));
    fresh.querySelectorAll(".column-body").forEach((body, index) => (body.scrollTop = scrolls[index] ?? 0));
    fresh.scrollLeft = left;
    if (focused) document.getElementById(focused)?.querySelector(".card-title").focus({ preventScroll: true });
    if (fresh.dataset.needsCount) writeNeeds(fresh.dataset.needsCount);
    for (const column of fresh.children) {
      const holder = column.querySelector(".column-count");
      writeCount(column, holder.dataset.count, holder.querySelector(".count-words").textContent);
    }
    markMine();
    watchEnds();
    document.dispatchEvent(new CustomEvent("desk:columns"));
    updateTimes(fresh);
    return fresh.dataset.feedPosition;
  } finally {
    if (fetching === mySignal) {
      fetching = null;
      take([]);
    }
  }
}

// Adds the next cards of a column below those it shows. focus: whether the first of them takes the focus.
export async function showMore(link, { focus = true } = {}) {
  if (link.getAttribute("aria-disabled") === "true") return;
  const column = link.closest(".column");
  link.setAttribute("aria-disabled", "true");
  const page = await fetchHtml(link.search.slice(1)).catch(() => null);
  const next = page?.querySelector(".column");
  if (!next) {
    link.removeAttribute("aria-disabled");
    return;
  }
  const list = column.querySelector(".cards");
  const before = list.children.length;
  for (const card of [...next.querySelectorAll(".card")]) if (!cardOf(card.dataset.code)) list.append(document.adoptNode(card));
  column.dataset.more = next.dataset.more;
  const more = next.querySelector(".column-more");
  if (more) link.replaceWith(document.adoptNode(more));
  else link.remove();
  if (focus) (list.children[before] ?? list.lastElementChild)?.querySelector(".card-title").focus();
  else watchEnd(more);
  markMine();
  updateTimes(column);
}

// Shows more of a column when its reader comes near the end of what it shows.
const nearEnd = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      nearEnd.unobserve(target);
      showMore(target, { focus: false });
    }
  },
  { rootMargin: "400px 0px" },
);

function watchEnds() {
  nearEnd.disconnect();
  for (const body of columns().querySelectorAll(".column-body")) {
    body.addEventListener("scroll", () => watchEnd(body.querySelector(".column-more")), { passive: true, once: true });
  }
}

// Nothing is fetched until the column was scrolled.
function watchEnd(link) {
  if (link) nearEnd.observe(link);
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// The feed could not say what changed: fetch everything, trying until it works or a newer fetch takes over.
async function reloadColumns(done) {
  for (let tries = 0; ; tries += 1) {
    try {
      done(await fetchColumns());
      return;
    } catch (error) {
      if (error.name === "AbortError") return;
      await pause(Math.min(30_000, 1000 * 2 ** tries) * (0.5 + Math.random() / 2));
    }
  }
}

export function startColumns() {
  markMine();
  watchEnds();
  document.addEventListener("desk:changes", (event) => take(event.detail.cards));
  document.addEventListener("desk:reload", (event) => {
    event.preventDefault();
    reloadColumns(event.detail.done);
  });
  document.addEventListener("visibilitychange", () => document.hidden || (mailbox.size > 0 && take([])));
}

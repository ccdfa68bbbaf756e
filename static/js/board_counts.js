// What stands at the columns' heads and in the toolbar: how many, since when; asked of the server where it alone knows.
// And what is announced.
import { preference } from "./preferences.js";
import { updateTimes } from "./times.js";

const ANNOUNCE_MS = 1200;
const MANY = 3;
const COUNTS_MS = 4000;
const COUNTS_SOONEST_MS = 200;

let announcements = [];
let announcing = 0;
let counting = 0;
let countedAt = 0;

// count: empty or null when it is only known to be many.
export function writeCount(column, count, label) {
  const holder = column.querySelector(".column-count");
  const { limit } = holder.dataset;
  holder.dataset.count = count ?? "";
  holder.querySelector(".count-words").textContent = limit ? `${label} of ${limit}` : label;
  const over = column.querySelector(".column-over");
  if (over) over.hidden = holder.dataset.count !== "" && Number(count) <= Number(limit);
  writeJump(column);
}

// Says the same count where a narrow screen jumps to the column.
export function writeJump(column) {
  const label = column.querySelector(".count-words").textContent;
  const jump = document.querySelector(`[data-jump-count="${CSS.escape(column.dataset.column)}"]`);
  if (jump) jump.textContent = label;
}

export function bump(column, by) {
  const now = column.querySelector(".column-count").dataset.count;
  if (now !== "" && by) writeCount(column, Number(now) + by, String(Number(now) + by));
}

export function writeOldest(column, moment) {
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

export function writeNeeds(number) {
  document.getElementById("needs-count").textContent = number;
}

// Where columns show only their first cards, the server knows the counts: asked at most every few seconds.
export function countSoon(filters) {
  if (counting || document.hidden) return;
  const due = countedAt + COUNTS_MS - Date.now();
  counting = setTimeout(() => count(filters()), Math.max(due, COUNTS_SOONEST_MS) * (1 + Math.random()));
}

async function count(filters) {
  counting = 0;
  // What is being moved now would be counted where it was.
  if (document.querySelector(".card-pending")) {
    countSoon(() => filters);
    return;
  }
  countedAt = Date.now();
  const query = new URLSearchParams(filters);
  query.set("part", "counts");
  const response = await fetch(`${location.pathname}?${query}`, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (!response?.ok || !response.headers.get("Content-Type")?.includes("json")) return;
  const answer = await response.json();
  for (const [state, { count: exact, label, oldest_at: oldest }] of Object.entries(answer.columns)) {
    const column = document.querySelector(`[data-column="${CSS.escape(state)}"]`);
    if (!column) continue;
    writeCount(column, exact, label);
    writeOldest(column, oldest);
  }
  writeNeeds(answer.needs);
  updateTimes(document.getElementById("columns"));
}

// Says a move politely to screen readers: some at once, many as a number, none when that is turned off.
export function announce(words) {
  if (preference("announce", "on") !== "on") return;
  announcements.push(words);
  announcing ||= setTimeout(() => {
    const text = announcements.length > MANY ? `${announcements.length} requests moved.` : announcements.join(" ");
    document.getElementById("announcer").textContent = text;
    announcements = [];
    announcing = 0;
  }, ANNOUNCE_MS);
}

// Relative times and due rings, kept up to date. Exact times are in the tooltip.

const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const clockTime = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const SCALE = [
  ["d", "day", 86400],
  ["h", "hour", 3600],
  ["min", "minute", 60],
];

export const timeOfDay = (date) => clockTime.format(date);

// A length of time in its largest unit: "3 h" when short, else "3 hours"; under a minute "now" and "less than a minute".
export function span(seconds, short = false) {
  for (const [unit, word, size] of SCALE) {
    const count = Math.floor(seconds / size);
    if (count >= 1) return short ? `${count} ${unit}` : `${count} ${word}${count === 1 ? "" : "s"}`;
  }
  return short ? "now" : "less than a minute";
}

function words(seconds, form) {
  if (form === "short") return span(Math.abs(seconds), true);
  if (form === "since") return `for ${span(Math.max(0, seconds))}`;
  if (Math.abs(seconds) < 45) return "just now";
  return seconds >= 0 ? `${span(seconds)} ago` : `in ${span(-seconds)}`;
}

function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const SVG = "http://www.w3.org/2000/svg";

function circle(attributes) {
  const element = document.createElementNS(SVG, "circle");
  for (const [name, value] of Object.entries({ cx: 8, cy: 8, r: 6, ...attributes })) element.setAttribute(name, value);
  return element;
}

// Turns "due 3 Nov, 14:02" into a ring and words that can change.
function drawRing(element) {
  const ring = document.createElementNS(SVG, "svg");
  ring.setAttribute("class", "ring");
  ring.setAttribute("viewBox", "0 0 16 16");
  ring.setAttribute("aria-hidden", "true");
  ring.append(circle({}), circle({ pathLength: 100 }));
  const label = document.createElement("span");
  label.className = "due-words";
  element.replaceChildren(ring, label);
}

function updateRing(element, now) {
  if (!element.firstElementChild) drawRing(element);
  const due = element.dataset.due * 1000;
  const from = element.dataset.from * 1000;
  const left = (due - now) / 1000;
  const gone = due > from ? Math.min(1, Math.max(0, (now - from) / (due - from))) : 1;
  element.querySelector("circle + circle").setAttribute("stroke-dasharray", `${Math.round(gone * 100)} 100`);
  element.classList.toggle("due-over", left <= 0);
  element.classList.toggle("due-soon", left > 0 && (left < 3600 || gone > 0.8));
  const short = element.closest(".card") !== null;
  const length = span(Math.abs(left), short);
  say(element.querySelector(".due-words"), left > 0 ? (short ? length : `due in ${length}`) : `${length} late`);
  element.title = `Due ${exact.format(due)}`;
}

// Writes every relative time and due ring inside `root`.
export function updateTimes(root = document) {
  const now = Date.now();
  for (const element of root.querySelectorAll("time[data-ago]")) {
    const moment = Date.parse(element.dateTime);
    say(element, words((now - moment) / 1000, element.dataset.ago));
    if (!element.title) element.title = exact.format(moment);
  }
  for (const element of root.querySelectorAll("[data-due][data-from]")) updateRing(element, now);
}

export function startTimes() {
  updateTimes();
  setInterval(updateTimes, 20_000);
  document.addEventListener("visibilitychange", () => document.hidden || updateTimes());
  document.addEventListener("htmx:load", (event) => updateTimes(event.target));
}

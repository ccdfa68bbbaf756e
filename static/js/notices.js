// The bell: when the feed says that there is a notice for this person, it is asked for, counted and said as a toast.
import { toast } from "./toasts.js";

const GATHER_MS = 300;
const NOT_SOONER_MS = 3000; // however much happens
const SECONDS = 12;

let planned = 0;
let askedAt = -NOT_SOONER_MS;

const bell = () => document.getElementById("bell");

function show(count) {
  const shown = bell().querySelector("[data-bell-count]");
  shown.hidden = count === 0;
  shown.textContent = count >= 100 ? "99+" : count;
  bell().querySelector("[data-bell-words]").textContent = count ? `Notices, ${count} unread` : "Notices";
}

async function ask() {
  planned = 0;
  askedAt = performance.now();
  const { url, newest } = bell().dataset;
  const response = await fetch(`${url}?after=${newest}`).catch(() => null);
  if (!response?.ok || response.redirected) return;
  const found = await response.json();
  show(found.count);
  bell().dataset.newest = Math.max(newest, found.newest);
  for (const { text, url: leadsTo } of found.told) toast({ text, seconds: SECONDS, link: { label: "Open", url: leadsTo } });
  const list = document.getElementById("notices");
  if (list && found.told.length && !list.contains(document.activeElement)) {
    window.htmx.ajax("GET", list.dataset.url, { source: list, target: list, swap: "outerHTML" });
  }
}

function askSoon() {
  planned ||= setTimeout(ask, Math.max(GATHER_MS, askedAt + NOT_SOONER_MS - performance.now()));
}

export function startNotices() {
  if (!bell()) return;
  for (const kind of ["desk:notice", "desk:reload"]) document.addEventListener(kind, askSoon);
}

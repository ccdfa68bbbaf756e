// The live feed: one websocket that resumes by position, and the dot that says how far the page can be trusted.
// Frames become events on document: "desk:changes" {cards}, "desk:notice", "desk:reload" {done(position)}.
import { timeOfDay } from "./times.js";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
const SILENCE_MS = 45_000; // longer than two heartbeats: the peer is gone although the socket is open
const CONNECTING_MS = 15_000;
const WATCH_MS = 5_000;
const SIGNED_OUT = 4401;

let socket = null;
let position = "";
let isReloading = false; // what the page shows is older than the feed
let attempts = 0;
let truthAt = Date.now();
let aliveAt = Date.now(); // when the socket was opened, or last gave a sign of life
let retry = 0;

function show(status) {
  const dot = document.getElementById("live");
  if (!dot) return;
  const words = {
    connected: "Live",
    "catching-up": "Catching up",
    offline: `Offline, as of ${timeOfDay(truthAt)}`,
    "signed-out": `Signed out, as of ${timeOfDay(truthAt)}`,
  }[status];
  dot.dataset.live = status === "signed-out" ? "offline" : status;
  const text = dot.querySelector(".live-words");
  if (text.textContent !== words) text.textContent = words;
}

// Waits longer after each failure, and never in step with the other browsers.
function connectLater() {
  const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempts);
  attempts += 1;
  clearTimeout(retry);
  retry = setTimeout(connect, longest / 2 + (Math.random() * longest) / 2);
}

function reload(newPosition) {
  isReloading = true;
  show("catching-up");
  const done = (fetched) => {
    isReloading = false;
    arrive(fetched || newPosition);
  };
  const event = new CustomEvent("desk:reload", { cancelable: true, detail: { done } });
  // A page that shows nothing live has nothing to fetch.
  if (document.dispatchEvent(event)) done(newPosition);
}

// The page is true up to the position.
function arrive(reached) {
  position = reached;
  if (socket?.readyState !== WebSocket.OPEN) return;
  truthAt = Date.now();
  show("connected");
}

function receive(message) {
  const frame = JSON.parse(message.data);
  aliveAt = Date.now();
  attempts = 0;
  if (frame.type === "reload") {
    reload(frame.position);
    return;
  }
  if (frame.type === "changes") document.dispatchEvent(new CustomEvent("desk:changes", { detail: { cards: frame.cards } }));
  if (frame.notice) document.dispatchEvent(new CustomEvent("desk:notice"));
  if (!isReloading) arrive(frame.position);
}

function connect() {
  clearTimeout(retry);
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const query = position ? `?position=${encodeURIComponent(position)}` : "";
  const mine = new WebSocket(`${scheme}://${location.host}${document.body.dataset.feed}${query}`);
  socket = mine;
  let wasLetIn = false;
  aliveAt = Date.now();
  mine.onopen = () => socket === mine && show("catching-up");
  mine.onmessage = (message) => {
    if (socket !== mine) return;
    wasLetIn = true;
    receive(message);
  };
  mine.onclose = ({ code }) => {
    if (socket !== mine) return;
    // A socket keeps the cookie it began with: by now the browser may have another, as after a change of password.
    const isSignedOut = code === SIGNED_OUT && !wasLetIn;
    // Trying again by itself would be refused again; coming back to the page tries once.
    show(isSignedOut ? "signed-out" : "offline");
    if (!isSignedOut) connectLater();
  };
}

function connectNow() {
  attempts = 0;
  const old = socket;
  connect();
  old?.close();
}

// Called every few seconds, and when somebody comes back to the page: a laptop that slept, a page that was frozen and a
// peer that is gone all show by the clock on the wall. What is said of the socket by then need not be true.
function watch() {
  if (socket.readyState === WebSocket.CLOSED) return;
  if (Date.now() - aliveAt < (socket.readyState === WebSocket.OPEN ? SILENCE_MS : CONNECTING_MS)) return;
  const dead = socket;
  socket = null;
  dead.close(); // takes its time with a peer that does not answer; nobody waits for it
  show("offline");
  connectLater();
}

function comeBack() {
  if (document.hidden) return;
  if (socket?.readyState === WebSocket.CLOSED || Date.now() - aliveAt >= SILENCE_MS) connectNow();
}

export function startLive() {
  if (!document.body.dataset.feed) return;
  position = document.body.dataset.feedPosition;
  connect();
  setInterval(() => socket && watch(), WATCH_MS);
  // Another network: the old one's connection is of no use.
  window.addEventListener("online", connectNow);
  document.addEventListener("visibilitychange", comeBack);
  window.addEventListener("pageshow", (event) => event.persisted && connectNow());
}

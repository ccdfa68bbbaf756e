// The live feed: one websocket that resumes by position, and the dot that says how far the page can be trusted.
// Frames become events on document: "desk:changes" {cards}, "desk:notice", "desk:reload" {done(position)}.
import { timeOfDay } from "./times.js";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
const SILENCE_MS = 45_000; // longer than two heartbeats: the peer is gone although the socket is open
const SIGNED_OUT = 4401;

let socket = null;
let position = "";
let attempts = 0;
let truthAt = Date.now();
let silence = 0;
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

function heard() {
  truthAt = Date.now();
  clearTimeout(silence);
  silence = setTimeout(() => socket?.close(), SILENCE_MS);
}

// Waits longer after each failure, and never in step with the other browsers.
function connectLater() {
  const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempts);
  attempts += 1;
  clearTimeout(retry);
  retry = setTimeout(connect, longest / 2 + (Math.random() * longest) / 2);
}

function reload(newPosition) {
  show("catching-up");
  const done = (fetched) => {
    position = fetched || newPosition;
    show("connected");
  };
  const event = new CustomEvent("desk:reload", { cancelable: true, detail: { done } });
  // A page that shows nothing live has nothing to fetch.
  if (document.dispatchEvent(event)) done(newPosition);
}

function receive(message) {
  const frame = JSON.parse(message.data);
  heard();
  attempts = 0;
  if (frame.type === "reload") {
    reload(frame.position);
    return;
  }
  if (frame.type === "changes") document.dispatchEvent(new CustomEvent("desk:changes", { detail: { cards: frame.cards } }));
  if (frame.notice) document.dispatchEvent(new CustomEvent("desk:notice"));
  position = frame.position;
  show("connected");
}

function connect() {
  clearTimeout(retry);
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const query = position ? `?position=${encodeURIComponent(position)}` : "";
  const mine = new WebSocket(`${scheme}://${location.host}${document.body.dataset.feed}${query}`);
  socket = mine;
  mine.onopen = () => {
    show("catching-up");
    clearTimeout(silence);
    silence = setTimeout(() => mine.close(), SILENCE_MS);
  };
  mine.onmessage = receive;
  mine.onclose = ({ code }) => {
    if (socket !== mine) return;
    clearTimeout(silence);
    // Trying again by itself would be refused again; coming back to the page tries once.
    show(code === SIGNED_OUT ? "signed-out" : "offline");
    if (code !== SIGNED_OUT) connectLater();
  };
}

function connectNow() {
  if (!socket || socket.readyState === WebSocket.CLOSED) {
    attempts = 0;
    connect();
  }
}

export function startLive() {
  if (!document.body.dataset.feed) return;
  position = document.body.dataset.feedPosition;
  connect();
  window.addEventListener("online", connectNow);
  document.addEventListener("visibilitychange", () => document.hidden || connectNow());
  window.addEventListener("pageshow", (event) => event.persisted && connectNow());
}

// Puts the rules of a draft in order: a handle is dragged by mouse, touch or pen, or moved by keyboard (space lifts and
// drops, arrows move, escape puts back). Dropping posts the new place once. The neighbours are moved around the lifted
// rule, never the rule itself: an element that leaves the document loses focus and the pointer.

const EDGE_PX = 64;
const SCROLL_PX = 14;
let lifted = null; // {item, handle, start, pointer}
let posted = null; // the one that was dropped, until the server answers

const say = (text) => (document.getElementById("announcer").textContent = text);
const placeOf = (item) => [...item.parentElement.children].indexOf(item);

function moveTo(item, place) {
  const list = item.parentElement;
  for (let at = placeOf(item); at < place && item.nextElementSibling; at += 1) list.insertBefore(item.nextElementSibling, item);
  for (let at = placeOf(item); at > place && item.previousElementSibling; at -= 1) {
    list.insertBefore(item.previousElementSibling, item.nextElementSibling);
  }
}

function lift(handle, pointer = null) {
  const item = handle.closest("li");
  lifted = { item, handle, start: placeOf(item), pointer };
  item.classList.add("rule-lifted");
  handle.setAttribute("aria-pressed", "true");
}

function letGo() {
  const one = lifted;
  lifted = null;
  one.item.classList.remove("rule-lifted");
  one.handle.setAttribute("aria-pressed", "false");
  return one;
}

function putBack() {
  const { item, start } = letGo();
  if (!item.isConnected) return;
  moveTo(item, start);
  say(`The rule is put back at place ${start + 1}.`);
}

function drop() {
  const one = letGo();
  if (!one.item.isConnected) return;
  const place = placeOf(one.item);
  say(`The rule is dropped at place ${place + 1} of ${one.item.parentElement.children.length}.`);
  if (place === one.start) return;
  posted = one;
  const form = one.item.querySelector("form");
  form.elements.to.value = place;
  form.querySelector("button[value=move]").click();
}

function follow(y) {
  const { item } = lifted;
  if (y < EDGE_PX) window.scrollBy(0, -SCROLL_PX);
  if (y > window.innerHeight - EDGE_PX) window.scrollBy(0, SCROLL_PX);
  const middle = (one) => one.getBoundingClientRect().top + one.offsetHeight / 2;
  while (item.nextElementSibling && y > middle(item.nextElementSibling)) moveTo(item, placeOf(item) + 1);
  while (item.previousElementSibling && y < middle(item.previousElementSibling)) moveTo(item, placeOf(item) - 1);
}

document.addEventListener("pointerdown", (event) => {
  const handle = event.target.closest(".rule-handle");
  if (!handle || event.button !== 0 || lifted || posted) return;
  event.preventDefault();
  handle.focus({ preventScroll: true });
  handle.setPointerCapture(event.pointerId);
  lift(handle, event.pointerId);
});

document.addEventListener("pointermove", (event) => {
  if (lifted && lifted.pointer === event.pointerId) follow(event.clientY);
});

document.addEventListener("pointerup", (event) => {
  if (lifted && lifted.pointer === event.pointerId) drop();
});

document.addEventListener("pointercancel", (event) => {
  if (lifted && lifted.pointer === event.pointerId) putBack();
});

document.addEventListener("keydown", (event) => {
  const handle = event.target.closest(".rule-handle");
  if (!handle || posted) return;
  const steps = { ArrowUp: -1, ArrowDown: 1 };
  if (event.key === " " || event.key === "Enter") {
    event.preventDefault();
    if (event.repeat) return;
    if (lifted) {
      drop();
    } else {
      lift(handle);
      say(`The rule is lifted, at place ${lifted.start + 1} of ${lifted.item.parentElement.children.length}.`);
    }
  } else if (lifted && event.key === "Escape") {
    event.preventDefault();
    putBack();
  } else if (lifted && event.key in steps) {
    event.preventDefault();
    const { item } = lifted;
    const last = item.parentElement.children.length - 1;
    moveTo(item, Math.min(Math.max(placeOf(item) + steps[event.key], 0), last));
    item.scrollIntoView({ block: "nearest" });
    say(`The rule is at place ${placeOf(item) + 1} of ${last + 1}.`);
  }
});

document.addEventListener("focusout", (event) => {
  if (lifted && lifted.pointer === null && event.target === lifted.handle) putBack();
});

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (!posted) return;
  const { item, start } = posted;
  posted = null;
  const redrawn = detail.successful || detail.xhr.status === 409;
  if (!redrawn && item.isConnected) moveTo(item, start);
});

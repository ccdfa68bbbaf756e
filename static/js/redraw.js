// Keeps what somebody types while a part of a form is drawn anew: a field with [data-redraws] asks the server for that
// part, and whatever changed in it since the question was sent is put back, by the fields' ids.

// Letters that follow each other choose in a list together, so a list that was just typed in waits for the last of them.

const LETTERS_MS = 1000; // As long as browsers take the next letter to belong to those before.

let waiting = null;
let lastKey = { field: null, at: -Infinity };

document.addEventListener("keydown", ({ target }) => {
  lastKey = { field: target, at: performance.now() };
  if (waiting?.field === target) putOff(target);
}, true);

document.addEventListener("change", (event) => {
  const field = event.target;
  if (!event.isTrusted || !field.matches("select[data-redraws]")) return;
  if (lastKey.field !== field || performance.now() - lastKey.at > LETTERS_MS) return;
  event.stopPropagation();
  putOff(field);
}, true);

document.addEventListener("focusout", ({ target }) => {
  if (waiting?.field === target) sendNow();
}, true);

function putOff(field) {
  clearTimeout(waiting?.timer);
  waiting = { field, timer: setTimeout(sendNow, LETTERS_MS) };
}

function sendNow() {
  clearTimeout(waiting.timer);
  const { field } = waiting;
  waiting = null;
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

const sent = new WeakMap();
const typed = new WeakMap();

const fieldsOf = (part) => [...part.querySelectorAll("input[id]:not([type=checkbox], [type=radio], [type=file]), select[id], textarea[id]")];

const valuesOf = (part) => new Map(fieldsOf(part).map((field) => [field.id, field.value]));

document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  if (detail.elt.matches("[data-redraws]")) sent.set(detail.xhr, valuesOf(detail.target));
});

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const before = sent.get(detail.xhr);
  if (!before) return;
  const changed = [...valuesOf(detail.target)].filter(([id, value]) => before.has(id) && before.get(id) !== value);
  typed.set(detail.xhr, changed);
});

document.addEventListener("htmx:afterSwap", ({ detail }) => {
  for (const [id, value] of typed.get(detail.xhr) ?? []) {
    const field = document.getElementById(id);
    if (field) field.value = value;
  }
});

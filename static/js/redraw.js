// Keeps what somebody types while a part of a form is drawn anew: a field with [data-redraws] asks the server for that
// part, and whatever changed in it since the question was sent is put back, by the fields' ids.

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

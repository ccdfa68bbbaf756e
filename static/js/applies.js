// Fields of a form that apply only when others say so: <div data-applies='{"fact": "input.topic", "op": "is", …}'>.
// Shows them when their condition holds; a condition it cannot judge leaves the field where it is. The server judges again.

const folded = (text) => text.trim().replace(/\s+/g, " ").toLowerCase();

// What was answered for a fact: null when nothing yet, undefined when there is none.
function answered(form, fact) {
  const name = fact.replace(/^input\./, "");
  const field = form.elements[`input_${name}`];
  if (form.elements[`none_${name}`]?.checked || field?.disabled) return undefined;
  return field?.value.trim() ? field.value : null;
}

const COMPARE = {
  is: (value, wanted) => folded(value) === folded(String(wanted)),
  is_not: (value, wanted) => folded(value) !== folded(String(wanted)),
  one_of: (value, wanted) => wanted.some((one) => folded(value) === folded(String(one))),
  contains: (value, wanted) => folded(value).includes(folded(String(wanted))),
  starts_with: (value, wanted) => folded(value).startsWith(folded(String(wanted))),
};

// true or false; null when it cannot be told here.
function judge(form, condition) {
  if (condition.all) return together(form, condition.all, false);
  if (condition.any) return together(form, condition.any, true);
  if (condition.not) {
    const inner = judge(form, condition.not);
    return inner === null ? null : !inner;
  }
  const value = answered(form, condition.fact);
  if (condition.op === "known") return typeof value === "string";
  if (condition.op === "missing") return value === undefined;
  if (typeof value !== "string") return false;
  if (!COMPARE[condition.op] || typeof condition.value === "number") return null;
  return COMPARE[condition.op](value, condition.value);
}

function together(form, parts, winner) {
  const results = parts.map((part) => judge(form, part));
  if (results.includes(winner)) return winner;
  return results.includes(null) ? null : !winner;
}

function update(form) {
  for (const field of form.querySelectorAll("[data-applies]")) {
    const applies = judge(form, JSON.parse(field.dataset.applies)) !== false;
    field.hidden = !applies;
    for (const control of field.querySelectorAll("input, select, textarea")) control.disabled = !applies;
  }
}

for (const form of document.querySelectorAll("[data-applies-form]")) {
  const again = () => update(form);
  form.addEventListener("input", again);
  form.addEventListener("change", again);
  form.addEventListener("htmx:afterSettle", again);
  again();
}

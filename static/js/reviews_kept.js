// What somebody typed on a review, kept in this browser until it is decided, and offered back when it was lost.

const name = (review) => `desk.review.${review}`;
const KEPT_DAYS = 3;
const FIELDS = "textarea, input[type=text], input[type=email], input[type=date], input:not([type]), select";

const fields = (form) => [...form.querySelectorAll(FIELDS)].filter((field) => field.name);

function initial(field) {
  if (field.tagName === "SELECT") return [...field.options].find((option) => option.defaultSelected)?.value ?? "";
  return field.closest(".bench-text")?.querySelector('[name^="was:"]')?.value ?? field.defaultValue;
}

function read(review) {
  try {
    return JSON.parse(localStorage.getItem(name(review)));
  } catch {
    return null;
  }
}

// Keeps what differs from what the page came with.
export function keep(form) {
  const changed = fields(form).filter((field) => field.value !== initial(field));
  try {
    if (changed.length) localStorage.setItem(name(form.dataset.review), JSON.stringify({ at: Date.now(), texts: Object.fromEntries(changed.map((field) => [field.name, field.value])) }));
    else localStorage.removeItem(name(form.dataset.review));
  } catch {
    // Storage is refused or full: the page itself still holds the text.
  }
}

export function forget(review) {
  try {
    localStorage.removeItem(name(review));
  } catch {
    // Then nothing was kept either.
  }
}

// Offers what was typed here before, unless it stands there already; `restored` is called when it was put back.
export function offerKept(form, restored) {
  const kept = read(form.dataset.review);
  if (!kept) return;
  if (Date.now() - kept.at > KEPT_DAYS * 86_400_000) {
    forget(form.dataset.review);
    return;
  }
  const lost = fields(form).filter((field) => field.name in kept.texts && field.value !== kept.texts[field.name]);
  const note = form.querySelector("[data-kept]");
  if (!lost.length || !note) return;
  note.hidden = false;
  note.querySelector("[data-kept-back]").addEventListener("click", () => {
    for (const field of lost) field.value = kept.texts[field.name];
    note.hidden = true;
    lost[0].focus();
    restored();
  });
  note.querySelector("[data-kept-drop]").addEventListener("click", () => {
    forget(form.dataset.review);
    note.hidden = true;
  });
}

// Parts of a page that keep up with an item: <div data-live-item="D-1042" data-live-url="/items/D-1042"> holds parts
// <section id="…" data-live-part>. When the item changes they are fetched again; one that is being typed in is left alone.

const waiting = new Set();
const GATHER_MS = 250;

function isBeingUsed(part) {
  if (part.contains(document.activeElement) && document.activeElement.matches("input, textarea, select")) return true;
  return [...part.querySelectorAll("input, textarea")].some((field) =>
    field.matches("[type=checkbox], [type=radio]") ? field.checked !== field.defaultChecked : field.value !== field.defaultValue,
  );
}

const stopsOf = (part) => [...part.querySelectorAll("a[href], button, summary, [tabindex]")];

// Fetches the holder's address again and replaces its parts; keeps focus, open details, and half-typed text. Without an
// answer it stays as it is until the next change.
export async function refreshParts(holder) {
  const response = await fetch(holder.dataset.liveUrl, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (!response?.ok) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const part of holder.querySelectorAll("[data-live-part]")) {
    const next = fresh.getElementById(part.id);
    if (!next || isBeingUsed(part)) continue;
    const focused = part.contains(document.activeElement) ? document.activeElement : null;
    const place = focused ? stopsOf(part).indexOf(focused) : -1;
    const open = new Set([...part.querySelectorAll("details[open][id]")].map((one) => one.id));
    part.replaceWith(document.adoptNode(next));
    for (const one of next.querySelectorAll("details[id]")) one.open ||= open.has(one.id);
    if (focused) (document.getElementById(focused.id) ?? stopsOf(next)[place])?.focus({ preventScroll: true });
    window.htmx.process(next);
  }
  document.dispatchEvent(new CustomEvent("htmx:load", { bubbles: true }));
}

export function startParts() {
  document.addEventListener("desk:changes", (event) => {
    const changed = new Set(event.detail.cards.map((card) => card.code));
    for (const holder of document.querySelectorAll("[data-live-item]")) {
      if (!changed.has(holder.dataset.liveItem) || waiting.has(holder)) continue;
      waiting.add(holder);
      setTimeout(() => {
        waiting.delete(holder);
        if (holder.isConnected) refreshParts(holder);
      }, GATHER_MS);
    }
  });
  document.addEventListener("desk:reload", () => {
    for (const holder of document.querySelectorAll("[data-live-item]")) refreshParts(holder);
  });
}

// Moves requests by hand: posts what shall happen to one or many, says what became of each, and undoes it.
// Events on document: "desk:moving" {to, items} before, "desk:moved" {to, results, items} after; items are {code, version}.
import { onKey } from "./keys.js";
import { toast } from "./toasts.js";

const AT_ONCE = 20; // of many, so that the first are there soon
const UNDO_SECONDS = 20;
const SECONDS = 8;

let undoable = []; // what the newest move left, as {code, version}

const dialog = document.getElementById("move");
const token = () => JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
const many = (number) => (number === 1 ? "1 request" : `${number} requests`);

export function readItems(text) {
  return text.split(" ").filter(Boolean).map((pair) => {
    const [code, version] = pair.split(":");
    return { code, version: Number(version) };
  });
}

function refusedAll(items, words) {
  return items.map(({ code, version }) => ({ code, version, moved: false, words: `${code}: ${words}` }));
}

// Posts some of the items; returns a result for each, whatever happens.
async function post(url, items, fields) {
  const body = new URLSearchParams(fields);
  for (const { code, version } of items) body.append("items", `${code}:${version}`);
  const headers = { "X-CSRFToken": token(), Accept: "application/json" };
  try {
    const response = await fetch(url, { method: "POST", body, headers });
    if (response.redirected) return refusedAll(items, "you are signed out. Sign in and do it again.");
    if (!response.ok) return refusedAll(items, `the desk could not do that (error ${response.status}). Nothing was changed.`);
    return (await response.json()).results;
  } catch {
    return refusedAll(items, "the desk could not be reached. Look at it again before you repeat this.");
  }
}

async function postAll(url, items, fields) {
  const results = [];
  for (let at = 0; at < items.length; at += AT_ONCE) results.push(...(await post(url, items.slice(at, at + AT_ONCE), fields)));
  return results;
}

function wordsOf(moved) {
  if (moved.length === 1) return moved[0].words;
  // As much as is true of all: where they are and whose, else where they are.
  const ends = [({ code, words }) => words.replace(`${code} is now `, ""), ({ label }) => `${label}.`];
  const same = ends.map((end) => new Set(moved.map(end))).find((all) => all.size === 1);
  return same ? `${many(moved.length)} are now ${[...same][0]}` : `${many(moved.length)} were moved.`;
}

// Returns a line for each reason, with the codes of all that were refused for it.
function linesOf(refused) {
  const codes = new Map();
  for (const { code, words } of refused) {
    const why = words.startsWith(`${code}: `) ? words.slice(code.length + 2) : words;
    codes.set(why, [...(codes.get(why) ?? []), code]);
  }
  return [...codes].map(([why, all]) => `${all.join(", ")}: ${why}`);
}

// Lists what was refused and why, where the page has a place for it; else, and for one alone, as a message.
function sayRefused(refused, total) {
  const place = document.getElementById("refusals");
  if (refused.length === 0) return;
  if (total === 1 || !place) {
    for (const one of refused.slice(0, 3)) toast({ text: one.words, tone: "error" });
    return;
  }
  place.querySelector("[data-refused-words]").textContent = `${refused.length} of ${total} stay as they were`;
  place.querySelector("ul").replaceChildren(
    ...linesOf(refused).map((words) => {
      const line = document.createElement("li");
      line.textContent = words;
      return line;
    }),
  );
  place.hidden = false;
}

function hideRefused() {
  const place = document.getElementById("refusals");
  if (place) place.hidden = true;
}

// Moves these items; `to` is a goal as routing/domain/goals.py reads it. refused: called with the results that did not
// move and the number of all. Resolves to the results.
export async function act(to, items, { reason = "", code = "", refused = sayRefused } = {}) {
  if (items.length === 0) return [];
  hideRefused();
  document.dispatchEvent(new CustomEvent("desk:moving", { detail: { to, items } }));
  const results = await postAll(dialog.dataset.url, items, { to, reason, code });
  const moved = results.filter((one) => one.moved);
  const kept = moved.filter((one) => one.may_undo).map(({ code: moving, version }) => ({ code: moving, version }));
  if (moved.length) {
    undoable = kept;
    // The key is the newest move's; the buttons of earlier ones stay theirs.
    for (const cap of document.querySelectorAll("#toasts [data-undoes] kbd")) cap.remove();
  }
  document.dispatchEvent(new CustomEvent("desk:moved", { detail: { to, results, items } }));
  const [first] = moved;
  const link = to === "me" && moved.length === 1 && first.review_url ? { label: "Open it", url: first.review_url } : null;
  const action = kept.length ? { label: "Undo", key: "z", run: () => undo(kept) } : null;
  if (first) toast({ text: wordsOf(moved), tone: "success", seconds: action ? UNDO_SECONDS : SECONDS, action, link });
  refused(results.filter((one) => !one.moved), results.length);
  return results;
}

// Puts back what a move changed, the newest one unless told.
async function undo(items = undoable) {
  if (items === undoable) {
    undoable = [];
    document.querySelector("#toasts [data-undoes]:has(kbd)")?.remove();
  }
  hideRefused();
  const results = await postAll(dialog.dataset.undoUrl, items, {});
  document.dispatchEvent(new CustomEvent("desk:moved", { detail: { to: "undo", results, items } }));
  const back = results.filter((one) => one.moved);
  if (back.length) toast({ text: `Undone. ${wordsOf(back)}`, tone: "success", seconds: SECONDS });
  sayRefused(results.filter((one) => !one.moved), results.length);
}

// Shows the dialog again with what was chosen and written in it, and why nothing moved.
function askAgain(dialog, form, refused) {
  const why = document.createElement("p");
  why.className = "callout callout-danger";
  why.setAttribute("role", "alert");
  why.textContent = linesOf(refused).join(" ");
  const place = form.querySelector("[data-move-error]");
  place.replaceChildren(why);
  place.hidden = false;
  dialog.showModal();
  form.querySelector(form.elements.code?.value ? "#move-code" : "#move-reason").focus();
}

function submitted(event) {
  const form = event.target.closest("form[data-acts]");
  if (!form || event.defaultPrevented) return;
  event.preventDefault();
  const fields = new FormData(form, event.submitter);
  form.closest("details.menu")?.removeAttribute("open");
  const from = form.closest("dialog");
  from?.close();
  const refused = (those, total) => {
    const isAsked = from && !from.open && form.isConnected && (fields.get("reason") || fields.get("code"));
    if (isAsked && those.length === total) askAgain(from, form, those);
    else sayRefused(those, total);
  };
  const words = { reason: fields.get("reason") ?? "", code: fields.get("code") ?? "" };
  act(String(fields.get("to")), readItems(form.dataset.items), { ...words, refused });
}

export function startMoves() {
  document.addEventListener("submit", submitted);
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-close-refusals]")) hideRefused();
  });
  // What is selected no more needs no explanation.
  document.addEventListener("desk:selection", ({ detail: { codes } }) => codes.length === 0 && hideRefused());
  onKey("z", "Undo the last move", () => {
    if (undoable.length === 0) return false;
    undo();
    return true;
  });
}

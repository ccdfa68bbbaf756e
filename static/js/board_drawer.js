// The drawer beside the board (the address keeps ?item=CODE) and the "Move to…" dialog.
import { attachCard, cardOf } from "./board_columns.js";
import { openMoveDialog, startMoveDialog } from "./move_dialog.js";
import { startMoves } from "./moves.js";
import { toast } from "./toasts.js";
import { updateTimes } from "./times.js";

const board = document.getElementById("board");
const drawer = document.getElementById("drawer");
const moveDialog = document.getElementById("move");
let loading = null;

export const urlFor = (pattern, code) => pattern.replace("D-0", encodeURIComponent(code));

export const openCode = () => new URLSearchParams(location.search).get("item") ?? "";

function writeAddress(code, replace) {
  const query = new URLSearchParams(location.search);
  if (code) query.set("item", code);
  else query.delete("item");
  const address = `${location.pathname}${query.size ? `?${query}` : ""}`;
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
}

// Marks the card of the open item.
export function markOpen() {
  for (const link of document.querySelectorAll(".card-title[aria-current]")) link.removeAttribute("aria-current");
  cardOf(openCode())?.querySelector(".card-title").setAttribute("aria-current", "true");
}

// Shows what the address says: the item's drawer, or none. focus: whether the drawer takes the focus.
export async function showDrawer({ focus = false } = {}) {
  loading?.abort();
  const code = openCode();
  markOpen();
  if (!code) {
    drawer.hidden = true;
    drawer.replaceChildren();
    return;
  }
  const mine = new AbortController();
  loading = mine;
  const headers = { "HX-Request": "true", "HX-Target": "drawer" };
  const url = `${urlFor(board.dataset.itemUrl, code)}?drawer=1`;
  const response = await fetch(url, { headers, signal: mine.signal }).catch(() => null);
  if (mine.signal.aborted) return;
  if (!response?.ok) {
    toast({ text: response?.status === 404 ? `${code} is no longer there, or you may not see it.` : `${code} could not be fetched; try again.`, tone: "error" });
    return;
  }
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  if (mine.signal.aborted) return;
  drawer.replaceChildren(...[...page.body.children].map((child) => document.adoptNode(child)));
  drawer.hidden = false;
  drawer.scrollTop = 0;
  window.htmx.process(drawer);
  updateTimes(drawer);
  if (focus) document.getElementById("drawer-title")?.focus({ preventScroll: true });
}

// Opens an item beside the board. replace: the address changes without a new entry in the history.
export function openItem(code, { replace = false, focus = false } = {}) {
  if (code !== openCode()) writeAddress(code, replace);
  return showDrawer({ focus });
}

export function closeDrawer() {
  const code = openCode();
  if (!code) return false;
  writeAddress("", false);
  showDrawer();
  attachCard(code)?.querySelector(".card-title").focus({ preventScroll: true });
  return true;
}

// Asks where these items shall go. only: which places are offered, as routing/views/moves.py names them.
export async function askMove(codes, only = "") {
  if (!board.dataset.moveUrl || !codes.length) return;
  const query = new URLSearchParams(only ? { only } : {});
  if (codes.length > 1) for (const code of codes) query.append("items", code);
  const url = codes.length > 1 ? moveDialog.dataset.url : urlFor(board.dataset.moveUrl, codes[0]);
  await openMoveDialog(moveDialog, `${url}?${query}`);
}

export function startDrawer() {
  document.addEventListener("click", (event) => {
    const mover = event.target.closest("[data-move]");
    if (mover) {
      event.preventDefault();
      askMove([mover.dataset.move]);
    }
    if (event.target.closest("[data-close-drawer]")) closeDrawer();
  });
  startMoveDialog(moveDialog);
  startMoves();
  if (openCode()) showDrawer();
}

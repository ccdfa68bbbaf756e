// The page of an item: "Move to…" opens as a dialog; what a move changes is fetched as the feed tells of it.
import { openMoveDialog, startMoveDialog } from "./move_dialog.js";
import { refreshParts } from "./parts.js";

const dialog = document.getElementById("move");

startMoveDialog(dialog);
document.addEventListener("desk:moved", () => refreshParts(document.getElementById("item")));
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens-move]");
  if (!opener || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  openMoveDialog(dialog, opener.href);
});

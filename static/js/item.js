// The page of an item: what is done by hand is done in place; what it changes is fetched at once, and as the feed tells of it.
import { startMoveDialog } from "./move_dialog.js";
import { startMoves } from "./moves.js";
import { refreshParts } from "./parts.js";

startMoves();
startMoveDialog(document.getElementById("move"));
document.addEventListener("desk:moved", () => refreshParts(document.getElementById("item")));

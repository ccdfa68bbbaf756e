// Starts what every page has. Pages with more to do load a module of their own.
import { startAlerts } from "./alerts.js";
import { startConfirming } from "./confirming.js";
import { startKeys } from "./keys.js";
import { startLive } from "./live.js";
import { startMenus } from "./menus.js";
import { startNotices } from "./notices.js";
import { startPalette } from "./palette.js";
import { startParts } from "./parts.js";
import { startPreferences } from "./preferences.js";
import { startTimes } from "./times.js";
import { startToasts } from "./toasts.js";

startPreferences();
startTimes();
startToasts();
startMenus();
startKeys();
startPalette();
startConfirming();
startParts();
startNotices();
startAlerts();
// After every module of the page has run, so that none misses the first frame.
document.addEventListener("DOMContentLoaded", startLive);

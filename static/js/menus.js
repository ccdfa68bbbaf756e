// Menus (<details class="menu">), native dialogs and copy buttons.
import { toast } from "./toasts.js";

const itemsOf = (menu) => [...menu.querySelectorAll(".menu-list :is(a, button, input, select):not([disabled])")].filter((item) => item.checkVisibility());

function closeMenus(except = null) {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (menu !== except) menu.open = false;
}

function closeByKey(event) {
  const menu = event.target.closest("details.menu[open]") ?? document.querySelector("details.menu[open]");
  if (!menu || document.querySelector("dialog:modal")) return;
  menu.open = false;
  menu.querySelector("summary").focus();
  event.preventDefault(); // so that nothing else is closed or dropped with it
}

function menuKeys(event) {
  if (event.key === "Escape") closeByKey(event);
  const menu = event.target.closest("details.menu");
  if (!menu || event.target.matches("select")) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  menu.open = true;
  const items = itemsOf(menu);
  const here = items.indexOf(document.activeElement);
  items[(here + step + items.length + (here < 0 && step < 0 ? 1 : 0)) % items.length]?.focus();
}

async function copy(button) {
  const value = button.dataset.copy;
  const text = value.startsWith("/") ? new URL(value, location.href).href : value;
  try {
    await navigator.clipboard.writeText(text);
    toast({ text: button.dataset.copied ?? "Copied", tone: "success" });
  } catch {
    toast({ text: `The browser did not let us copy. Here it is: ${text}`, tone: "warning", seconds: 0 });
  }
}

export function startMenus() {
  document.addEventListener("keydown", menuKeys);
  document.addEventListener("click", (event) => {
    closeMenus(event.target.closest("details.menu"));
    const opener = event.target.closest("[data-opens]");
    if (opener) {
      closeMenus();
      document.getElementById(opener.dataset.opens).showModal();
    }
    const copier = event.target.closest("[data-copy]");
    if (copier) copy(copier);
    // A click on the dialog itself, not on what is in it, is a click on its backdrop.
    if (event.target.matches("dialog[open]") && isOutside(event.target, event)) event.target.close();
  });
}

function isOutside(element, event) {
  const box = element.getBoundingClientRect();
  return event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
}

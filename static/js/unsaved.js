// Asks before somebody leaves a form that holds what is not saved: <form data-unsaved>. What is wrong in it when it comes
// back from the desk gets the focus.

const holds = (element) => element.closest?.("[data-unsaved]");

// What the desk sent back with something wrong in it is not saved either.
let changed = Boolean(document.querySelector("[data-unsaved] :is([aria-invalid=true], [role=alert])"));

document.addEventListener("input", ({ target }) => (changed ||= Boolean(holds(target))));
document.addEventListener("submit", ({ target }) => {
  if (holds(target) && !target.hasAttribute("hx-post")) changed = false;
});
document.addEventListener("htmx:beforeOnLoad", ({ detail }) => {
  if (holds(detail.elt) && detail.xhr.getResponseHeader("HX-Redirect")) changed = false;
});
window.addEventListener("beforeunload", (event) => {
  if (changed) event.preventDefault();
});
document.addEventListener("htmx:afterSettle", ({ target }) => {
  if (!target.matches("[data-unsaved]")) return;
  const wrong = target.querySelector("[aria-invalid=true]:not([type=hidden])") ?? target.querySelector(".error")?.parentElement.querySelector("input:not([type=hidden]), select, textarea");
  wrong?.focus();
});

// Reviews decided together: how many are ticked stands on the buttons, and the undo time runs.

const form = document.querySelector("[data-together]");

function count() {
  const ticked = form.querySelectorAll("input[name=tick]:checked").length;
  for (const place of form.querySelectorAll("[data-together-count]")) place.textContent = ticked;
  for (const button of form.querySelectorAll("[data-together-button]")) button.disabled = ticked === 0;
}

if (form) {
  form.addEventListener("change", count);
  window.addEventListener("pageshow", count);
  count();
}

const undo = document.querySelector("[data-undo-together]");
if (undo) {
  const until = Date.now() + Number(undo.dataset.secondsLeft) * 1000;
  const clock = setInterval(() => {
    const left = Math.ceil((until - Date.now()) / 1000);
    undo.querySelector("[data-undo-left]").textContent = Math.max(0, left);
    if (left > 0) return;
    clearInterval(clock);
    undo.remove();
  }, 250);
}

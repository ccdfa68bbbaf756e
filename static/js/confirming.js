// Asks first where a button says what it does for good: <button data-confirm="Throw the whole draft away?">.

export function startConfirming() {
  document.addEventListener("submit", (event) => {
    const question = event.submitter?.dataset.confirm;
    if (!question || window.confirm(question)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);
}

// The account of a request: its button prints it.
document.querySelector("[data-print]").addEventListener("click", () => window.print());

// Sets the chosen colours before anything is painted, and says that scripts run. A classic script, so that it runs
// before the styles apply.
document.documentElement.classList.add("scripted");
try {
  const theme = localStorage.getItem("desk.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is refused in this browser: the system's setting applies.
}

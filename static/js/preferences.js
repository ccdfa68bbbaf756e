// What one person chose in this browser: colours, single-key shortcuts, announcements.

// Reads a preference; `otherwise` when it was never chosen or storage is refused.
export function preference(name, otherwise) {
  try {
    return localStorage.getItem(`desk.${name}`) ?? otherwise;
  } catch {
    return otherwise;
  }
}

export function prefer(name, value) {
  try {
    localStorage.setItem(`desk.${name}`, value);
  } catch {
    // The choice then holds for this page only.
  }
}

// Wires the colour switch and the check boxes of the user's menu.
export function startPreferences() {
  const themeSwitch = document.querySelector("[data-theme-switch]");
  const showTheme = (theme) => {
    for (const button of themeSwitch.children) button.setAttribute("aria-pressed", String(button.value === theme));
  };
  if (themeSwitch) {
    showTheme(preference("theme", "system"));
    themeSwitch.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      prefer("theme", button.value);
      if (button.value === "system") delete document.documentElement.dataset.theme;
      else document.documentElement.dataset.theme = button.value;
      showTheme(button.value);
    });
  }
  for (const box of document.querySelectorAll("[data-preference]")) {
    box.checked = preference(box.dataset.preference, "on") === "on";
    box.addEventListener("change", () => prefer(box.dataset.preference, box.checked ? "on" : "off"));
  }
}

// What holds the whole desk up stands on top of every page; what no event tells is asked for twice a minute.

const EVERY = 30_000;

export function startAlerts() {
  if (!document.querySelector("[data-alerts]")) return;
  setInterval(refresh, EVERY);
  document.addEventListener("visibilitychange", refresh);
}

async function refresh() {
  const strip = document.querySelector("[data-alerts]");
  if (document.hidden || strip.contains(document.activeElement)) return;
  const response = await fetch(strip.dataset.alerts, { headers: { Accept: "text/html" } }).catch(() => null);
  if (!response?.ok || response.redirected) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html").querySelector("[data-alerts]");
  if (fresh && fresh.textContent !== strip.textContent) strip.replaceChildren(...fresh.childNodes);
}

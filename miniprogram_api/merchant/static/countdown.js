// Countdowns: an element `data-counts-to="<moment>"` shows what is left until then, second by second.
function left(moment) {
  const seconds = Math.max(0, Math.floor((Date.parse(moment) - Date.now()) / 1000));
  const two = (number) => String(number).padStart(2, "0");
  const days = Math.floor(seconds / 86400);
  const clock = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60].map(two).join(":");
  const zh = document.documentElement.lang.startsWith("zh");
  return days ? `${days}${zh ? " 天 " : "d "}${clock}` : clock;
}

function tick() {
  for (const place of document.querySelectorAll("[data-counts-to]")) {
    const text = left(place.dataset.countsTo);
    if (place.textContent !== text) place.textContent = text;
  }
}

document.addEventListener("htmx:after:swap", tick);
setInterval(tick, 1000);
tick();

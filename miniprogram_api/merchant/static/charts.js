// Charts from plain data (`data-chart`), drawn by Chart.js, which is fetched only where there is one.
let library;

function loaded() {
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = document.body.dataset.chartLibrary;
    script.addEventListener("load", () => resolve(window.Chart));
    script.addEventListener("error", reject);
    document.head.append(script);
  });
  return library;
}

export async function drawCharts(root) {
  const canvases = [...root.querySelectorAll("canvas[data-chart]:not([data-drawn])")];
  if (!canvases.length) return;
  for (const canvas of canvases) canvas.dataset.drawn = "yes";
  const Chart = await loaded();
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  Chart.defaults.color = "#57606f";
  Chart.defaults.maintainAspectRatio = false;
  Chart.defaults.animation = false;
  for (const canvas of canvases) new Chart(canvas, JSON.parse(canvas.dataset.chart));
}

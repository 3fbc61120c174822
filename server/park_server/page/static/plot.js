// Curves: uPlot, with the colours of the page.

import { h } from "./dom.js";
import uPlot from "./vendor/uPlot.js";

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const LINES = ["--running", "--failed", "--completed", "--queued", "--cancelled", "--accent"];

// lines between powers of ten say nothing
const decades = (_drawn, places) => places.map((each) => (each > 0 && Math.abs(Math.log10(each) - Math.round(Math.log10(each))) < 1e-9 ? each : null));
/** A wide curve is taller: else its slopes cannot be told on a large screen. */
const heightOf = (width, least) => Math.round(Math.max(least, Math.min(1.6 * least, 0.3 * width)));

const atEnd = (drawn) => drawn.setLegend({ idx: drawn.data[0].length - 1 }, false);

/** Curves over one abscissa. `series`: [{label, values, points?}]. Returns {node, update(x, series), close()}. */
export function plot({ label, x, series, log = false, height = 220 }) {
  const node = h("div", { class: "plot", "data-keep": `plot ${label}`, role: "img", "aria-label": label });
  let made = null;
  const options = (width, count) => ({
    width, height: heightOf(width, height),
    scales: { x: { time: false }, y: { distr: log ? 3 : 1 } },
    cursor: { drag: { x: true, y: false } },
    // where nobody points, the legend says the last
    hooks: { setLegend: [(drawn) => { if (drawn.cursor.idx === null && drawn.legend.idx !== drawn.data[0].length - 1) drawn.setLegend({ idx: drawn.data[0].length - 1 }, false); }], ready: [atEnd], setData: [atEnd] },
    axes: [0, 1].map((number) => ({ stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1, ...(log && number === 1 ? { filter: decades } : {}) }, ticks: { stroke: colour("--line"), width: 1, ...(log && number === 1 ? { filter: decades } : {}) }, font: "11px system-ui" })),
    series: [{ label: x.label }, ...series.slice(0, count).map((each, number) => ({
      label: each.label, stroke: colour(LINES[number % LINES.length]), width: each.points ? 0 : 1.5,
      points: each.points ? { show: true, size: 3, width: 1, stroke: colour(LINES[number % LINES.length]), fill: colour(LINES[number % LINES.length]) } : { show: false }, // its width gives the legend a mark
    }))],
  });
  const data = () => [x.values, ...series.map((each) => (log ? each.values.map((value) => (value > 0 ? value : null)) : each.values))];
  const draw = () => {
    const width = node.clientWidth - 12;
    if (width < 50) return;
    if (made) made.destroy();
    made = new uPlot(options(width, series.length), data(), node);
  };
  const watcher = new ResizeObserver(() => { if (!made) draw(); else if (Math.abs(made.width - node.clientWidth + 12) > 2) made.setSize({ width: node.clientWidth - 12, height: heightOf(node.clientWidth - 12, height) }); });
  watcher.observe(node);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", draw);
  return {
    node,
    update(values, fresh) {
      const same = fresh.length === series.length;
      x = { ...x, values }; series = fresh;
      if (!made || !same) draw(); else made.setData(data());
    },
    close() { watcher.disconnect(); dark.removeEventListener("change", draw); if (made) made.destroy(); },
  };
}

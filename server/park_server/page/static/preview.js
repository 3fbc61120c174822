// A file of a job as far as it can be shown: nothing of it runs.

import { BASE, ask, get, part } from "./api.js";
import { h } from "./dom.js";
import { plot } from "./plot.js";
import { bytes, count, figure } from "./words.js";

const ROWS = 200;

/** Return {node, close()} with what is in the file. */
export async function preview(job, name, signal) {
  const found = await get(`/jobs/${job}/previews/${part(name)}`, { signal });
  const shown = { text, bytes: text, table, arrays, image }[found.kind];
  return shown(found, job, name, signal);
}

const nothing = () => {};
const more = (found) => found.truncated && h("p", { class: "none soft" }, `The beginning of ${bytes(found.size)}; download it for all of it.`);

function text(found) {
  return { node: h("div", h("pre", { tabindex: "0" }, found.text || "(empty)"), more(found)), close: nothing };
}

async function image(found, job, name, signal) {
  const answer = await ask(`/jobs/${job}/files/${part(name)}`, { signal });
  // in an <img> a picture runs no script and loads nothing, also an SVG
  const address = URL.createObjectURL(new Blob([await answer.arrayBuffer()], { type: found.media_type }));
  return { node: h("img", { src: address, alt: `Picture ${name}` }), close: () => URL.revokeObjectURL(address) };
}

function grid(columns, rows) {
  return h("div", { class: "scroll short", tabindex: "0" }, h("table",
    h("thead", h("tr", columns.map((each) => h("th", { class: "right", scope: "col" }, each)))),
    h("tbody", rows.slice(0, ROWS).map((row) => h("tr", row.map((each) => h("td", { class: "right" }, each === null ? "–" : figure(each))))))));
}

/** Which columns are a curve and a fit to it: by their usual names. */
function roles(columns) {
  const place = (...names) => columns.findIndex((each) => names.includes(each.toLowerCase()));
  return { residual: place("residual", "residuals"), error: place("dy", "dr", "error", "sigma"), width: place("dx", "dq"), data: place("y", "r", "data", "i(q)"), fit: place("fit", "theory", "model") };
}

function table(found, _job, name) {
  const { columns, rows } = found;
  const column = (number) => rows.map((row) => row[number]);
  const by = roles(columns);
  const skipped = new Set([0, by.residual, by.error, by.width]);
  const drawn = columns.map((label, number) => ({ label, number })).filter(({ number }) => !skipped.has(number)).slice(0, 6);
  const order = rows.map((_, number) => number).filter((number) => rows[number][0] !== null).sort((a, b) => rows[a][0] - rows[b][0]);
  const x = { label: columns[0], values: order.map((number) => rows[number][0]) };
  const values = (number) => { const all = column(number); return order.map((each) => all[each]); };
  const made = [];
  if (drawn.length && x.values.length > 1) {
    const every = drawn.flatMap(({ number }) => values(number)).filter((each) => each !== null);
    const positive = every.filter((each) => each > 0);
    const isLog = positive.length > 0.9 * every.length && Math.max(...positive) > 200 * Math.min(...positive);
    made.push(plot({ label: `Curves of ${name}`, x, log: isLog, height: 260, series: drawn.map(({ label, number }) => ({ label, values: values(number), points: number === by.data && by.fit >= 0 })) }));
    if (by.residual >= 0) made.push(plot({ label: `Residuals of ${name}`, x, height: 120, series: [{ label: columns[by.residual], values: values(by.residual), points: true }] }));
  }
  return {
    node: h("div", made.map((each) => each.node), h("details", h("summary", { style: { padding: "8px 14px" } }, `${count(rows.length)} rows, ${columns.length} columns`), grid(columns, rows)), more(found)),
    close: () => made.forEach((each) => each.close()),
  };
}

function arrays(found) {
  const made = [];
  const one = (array) => {
    const about = `${array.name || "array"}: ${array.dtype || "?"}, ${array.shape.join(" × ") || "scalar"}`;
    if (array.why) return h("div", { class: "none" }, about, " · ", array.why);
    const flat = array.shape.length === 1 && array.values.length > 2 && array.values.every((each) => typeof each === "number" || each === null);
    let curve = null;
    if (flat && found.arrays.length <= 8) { curve = plot({ label: about, x: { label: "place", values: array.values.map((_, number) => number) }, series: [{ label: array.name || "value", values: array.values }], height: 160 }); made.push(curve); }
    const last = array.shape.at(-1) || 1;
    const rows = array.shape.length >= 2 ? Array.from({ length: Math.min(50, Math.floor(array.values.length / last)) }, (_, number) => array.values.slice(number * last, number * last + Math.min(last, 12))) : null;
    return h("div", h("p", { class: "none mono" }, about), curve && curve.node,
      rows ? grid(rows[0] ? rows[0].map((_, number) => String(number)) : [], rows) : h("pre", { tabindex: "0" }, array.values.slice(0, 200).map((each) => (each === null ? "nan" : figure(each))).join("  ") + (array.values.length > 200 ? " …" : "")));
  };
  const node = h("div", found.arrays.map(one), more(found));
  return { node, close: () => made.forEach((each) => each.close()) };
}

export const address = (job, name) => `${BASE}/jobs/${job}/files/${part(name)}`;

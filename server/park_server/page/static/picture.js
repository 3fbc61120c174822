// A workflow as a picture: boxes in layers, each with its state as a shape and a colour.

import { h, s, show } from "./dom.js";
import { LIVE, ORDER, kindOf, shapeAt } from "./states.js";
import { count, figure } from "./words.js";

const WIDTH = 230, LINE = 17;
const NARROW = 640; // pixels; below it layers lie one under the other
const LARGEST = 1.25;
const BUTTONS = 44; // pixels below the picture, in which no box is hidden by them
const READABLE = 0.5; // a picture that begins smaller begins with a part of it
const MOST_EDGES = 1500;

const policy = window.trustedTypes ? window.trustedTypes.createPolicy("park-worker", { createScriptURL: (url) => { if (url !== WORKER) throw new TypeError("no worker of this page"); return url; } }) : null;
const WORKER = new URL("layout-worker.js", import.meta.url).href;

let worker = null;
let asked = 0;
const waiting = new Map();

/** Where each node and edge is; nobody waits for one that another has overtaken. */
function layout(nodes, edges, direction) {
  if (!worker) {
    worker = new Worker(policy ? policy.createScriptURL(WORKER) : WORKER, { type: "module" });
    worker.onmessage = ({ data }) => { const done = waiting.get(data.number); waiting.delete(data.number); if (done) done(data); };
  }
  asked += 1;
  return new Promise((done) => { waiting.set(asked, done); worker.postMessage({ number: asked, nodes, edges, direction }); });
}

const FONTS = { label: "600 12.5px", note: "11px" };
const ruler = document.createElement("canvas").getContext("2d");

/** Return as much of a line as has room, and that there is more of it. */
function cut(text, wide, font) {
  ruler.font = `${FONTS[font]} ${getComputedStyle(document.body).fontFamily}`;
  if (ruler.measureText(text).width <= wide) return text;
  let fits = 0, over = Math.min(text.length, 200);
  while (over - fits > 1) {
    const middle = (fits + over) >> 1;
    if (ruler.measureText(`${text.slice(0, middle).trimEnd()}…`).width <= wide) fits = middle; else over = middle;
  }
  return `${text.slice(0, fits).trimEnd()}…`;
}

export const total = (node) => Object.values(node.counts).reduce((sum, each) => sum + each, 0);

/** The state of a node: of several the most urgent one. */
export function stateOf(node) {
  const names = Object.keys(node.counts);
  if (names.length === 1) return names[0];
  return ["failed", ...LIVE, "cancelled", "completed"].find((each) => node.counts[each]) || "remote";
}

export const named = (node) => (total(node) > 1 && node.entry_point ? node.entry_point.split(":").pop() : node.label || node.entry_point || node.key);

function lines(node) {
  const found = [];
  if (node.condition) found.push(`when ${node.condition}`);
  if (node.progress) { const { done, total: of, values } = node.progress; const [name, value] = Object.entries(values || {}).find(([, each]) => typeof each === "number") || []; found.push([of ? `${figure(done)} of ${figure(of)}` : "", name ? `${name} ${figure(value)}` : ""].filter(Boolean).join(" · ")); }
  else if (node.why && total(node) === 1) found.push(node.why);
  return found.filter(Boolean).slice(0, 2);
}

const isMany = (node) => total(node) > 1;
const height = (node) => 30 + (isMany(node) ? 20 : 0) + LINE * lines(node).length;

// edges of one pair are one line: what travels is said once
function joined(edges) {
  const found = new Map();
  for (const each of edges) {
    const key = `${each.needed}\n${each.by}`;
    const before = found.get(key);
    if (before) before.how.add(each.how); else found.set(key, { needed: each.needed, by: each.by, how: new Set([each.how]) });
  }
  return [...found.values()].map((each) => ({ ...each, label: [...each.how].filter((how) => how !== "completed").join(", ") }));
}

/** Leave out edges that say nothing new: what only has to be over, and is needed by another way as well. */
function reduced(edges) {
  if (edges.length > MOST_EDGES) return edges;
  const from = new Map();
  for (const each of edges) from.set(each.needed, [...(from.get(each.needed) || []), each]);
  const isReached = (edge) => {
    const seen = new Set(), left = (from.get(edge.needed) || []).filter((each) => each !== edge && each.by !== edge.by).map((each) => each.by);
    while (left.length) {
      const key = left.pop();
      if (key === edge.by) return true;
      if (!seen.has(key)) { seen.add(key); left.push(...(from.get(key) || []).map((each) => each.by)); }
    }
    return false;
  };
  return edges.filter((each) => each.label || !isReached(each));
}

const LABELS = { value: "value", file: "file", url: "url", progress: "progress" };

/** A picture inside the picture: what is too long ends at its border. */
const clipped = (x, y, width, height, ...inside) => s("svg", { x, y, width, height }, inside);

export class Picture {
  constructor(onChoose) {
    this.onChoose = onChoose; this.key = ""; this.places = null; this.box = null; this.chosen = null;
    this.svg = s("svg", { role: "group", "aria-label": "Workflow" });
    this.node = h("div", { class: "graph", "data-keep": "picture" }, this.svg,
      h("div", { class: "zoom" }, [["+", "Larger", 0.8], ["−", "Smaller", 1.25]].map(([text, title, factor]) => h("button", { "aria-label": title, title, onclick: () => this.zoom(factor) }, text)), h("button", { onclick: () => this.fit() }, "Fit")));
    this.move();
  }

  async update({ nodes, edges }) {
    this.nodes = nodes;
    this.edges = reduced(joined(edges).filter((each) => each.needed !== each.by));
    const boxes = nodes.map((each) => ({ key: each.key, width: WIDTH, height: height(each) }));
    const direction = this.node.clientWidth < NARROW ? "TB" : "LR";
    const key = JSON.stringify([direction, boxes, this.edges.map((each) => [each.needed, each.by])]);
    if (key !== this.key) {
      const sent = this.edges.map((each) => ({ needed: each.needed, by: each.by, width: each.label ? 8 + each.label.length * 6 : 0 }));
      const places = await layout(boxes, sent, direction);
      const isFirst = !this.places;
      this.places = places; this.key = key; this.drawn = this.edges; this.isDown = direction === "TB";
      const scale = Math.min(LARGEST, this.node.clientWidth / places.width);
      this.node.style.setProperty("height", `min(72vh, ${Math.max(220, Math.round(places.height * Math.max(scale, READABLE)) + 20 + BUTTONS)}px)`);
      if (isFirst) this.begin(); else if (this.isFitted) this.fit();
    }
    this.draw();
  }

  draw() {
    if (!this.places) return;
    const edges = this.drawn.map((each, place) => this.edge(each, this.places.edges[place]));
    show(this.svg,
      s("defs", s("marker", { id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" }, s("path", { d: "M0 0.500 L7.500 4 L0 7.500 Z", class: "arrow" }))),
      s("g", { class: "edges" }, edges), s("g", this.nodes.filter((each) => this.places.nodes[each.key]).map((each) => this.box_of(each))));
    this.view();
  }

  edge(edge, { points, x, y }) {
    // from the middle of one side to the middle of the other
    const from = this.places.nodes[edge.needed], to = this.places.nodes[edge.by];
    const inner = points.slice(1, -1);
    const out = this.isDown ? { x: from.x, y: from.y + from.height / 2 } : { x: from.x + WIDTH / 2, y: from.y };
    const into = this.isDown ? { x: to.x, y: to.y - to.height / 2 } : { x: to.x - WIDTH / 2, y: to.y };
    const [first, ...rest] = [out, ...(inner.length ? inner : [{ x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 }]), into];
    let path = `M${first.x} ${first.y}`;
    for (let place = 0; place < rest.length - 1; place += 1) {
      const a = rest[place], b = rest[place + 1];
      path += place === rest.length - 2 ? ` Q${a.x} ${a.y} ${b.x} ${b.y}` : ` Q${a.x} ${a.y} ${(a.x + b.x) / 2} ${(a.y + b.y) / 2}`;
    }
    if (rest.length === 1) path += ` L${rest[0].x} ${rest[0].y}`;
    return s("g", s("path", { d: path, class: `edge ${edge.how.has("completed") && !edge.label ? "" : "gives"}`, "marker-end": "url(#arrow)" }),
      edge.label && x !== undefined ? s("text", { x, y: y + 4, class: "how" }, [...edge.label.split(", ")].map((each) => LABELS[each] || each).join(", ")) : null);
  }

  box_of(node) {
    const { x, y } = this.places.nodes[node.key];
    const high = height(node), left = x - WIDTH / 2, top = y - high / 2;
    const state = stateOf(node), kind = kindOf(state), many = isMany(node);
    const said = many ? `${count(total(node))} of ${named(node)}: ${ORDER.filter((each) => node.counts[each]).map((each) => `${count(node.counts[each])} ${each}`).join(", ")}` : `${named(node)}, ${state}${node.why ? `: ${node.why}` : ""}`;
    let from = left + 10;
    const wide = WIDTH - 20;
    const parts = many ? ORDER.filter((each) => node.counts[each]).map((each) => { const part = (wide * node.counts[each]) / total(node); const made = s("rect", { x: from, y: top + 28, width: Math.max(1, part), height: 5, class: `fill-${each}` }); from += part; return made; }) : [];
    return s("g", {
      class: `box box-${kind} ${this.chosen === node.key ? "chosen" : ""}`, tabindex: "0", role: "button", "aria-label": said, "data-key": node.key,
      onclick: () => this.onChoose(node), onkeydown: (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); this.onChoose(node); } },
    }, s("title", said),
    many && s("rect", { x: left + 4, y: top - 4, width: WIDTH, height: high, rx: 6, class: "behind" }),
    s("rect", { x: left, y: top, width: WIDTH, height: high, rx: 6, class: "card" }),
    shapeAt(state, left + 9, top + 8, 14),
    clipped(left + 30, top, wide - (many ? 70 : 20), high, s("text", { x: 0, y: 19, class: "label" }, cut(named(node), wide - (many ? 70 : 20), "label"))),
    many && s("text", { x: left + WIDTH - 10, y: top + 19, class: "many" }, `× ${count(total(node))}`),
    parts, clipped(left + 10, top, wide, high,
      many && s("text", { x: 0, y: 45, class: "note" }, cut(ORDER.filter((each) => node.counts[each]).map((each) => `${count(node.counts[each])} ${each}`).join(", "), wide, "note")),
      lines(node).map((line, number) => s("text", { x: 0, y: (many ? 62 : 36) + number * LINE, class: `note ${state === "failed" && !node.condition ? "bad" : ""}` }, cut(line, wide, "note")))));
  }

  // -- how it is seen

  /** All of it where that can be read; else what is most urgent, in a size that can. */
  begin() {
    this.fit();
    const scale = this.node.clientWidth / this.box.w;
    if (scale >= READABLE || !this.nodes.length) return;
    const urgent = ["failed", ...LIVE].map((state) => this.nodes.find((each) => stateOf(each) === state)).find(Boolean) || this.nodes[0];
    const { x, y } = this.places.nodes[urgent.key];
    const w = this.node.clientWidth / (2 * READABLE), high = this.node.clientHeight / (2 * READABLE);
    this.box = { x: x - w / 2, y: y - high / 2, w, h: high };
    this.isFitted = false; this.view();
  }

  fit() {
    if (!this.places) return;
    const { clientWidth: w, clientHeight: hh } = this.node;
    const free = Math.max(1, hh - BUTTONS);
    const scale = Math.min(LARGEST, w / this.places.width, free / this.places.height) || 1;
    this.box = { x: (this.places.width - w / scale) / 2, y: (this.places.height - free / scale) / 2, w: w / scale, h: hh / scale };
    this.isFitted = true; this.view();
  }
  view() { if (this.box) this.svg.setAttribute("viewBox", `${this.box.x} ${this.box.y} ${Math.max(1, this.box.w)} ${Math.max(1, this.box.h)}`); }
  zoom(factor, fx = 0.5, fy = 0.5) {
    if (!this.box) return;
    const { x, y, w, h: high } = this.box;
    const limited = Math.min(Math.max(w * factor, 200), 60000) / w;
    this.box = { x: x + w * fx * (1 - limited), y: y + high * fy * (1 - limited), w: w * limited, h: high * limited };
    this.isFitted = false; this.view();
  }
  move() {
    let last = null;
    this.svg.addEventListener("wheel", (event) => { if (!event.ctrlKey && !event.metaKey && Math.abs(event.deltaX) < 1 && !document.activeElement.closest(".graph") && !event.target.closest(".graph:hover")) return; event.preventDefault(); const at = this.node.getBoundingClientRect(); this.zoom(Math.exp(event.deltaY / 500), (event.clientX - at.left) / at.width, (event.clientY - at.top) / at.height); }, { passive: false });
    this.svg.addEventListener("pointerdown", (event) => { if (event.target.closest(".box")) return; last = [event.clientX, event.clientY]; this.svg.setPointerCapture(event.pointerId); });
    this.svg.addEventListener("pointermove", (event) => { if (!last || !this.box) return; const scale = this.box.w / this.node.clientWidth; this.box.x -= (event.clientX - last[0]) * scale; this.box.y -= (event.clientY - last[1]) * scale; last = [event.clientX, event.clientY]; this.isFitted = false; this.view(); });
    for (const name of ["pointerup", "pointercancel"]) this.svg.addEventListener(name, () => { last = null; });
    this.watcher = new ResizeObserver(() => { if (this.isFitted) this.fit(); });
    this.watcher.observe(this.node);
  }
  close() { this.watcher.disconnect(); }
}

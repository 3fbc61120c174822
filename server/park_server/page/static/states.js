// Each state has a colour and a shape: who does not see the one sees the other.

import { h, s } from "./dom.js";

const SHAPES = {
  waiting: ["circle", { cx: 8, cy: 8, r: 5.5, fill: "none", stroke: "currentColor", "stroke-width": 2, "stroke-dasharray": "2.900 2.900" }],
  queued: ["circle", { cx: 8, cy: 8, r: 5.5, fill: "none", stroke: "currentColor", "stroke-width": 2 }],
  running: ["path", { d: "M4 2.300 L13.600 8 L4 13.700 Z", fill: "currentColor" }],
  completed: ["path", { d: "M2.500 8.500 L6.300 12.300 L13.700 3.900", fill: "none", stroke: "currentColor", "stroke-width": 2.400 }],
  failed: ["path", { d: "M3.500 3.500 L12.500 12.500 M12.500 3.500 L3.500 12.500", fill: "none", stroke: "currentColor", "stroke-width": 2.600 }],
  cancelled: ["path", { d: "M8 2.200 L13.800 8 L8 13.800 L2.200 8 Z M5.300 8 H10.700", fill: "none", stroke: "currentColor", "stroke-width": 1.800 }],
  remote: ["path", { d: "M6 3.500 H3 V13 H12.500 V10 M8.500 3 H13 V7.500 M13 3 L7.500 8.500", fill: "none", stroke: "currentColor", "stroke-width": 1.700 }],
};

/** States of installs, and of what is unknown, by what they look like. */
const LIKE = { ready: "completed", realising: "running", resolving: "running", "awaiting-upload": "waiting", damaged: "failed", evicted: "cancelled", true: "completed", "not-yet": "waiting", never: "failed" };

export const kindOf = (state) => (state in SHAPES ? state : LIKE[state] || "remote");

export function shape(state, { label = true } = {}) {
  const kind = kindOf(state);
  const [tag, attributes] = SHAPES[kind];
  const named = label ? { role: "img", "aria-label": state } : { "aria-hidden": "true" };
  return s("svg", { viewBox: "0 0 16 16", class: `is-${kind}`, ...named }, s(tag, attributes));
}

/** The shape inside a picture, at a place. */
export function shapeAt(state, x, y, size) {
  const [tag, attributes] = SHAPES[kindOf(state)];
  return s("g", { transform: `translate(${x} ${y}) scale(${size / 16})`, class: `is-${kindOf(state)}` }, s(tag, attributes));
}

export const state = (name) => h("span", { class: `state is-${kindOf(name)}` }, shape(name, { label: false }), name);

export const ORDER = ["running", "queued", "waiting", "completed", "failed", "cancelled"];
export const LIVE = ["running", "queued", "waiting"];

/** A job as a line of a list begins. */
export function jobLink(job, to = "jobs") {
  return h("div", { class: "job" }, shape(job.status), h("span", job.kind === "install" ? job.label : h("a", { href: `#/${to}/${job.id}` }, job.label || job.entry_point)));
}

// What goes on: what runs, what waits and for what, what failed and why, and how busy it is.

import { view } from "../api.js";
import { h } from "../dom.js";
import { LIVE, ORDER, jobLink, shape } from "../states.js";
import { ago, between, count, figure, spoken } from "../words.js";

export async function look({ signal, state }) {
  const { value: now, again, fresh } = await view("/now", { signal });
  state.ticking = now.running.length > 0;
  const nothing = ORDER.every((each) => !now.counts[each]) && !now.installs.length;
  return {
    title: "Now", again, fresh,
    content: [
      h("h1", { class: "unseen" }, "Now"),
      h("div", { class: "columns" },
        h("div", counts(now), nothing ? welcome() : [running(now), waiting(now)]),
        h("div", load(now), now.installs.length > 0 && installs(now), failed(now), ended(now))),
    ],
  };
}

function counts(now) {
  return h("section", { "aria-label": "Jobs by state" },
    h("ul", { class: "counts" }, ORDER.map((name) => h("li", { class: now.counts[name] ? "" : "zero" },
      h("a", { href: `#/list/${name}`, class: `state is-${name}`, style: { "text-decoration": "none" } }, shape(name, { label: false }), h("b", count(now.counts[name])), name))),
    h("li", { class: "note" }, "your jobs; of ended ones those of the last day")));
}

/** How far it is; of what is over, in words alone: a fit that has converged is not a fifth of one. */
export function bar(progress, isOver = false) {
  if (!progress) return null;
  const { done, total, values } = progress;
  const said = Object.entries(values || {}).filter(([, each]) => typeof each === "number").slice(0, 2).map(([name, each]) => `${name} ${figure(each)}`);
  const far = total ? `${figure(done)} of ${figure(total)}` : done !== null && done !== undefined ? figure(done) : "";
  return h("div", { class: "soft number" },
    total && !isOver ? h("progress", { value: Math.min(done || 0, total), max: total, "aria-label": "progress" }) : null,
    " ", [far, ...said].filter(Boolean).join(" · "));
}

function running(now) {
  return list("Running", now.running, "Nothing runs.", [["Job", null], ["Since", "right"]], (job) => [
    h("td", jobLink(job), bar(job.progress)),
    h("td", { class: "right tight", "data-label": "for" }, between(job.started || job.submitted)),
  ]);
}

function waiting(now) {
  const more = LIVE.slice(1).reduce((sum, name) => sum + now.counts[name], 0) - now.waiting.length;
  return list("Waiting", now.waiting, "Nothing waits.", [["Job", null], ["Since", "right"]], (job) => [
    h("td", jobLink(job), job.why && h("span", { class: "why" }, spoken(job.why))),
    h("td", { class: "right tight", "data-label": "for" }, between(job.submitted)),
  ], more > 0 ? h("a", { href: "#/list/waiting" }, `and ${count(more)} more`) : null);
}

function failed(now) {
  return list("Failed lately", now.failed, "Nothing failed in the last week.", [["Job", null], ["When", "right"]], (job) => [
    h("td", jobLink(job), h("span", { class: "why bad" }, job.why || "")),
    h("td", { class: "right tight" }, ago(job.finished)),
  ]);
}

function ended(now) {
  return list("Ended lately", now.ended, "Nothing ended in the last week.", [["Job", null], ["When", "right"]], (job) => [
    h("td", jobLink(job), job.memoized_from ? h("span", { class: "why" }, "answered by an earlier run") : job.status === "cancelled" ? h("span", { class: "why" }, job.why || "") : null),
    h("td", { class: "right tight" }, ago(job.finished)),
  ]);
}

function installs(now) {
  return list("Environments under way", now.installs, "", [["Install", null], ["Stage", null]], (each) => [h("td", jobLink(each)), h("td", each.status)]);
}

function list(title, items, none, heads, row, side) {
  return h("section", { "aria-label": title },
    h("header", h("h2", title), items.length > 0 && h("span", { class: "soft number" }, count(items.length)), side && h("span", { class: "side" }, side)),
    items.length
      ? h("table", { class: "stack" }, h("thead", { class: "unseen" }, h("tr", heads.map(([text, name]) => h("th", { class: name, scope: "col" }, text)))), h("tbody", items.map((each) => h("tr", row(each)))))
      : h("p", { class: "none" }, none));
}

function load(now) {
  const meters = [["Slots", now.slots_taken, now.slots], ...now.pools.map((pool) => [pool.name, pool.taken, pool.size])];
  return h("section", { "aria-label": "Load" },
    h("header", h("h2", "Load"), h("span", { class: "soft" }, "of the whole service")),
    h("div", { class: "body meter" }, meters.map(([name, taken, size]) => [
      h("span", name),
      h("span", { class: `track ${taken >= size && size ? "full" : ""}`, role: "img", "aria-label": `${taken} of ${size} taken` }, h("i", { style: { width: `${size ? Math.min(100, (100 * taken) / size) : 0}%` } })),
      h("span", { class: "number" }, `${figure(taken)} of ${figure(size)}`)])));
}

function welcome() {
  return h("section", h("header", h("h2", "No jobs yet")), h("div", { class: "body" },
    h("p", "Run one from where your model is:"),
    h("pre", { style: { "margin-top": "8px" } }, `park service add lab ${location.origin}\npark login lab\npark run mymodel:fit`)));
}

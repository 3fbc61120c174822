// What differs between two environments: packages as a table, and the sources of local ones.

import { get, part } from "../api.js";
import { h } from "../dom.js";
import { count, plural } from "../words.js";

const OPEN_LINES = 400; // a file with more begins closed
const isTree = (version) => /\+t[0-9a-f]+$/.test(version || "");

export async function difference(one, other, state, signal) {
  const key = `${one} ${other}`;
  if (state.differenceKey !== key) { state.differenceKey = key; state.sources = new Map(); state.both = null; }
  // environments never change: asked for once
  state.both ||= await Promise.all([one, other].map((each) => get(`/environments/${part(each)}`, { signal })));
  const [a, b] = state.both;
  const left = versions(a), right = versions(b);
  const names = [...new Set([...left.keys(), ...right.keys()])].sort((x, y) => (x === "Python" ? -1 : y === "Python" ? 1 : x < y ? -1 : 1));
  const differing = names.filter((each) => left.get(each) !== right.get(each));
  const local = differing.filter((each) => isTree(left.get(each)) && isTree(right.get(each)));
  await Promise.all(local.map((each) => source(each, a, b, state, signal)));
  const same = names.filter((each) => left.get(each) === right.get(each) && each !== "Python").length;
  return [
    h("div", { class: "head" }, h("h1", "Difference"),
      h("span", { class: "soft" }, `${differing.length ? `${plural(differing.filter((each) => each !== "Python").length, "package differs", "packages differ")}` : "no package differs"}, ${same > 1 ? `${count(same)} are the same` : `${same || "none"} is the same`}`),
      h("div", { class: "actions" }, h("a", { class: "button", href: `#/environments/${other}/${one}` }, "Other way round"))),
    differing.length > 0 && h("section", { "aria-label": "Difference" }, h("table", { class: "stack" },
      h("thead", h("tr", h("th", { scope: "col" }, "Package"), head("from", a), head("to", b))),
      h("tbody", differing.map((each) => h("tr", h("td", h("b", each)), cell("from", left.get(each), "only-a"), cell("to", right.get(each), "only-b")))))),
    local.map((each) => sources(each, state.sources.get(each))),
  ];
}

const versions = (found) => new Map([["Python", found.python_full || found.environment.python], ...found.packages.map((each) => [each.name, each.version])]);
const head = (name, { environment }) => h("th", { scope: "col" }, `${name} `, h("a", { href: `#/environments/${environment.lock_hash}` }, environment.projects.join(", ") || "environment"), " ", h("span", { class: "mono" }, environment.lock_hash.slice(0, 8)));
const cell = (label, version, kind) => h("td", { class: "mono", "data-label": label }, version ? h("span", { class: kind }, version) : h("span", { class: "soft" }, "not there"));

async function source(name, a, b, state, signal) {
  if (state.sources.has(name)) return;
  const path = `/environments/${a.environment.lock_hash}/differences/${b.environment.lock_hash}/${part(name)}`;
  try { state.sources.set(name, await get(path, { signal })); } catch (error) {
    if (error.name === "AbortError") throw error;
    state.sources.set(name, { problem: error.message });
  }
}

function sources(name, found) {
  if (found.problem) return h("section", { "aria-label": `Source of ${name}` }, h("header", h("h2", `Source of ${name}`)), h("p", { class: "none" }, found.problem));
  const files = found.files;
  return h("section", { "aria-label": `Source of ${name}`, class: "source" },
    h("header", h("h2", `Source of ${name}`), h("span", { class: "side soft" }, plural(files.length + found.left_out, "file differs", "files differ"))),
    files.length ? files.map(file) : h("p", { class: "none" }, "What is packed is the same: the trees differ in what is not."),
    found.left_out > 0 && h("p", { class: "none" }, `and ${count(found.left_out)} more`));
}

function file(each) {
  const said = each.change === "changed" ? null : h("span", { class: "tag" }, each.change);
  return h("details", { open: each.lines.length <= OPEN_LINES },
    h("summary", h("span", { class: "mono" }, each.name), " ", said, " ",
      each.added > 0 && h("span", { class: "number plus" }, `+${count(each.added)}`), " ", each.removed > 0 && h("span", { class: "number minus" }, `−${count(each.removed)}`)),
    each.lines.length > 0 && h("div", { class: "scroll", tabindex: "0" }, h("table", { class: "diff" }, h("thead", { class: "unseen" }, h("tr", ["Line before", "Line now", "Text"].map((text) => h("th", { scope: "col" }, text)))), h("tbody", lines(each.lines)))),
    each.note && h("p", { class: "none soft" }, each.note));
}

const PLACE = /^@@ -(\d+)(?:,\d+)? \+(\d+)/;
const KINDS = { "+": "plus", "-": "minus" };

function lines(all) {
  let before = 0, now = 0;
  return all.map((line) => {
    const place = PLACE.exec(line);
    if (place) { before = Number(place[1]); now = Number(place[2]); return h("tr", { class: "place" }, h("td"), h("td"), h("td", line)); }
    const sign = line[0];
    const row = h("tr", { class: KINDS[sign] || null }, h("td", { class: "at" }, sign === "+" ? "" : before), h("td", { class: "at" }, sign === "-" ? "" : now), h("td", h("span", { class: "sign" }, sign === " " ? " " : sign), line.slice(1)));
    if (sign !== "+") before += 1;
    if (sign !== "-") now += 1;
    return row;
  });
}

// A workflow: as a picture, and as a list for who reads.

import { get, view } from "../api.js";
import { h, say } from "../dom.js";
import { Picture, named, stateOf, total } from "../picture.js";
import { ORDER, jobLink, shape, state as stateLine } from "../states.js";
import { between, brief, count, plural, spoken } from "../words.js";

export async function look({ rest: [id], state, signal, refresh }) {
  if (!id) {
    const [newest] = await get("/jobs", { signal, query: { limit: 1 } });
    if (!newest) return { title: "Workflow", content: h("section", h("header", h("h2", "Workflow")), h("p", { class: "none" }, "You have no jobs here.")) };
    id = newest.id;
  }
  state.unfolded ||= new Set();
  const { value: flow, again, fresh } = await view("/workflow", { signal, query: { job: id, unfold: [...state.unfolded] } });
  state.flow = flow;
  state.picture ||= new Picture((node) => choose(state, node, refresh, signal));
  state.close = () => state.picture.close();
  const chosen = flow.nodes.find((each) => each.key === state.chosen);
  if (state.chosen && !chosen) state.chosen = null;
  state.picture.chosen = state.chosen;
  if (chosen && isMany(chosen)) state.members = await members(flow, chosen, signal);
  // what is in the document can be measured; the picture lays itself out when it is there
  requestAnimationFrame(() => state.picture.update(flow).catch(console.error));
  const said = ORDER.filter((each) => flow.counts[each]).map((each) => `${count(flow.counts[each])} ${each}`).join(", ");
  if (state.said && state.said !== said && flow.jobs < 50) say(said);
  state.said = said;
  state.ticking = Boolean(flow.counts.running) && !flow.by_function;
  return {
    title: "Workflow", again, fresh,
    content: [
      h("div", { class: "head" }, h("h1", "Workflow"), h("span", { class: "soft number" }, plural(flow.jobs, "job")),
        h("ul", { class: "counts", style: { padding: "0", gap: "2px 16px" } }, ORDER.filter((each) => flow.counts[each]).map((each) => h("li", h("span", { class: `state is-${each}` }, shape(each, { label: false }), count(flow.counts[each]), " ", each)))),
        flow.by_function && h("span", { class: "tag" }, "all calls of one function in one box"),
        state.unfolded.size > 0 && h("div", { class: "actions" }, h("button", { onclick: () => { state.unfolded.clear(); refresh(); } }, "Fold all"))),
      h("div", { class: `split ${chosen ? "open" : ""}` },
        h("section", { "aria-label": "Picture" }, state.picture.node),
        chosen ? panel(state, chosen, refresh) : null),
      h("details", { style: { "margin-top": "16px" }, open: state.isListed ?? flow.nodes.length <= FEW, ontoggle: (event) => { state.isListed = event.target.open; } }, h("summary", "As a list"), list(flow)),
    ],
  };
}

const FEW = 40; // pieces that are listed below their picture; of more somebody asks for the list

const isMany = (node) => total(node) > 1;

function choose(state, node, refresh) {
  state.chosen = state.chosen === node.key ? null : node.key;
  state.members = null;
  refresh();
}

function members(flow, node, signal) {
  if (!flow.by_function) return null;
  return get("/workflow/members", { signal, query: { job: flow.job, key: node.key, limit: 60 } });
}

function panel(state, node, refresh) {
  const { flow } = state;
  const name = new Map(flow.nodes.map((each) => [each.key, each]));
  const link = (key, how) => { const other = name.get(key); return other && h("li", h("span", { class: "job" }, shape(stateOf(other)), h("span", other.label, h("span", { class: "soft" }, ` · ${how}`)))); };
  const needs = flow.edges.filter((each) => each.by === node.key && each.needed !== node.key);
  const gives = flow.edges.filter((each) => each.needed === node.key && each.by !== node.key);
  const many = isMany(node);
  const remote = node.service && /^https?:\/\//.test(node.service) ? node.service.replace(/\/$/, "") : null;
  return h("section", { "aria-label": "Chosen" },
    h("header", h("h2", { style: { "overflow-wrap": "anywhere" } }, node.label), h("button", { class: "side", "aria-label": "Close", onclick: () => { state.chosen = null; refresh(); } }, "Close")),
    h("div", { class: "body" },
      many ? h("p", plural(total(node), "job")) : h("p", stateLine(stateOf(node)), " ", node.job && h("span", { class: "soft mono" }, brief(node.job))),
      node.why && h("p", { class: stateOf(node) === "failed" ? "is-failed" : "soft", style: { "margin-top": "6px" } }, spoken(node.why)),
      node.condition && h("p", { style: { "margin-top": "6px" } }, "Starts when ", h("code", node.condition)),
      !many && node.entry_point && !node.service && h("p", { style: { "margin-top": "10px" } }, h("a", { class: "button", href: `#/jobs/${node.job || node.key}` }, "Open the job")),
      remote && h("p", { style: { "margin-top": "10px" } }, h("a", { href: `${remote}/#/jobs/${encodeURIComponent(node.key)}`, rel: "noreferrer" }, `On ${remote}`)),
      node.is_foldable && h("p", { style: { "margin-top": "10px" } }, h("button", { onclick: () => { state.unfolded.add(node.key); state.chosen = null; refresh(); } }, "Unfold")),
      needs.length > 0 && [h("h3", { style: { "margin-top": "12px" } }, "Needs"), h("ul", { class: "chain" }, needs.map((each) => link(each.needed, each.how)))],
      gives.length > 0 && [h("h3", { style: { "margin-top": "12px" } }, "Is needed by"), h("ul", { class: "chain" }, gives.map((each) => link(each.by, each.how)))]),
    state.members && h("table", h("thead", { class: "unseen" }, h("tr", h("th", "Job"), h("th", "Took"))), h("tbody", state.members.map((job) => h("tr", h("td", jobLink(job), job.why && h("span", { class: `why ${job.status === "failed" ? "bad" : ""}` }, spoken(job.why))), h("td", { class: "right tight" }, job.started ? between(job.started, job.finished) : ""))))));
}

function list(flow) {
  const name = new Map(flow.nodes.map((each) => [each.key, named(each)]));
  return h("section", { "aria-label": "As a list", style: { "margin-top": "8px" } }, h("table", { class: "stack" },
    h("thead", h("tr", ["Piece", "State", "Needs", "Why"].map((each) => h("th", { scope: "col" }, each)))),
    h("tbody", flow.nodes.map((node) => h("tr",
      h("td", node.entry_point && node.job && !isMany(node) ? h("a", { href: `#/jobs/${node.job}` }, named(node)) : named(node), isMany(node) && h("span", { class: "soft" }, ` × ${count(total(node))}`)),
      h("td", isMany(node) ? ORDER.filter((each) => node.counts[each]).map((each) => `${count(node.counts[each])} ${each}`).join(", ") : stateLine(stateOf(node))),
      h("td", { "data-label": "needs" }, flow.edges.filter((each) => each.by === node.key).map((each) => `${name.get(each.needed) || brief(each.needed)} (${each.how})`).join(", ")),
      h("td", spoken(node.condition ? `when ${node.condition}` : node.why || "")))))));
}

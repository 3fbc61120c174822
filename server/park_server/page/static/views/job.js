// One job: what it is, why it is where it is, and what it has left.

import { ask, get } from "../api.js";
import { h, say } from "../dom.js";
import { some } from "../many.js";
import { Log } from "../log.js";
import { plot } from "../plot.js";
import { address, preview } from "../preview.js";
import { state as stateOf } from "../states.js";
import { ago, between, brief, bytes, count, spoken, when } from "../words.js";
import { bar } from "./now.js";

const FINAL = new Set(["completed", "failed", "cancelled"]);

export async function look({ rest: [id], state, signal, refresh }) {
  const job = await get(`/jobs/${encodeURIComponent(id)}`, { signal });
  const of = `/jobs/${job.id}`;
  const [why, explained] = await Promise.all([get(`${of}/why`, { signal }), FINAL.has(job.status) && job.kind === "call" ? get(`${of}/explain`, { signal }).catch(() => null) : null]);
  if (!state.call || (FINAL.has(job.status) && !state.callIsWhole)) { state.call = await get(`${of}/call`, { signal }).catch(() => ({ arguments: [], left_out: 0 })); state.callIsWhole = FINAL.has(job.status); }
  if (job.status === "failed" && state.traceback === undefined) state.traceback = (await get(`${of}/traceback`, { signal })).traceback;
  if (!state.environment && job.lock_hash) state.environment = await get(`/environments/${job.lock_hash}`, { signal }).catch(() => null);
  await progress(job, state, signal);
  begin(job, state, signal);
  state.ticking = job.status === "running" && job.progress !== null;
  if (state.status && state.status !== job.status) say(`${job.label} is ${job.status}`);
  state.status = job.status;
  return {
    title: job.label,
    content: [
      head(job, state, refresh),
      h("div", { class: "columns" },
        h("div", reason(job, why, explained, state), state.curves ? state.curves.node : null, state.log ? state.log.node : null, result(state)),
        h("div", call(job, state), files(job, state, signal, refresh), timeline(job), environment(job, state))),
    ],
  };
}

function begin(job, state, signal) {
  if (!state.log && job.kind === "call" && (job.started || job.memoized_from)) state.log = new Log(job.id, signal);
  state.opened ||= new Map();
  state.close = () => { if (state.curves) state.curves.close(); state.opened.forEach((each) => each && each.close && each.close()); };
}

// -- the head

function head(job, state, refresh) {
  const act = (text, path, then) => async (event) => {
    event.target.disabled = true;
    try { const answer = await get(path, { method: "POST" }); say(text); then(answer); } catch (error) { state.problem = error; refresh(); } finally { event.target.disabled = false; }
  };
  const isOver = FINAL.has(job.status);
  return h("div",
    state.problem && h("div", { class: "problem", role: "alert" }, h("p", state.problem.message), state.problem.hint && h("p", state.problem.hint)),
    h("div", { class: "head" },
      h("h1", job.label), stateOf(job.status),
      h("span", { class: "soft mono" }, brief(job.id)),
      h("div", { class: "actions" },
        h("a", { class: "button", href: `#/workflow/${job.id}` }, "Workflow"),
        !isOver && h("button", { class: "bad", onclick: act("cancelled", `/jobs/${job.id}/cancel`, refresh) }, "Cancel"),
        isOver && job.kind === "call" && h("button", { onclick: act("submitted once more", `/jobs/${job.id}/again`, (made) => { location.hash = `#/jobs/${made.id}`; }) }, "Run again"))));
}

// -- why

const INDENT = /^ */;

/** A traceback without where the environment is: each of its lines begins with that. */
const short = (text) => text.replace(/"[^"\n]*\/[0-9a-f]{64}\/(?:lib\/python[\d.]+\/site-packages\/)?/g, '"…/');

/** Whether a line says nothing besides another one, as "did not run: " before the reason does. */
const repeats = (line, known) => Boolean(known) && line.replace(/^[^:]*: /, "") === known;

function reason(job, why, explained, state) {
  const chain = why.chain || [];
  return h("section", { "aria-label": "Why" },
    h("header", h("h2", { waiting: "Why it waits", queued: "Why it is not running yet", running: "How far it is", completed: "How it came to that", failed: "Why it failed", cancelled: "Why it was cancelled" }[job.status])),
    h("div", { class: "body" },
      h("p", { class: job.status === "failed" ? "is-failed" : null }, spoken(why.line || "its turn comes")),
      job.progress && bar(job.progress, FINAL.has(job.status)),
      job.memoized_from && h("p", "Nothing ran: job ", h("a", { href: `#/jobs/${job.memoized_from}` }, brief(job.memoized_from)), " had left the answer."),
      explained && explained.line && !repeats(explained.line, why.line) && h("p", { class: "soft" }, spoken(explained.line)),
      job.asked_for && h("p", { class: "soft" }, `Its client has ${job.asked_for}.`),
      chain.length > 0 && h("ul", { class: "chain" }, chain.map((line) => h("li", { style: { "padding-left": `${Math.min(20, INDENT.exec(line)[0].length) * 8}px` } }, spoken(line.trim())))),
      explained && explained.chain && explained.chain.length > 0 && h("details", h("summary", "What was compared"), h("ul", { class: "chain" }, explained.chain.map((line) => h("li", line.trim())))),
      state.traceback && h("details", { open: true, style: { "margin-top": "8px" } }, h("summary", "Traceback"), h("pre", { tabindex: "0", class: "mono", style: { "max-height": "40vh", overflow: "auto", "margin-top": "6px" } }, short(state.traceback)))));
}

// -- progress

async function progress(job, state, signal) {
  if (!job.progress || job.kind !== "call") return;
  const found = await get(`/jobs/${job.id}/progress`, { signal });
  const names = Object.keys(found.values);
  const best = names.find((each) => /chisq|chi2|loss|error|cost/i.test(each)) || names[0];
  if (found.time.length < 2 || (!best && found.done.every((each) => each === null))) return;
  const stepped = found.done.some((each) => each !== null) && best;
  const x = stepped ? { label: "step", values: found.done } : { label: "seconds", values: found.time.map((each) => each - found.time[0]) };
  const y = best ? { label: best, values: found.values[best] } : { label: "done", values: found.done };
  const kept = x.values.map((each, number) => number).filter((number) => x.values[number] !== null && (number === 0 || x.values[number] >= x.values[number - 1]));
  const values = kept.map((number) => y.values[number]);
  const series = [{ label: y.label, values }];
  const positive = values.filter((each) => each > 0);
  const log = positive.length === values.filter((each) => each !== null).length && Math.max(...positive) > 30 * Math.min(...positive);
  const xs = kept.map((number) => x.values[number]);
  if (state.plot && state.plotKind === `${y.label} ${x.label} ${log}`) { state.plot.update(xs, series); state.plotNote.textContent = `${count(found.reports)} reports`; return; }
  if (state.plot) state.plot.close();
  state.plotKind = `${y.label} ${x.label} ${log}`;
  state.plot = plot({ label: `${y.label} against ${x.label}`, x: { label: x.label, values: xs }, series, log });
  state.plotNote = h("span", { class: "side soft number" }, `${count(found.reports)} reports`);
  state.curves = { node: h("section", { "aria-label": "Progress", "data-keep": `progress ${state.plotKind}` }, h("header", h("h2", `${y.label} against ${x.label}`), state.plotNote), state.plot.node), close: () => state.plot.close() };
}

// -- call and result

function call(job, { call: found }) {
  const rows = found.arguments.map((each, number) => [h("dt", { class: "mono" }, each.name === null ? `${number + 1}.` : each.name), h("dd", each.job ? h("a", { href: `#/jobs/${each.job}`, class: "mono" }, each.text) : h("pre", each.text))]);
  return h("section", { "aria-label": "Call" },
    h("header", h("h2", "Call")),
    h("div", { class: "body" },
      h("p", { class: "mono", style: { "margin-bottom": rows.length ? "8px" : "0", "overflow-wrap": "anywhere" } }, found.entry_point || job.entry_point, found.by_value && h("span", { class: "soft" }, ` (${found.by_value}, sent along)`)),
      rows.length ? h("dl", { class: "facts" }, rows) : h("p", { class: "soft" }, job.kind === "call" ? "without arguments" : `a ${job.kind}`),
      found.left_out > 0 && h("p", { class: "soft" }, `and ${count(found.left_out)} more`)));
}

function result({ call: found }) {
  if (!found.result) return null;
  return h("section", { "aria-label": "Result" }, h("header", h("h2", "Result")), h("div", { class: "body" }, h("pre", { tabindex: "0", style: { "max-height": "50vh", overflow: "auto" } }, found.result)));
}

// -- files

function files(job, state, signal, refresh) {
  if (!job.files.length) return null;
  const total = job.files.reduce((sum, each) => sum + each.size, 0);
  const [shown, rest] = some(state, refresh, job.files, 500);
  const toggle = (name) => async () => {
    if (state.opened.has(name)) { const before = state.opened.get(name); state.opened.delete(name); if (before && before.close) before.close(); refresh(); return; }
    state.opened.set(name, null);
    let made;
    try { made = await preview(job.id, name, signal); } catch (error) { made = { node: h("p", { class: "none" }, error.message), close: () => {} }; }
    made.node.setAttribute("data-keep", `preview ${name}`);
    state.opened.set(name, made);
    refresh();
  };
  return h("section", { "aria-label": "Files" },
    h("header", h("h2", "Files"), h("span", { class: "side soft number" }, `${count(job.files.length)}, ${bytes(total)}`)),
    h("table", h("thead", { class: "unseen" }, h("tr", h("th", "File"), h("th", "Size"), h("th", "Download"))), h("tbody", shown.map((file) => [
      h("tr", h("td", h("button", { class: "plain", "aria-expanded": String(state.opened.has(file.name)), onclick: toggle(file.name) }, file.name)), h("td", { class: "right tight" }, bytes(file.size)), h("td", { class: "tight" }, h("a", { href: address(job.id, file.name), download: file.name.split("/").pop(), "aria-label": `Download ${file.name}` }, "download"))),
      state.opened.get(file.name) && h("tr", { class: "preview" }, h("td", { colspan: "3", style: { padding: "0" } }, state.opened.get(file.name).node))]))), rest);
}

// -- when and where

function timeline(job) {
  const steps = [["submitted", job.submitted, job.submitted_from ? `from ${job.submitted_from}` : ""]];
  if (job.memoized_from) steps.push(["answered", job.finished, "by an earlier run"]);
  else {
    const before = job.failures - (job.status === "failed" ? 1 : 0); // the last one is the end
    if (before > 0) steps.push([`failed ${count(before)} ${before === 1 ? "time" : "times"} before`, null, job.not_before ? `tried again ${when(job.not_before)}` : ""]);
    if (job.started) steps.push(["started", job.started, `after ${between(job.submitted, job.started)}${job.attempt > 1 ? `, attempt ${job.attempt}` : ""}`]);
    if (job.stop_by && !job.finished) steps.push(["asked to stop", null, `killed ${when(job.stop_by)}`]);
    if (job.finished) steps.push([job.status, job.finished, job.started ? `after ${between(job.started, job.finished)}` : ""]);
  }
  return h("section", { "aria-label": "Timeline" }, h("header", h("h2", "Timeline")),
    h("ol", { class: "line body" }, steps.map(([name, moment, note]) => h("li", h("span", h("b", name), note && h("span", { class: "soft" }, ` ${note}`)), h("time", { datetime: moment, title: ago(moment), class: "soft number" }, when(moment))))));
}

function environment(job, { environment: found }) {
  if (!job.lock_hash) return null;
  const about = found && found.environment;
  return h("section", { "aria-label": "Environment" }, h("header", h("h2", "Environment")),
    h("div", { class: "body" }, h("dl", { class: "facts" },
      h("dt", "Lock"), h("dd", h("a", { href: `#/environments/${job.lock_hash}`, class: "mono" }, job.lock_hash.slice(0, 12))),
      about && [h("dt", "Projects"), h("dd", about.projects.join(", ")), h("dt", "Python"), h("dd", found.python_full || about.python), h("dt", "Packages"), h("dd", `${count(about.packages)}, with ${bytes(about.size_bytes)}`)],
      job.runtime_hash && [h("dt", "park there"), h("dd", { class: "mono" }, job.runtime_hash.slice(0, 12))],
      job.pid && [h("dt", "Process"), h("dd", { class: "number" }, job.pid)])));
}

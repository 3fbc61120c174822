// All jobs, by state and label.

import { get } from "../api.js";
import { h } from "../dom.js";
import { ORDER, jobLink } from "../states.js";
import { ago, between } from "../words.js";

export async function look({ rest: [status = ""], state, signal, refresh }) {
  state.limit ||= 100;
  state.label ??= "";
  const jobs = await get("/jobs", { signal, query: { status, label: state.label, limit: state.limit } });
  state.ticking = jobs.some((job) => job.status === "running");
  const chosen = (name) => (status === name ? "page" : null);
  return {
    title: status ? `Jobs ${status}` : "Jobs",
    content: [
      h("div", { class: "head" }, h("h1", "Jobs"),
        h("div", { class: "tools" },
          h("nav", { class: "tools", "aria-label": "States" }, [["", "all"], ...ORDER.map((each) => [each, each])].map(([name, text]) => h("a", { href: `#/list/${name}`, "aria-current": chosen(name), class: chosen(name) ? "tag" : "" }, text))),
          h("label", "Label ", h("input", { type: "search", value: state.label, placeholder: "a part of it", oninput: (event) => { state.label = event.target.value; state.limit = 100; refresh(); } })))),
      h("section", { "aria-label": "Jobs" },
        jobs.length ? h("table", { class: "stack" },
          h("thead", h("tr", ["Job", "Submitted", "Took", "From"].map((each) => h("th", { scope: "col", class: each === "Took" && "right" }, each)))),
          h("tbody", jobs.map((job) => h("tr",
            h("td", jobLink(job), job.error && h("span", { class: `why ${job.status === "failed" ? "bad" : ""}` }, job.error)),
            h("td", { class: "tight", "data-label": "submitted" }, ago(job.submitted)),
            h("td", { class: "right tight", "data-label": "took" }, job.memoized_from ? "answered" : job.started ? between(job.started, job.finished) : null),
            h("td", { class: "tight soft", "data-label": "from" }, job.submitted_from))))) : h("p", { class: "none" }, "No such jobs.")),
      jobs.length >= state.limit && h("p", { style: { "margin-top": "12px" } }, h("button", { onclick: () => { state.limit *= 4; refresh(); } }, "Older ones")),
    ],
  };
}

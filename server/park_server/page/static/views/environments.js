// Environments: what is in each, what differs between two, and what they take.

import { BASE, get } from "../api.js";
import { h, say } from "../dom.js";
import { some } from "../many.js";
import { state as stateOf } from "../states.js";
import { ago, bytes, count, plural, when } from "../words.js";
import { difference } from "./difference.js";

const shownAs = (each) => each.projects.join(", ") || each.lock_hash.slice(0, 12);

export async function look({ rest: [id, other], state, signal, refresh, who }) {
  if (id && other) return { title: "Difference", content: await difference(id, other, state, signal) };
  const [all, storage] = await Promise.all([get("/environments", { signal }), get("/storage", { signal })]);
  if (id) return { title: "Environment", content: await detail(id, all, state, signal, refresh, who) };
  state.wanted ??= "";
  const wanted = state.wanted.toLowerCase();
  const found = all.filter((each) => `${each.projects.join(" ")} ${each.lock_hash} ${each.installed_by.join(" ")}`.toLowerCase().includes(wanted));
  const [shown, rest] = some(state, refresh, found, 300);
  return {
    title: "Environments",
    content: [
      h("div", { class: "head" }, h("h1", "Environments"), h("span", { class: "soft number" }, `${plural(storage.environments, "environment")}, ${bytes(storage.environments_bytes + storage.store_bytes)} with ${plural(storage.wheels, "wheel")} that they share${storage.quota_bytes === null ? "" : `, of ${bytes(storage.quota_bytes)}`}`),
        h("label", "Find ", h("input", { type: "search", value: state.wanted, placeholder: "project, version, lock, user", size: 26, oninput: (event) => { state.wanted = event.target.value; refresh(); } }))),
      h("section", { "aria-label": "Environments" }, found.length ? h("table", { class: "stack" },
        h("thead", h("tr", ["Projects", "State", "Python", "Whole", "Own", "Last used", "Installed by"].map((each) => h("th", { scope: "col", class: ["Whole", "Own"].includes(each) && "right" }, each)))),
        h("tbody", shown.map((each) => h("tr",
          h("td", h("a", { href: `#/environments/${each.lock_hash}` }, shownAs(each)), each.pinned_by.length > 0 && h("span", { class: "tag", style: { "margin-left": "8px" } }, "pinned")),
          h("td", { class: "tight" }, stateOf(each.status)), h("td", { class: "tight", "data-label": "Python" }, each.python),
          h("td", { class: "right tight", "data-label": "whole" }, bytes(each.size_bytes)), h("td", { class: "right tight", "data-label": "own" }, bytes(each.own_bytes)),
          h("td", { class: "tight", "data-label": "last used" }, each.last_used ? ago(each.last_used) : "never"), h("td", { "data-label": "by" }, each.installed_by.join(", ")))))) : h("p", { class: "none" }, "No such environments."), rest)],
  };
}

function acting(state, refresh) {
  return (text, path, method, sure) => async (event) => {
    if (sure && state.sure !== path) { state.sure = path; refresh(); return; }
    state.sure = null; event.target.disabled = true;
    try { await get(path, { method }); state.problem = null; say(text); } catch (error) { state.problem = error; } finally { refresh(); }
  };
}

async function detail(id, all, state, signal, refresh, who) {
  const found = await get(`/environments/${encodeURIComponent(id)}`, { signal });
  const about = found.environment, of = `/environments/${about.lock_hash}`;
  const act = acting(state, refresh);
  const isPinned = about.pinned_by.includes(who.user);
  const others = all.filter((each) => each.lock_hash !== about.lock_hash);
  return [
    state.problem && h("div", { class: "problem", role: "alert" }, h("p", state.problem.message), state.problem.hint && h("p", state.problem.hint)),
    h("div", { class: "head" }, h("h1", shownAs(about)), stateOf(about.status), h("span", { class: "soft mono" }, about.lock_hash.slice(0, 12)),
      h("div", { class: "actions" },
        h("a", { class: "button", href: `${BASE}/locks/${about.lock_hash}`, download: `pylock.${about.lock_hash.slice(0, 12)}.toml` }, "Download the lock"),
        h("button", { onclick: act(isPinned ? "no longer pinned" : "pinned", `${of}/pin`, isPinned ? "DELETE" : "PUT") }, isPinned ? "Unpin" : "Pin"),
        about.status !== "evicted" && h("button", { class: "bad", onclick: act("evicted", of, "DELETE", true) }, state.sure === of ? "Evict it? Its lock stays" : "Evict"))),
    h("div", { class: "columns" },
      h("div", h("section", { "aria-label": "Packages" }, h("header", h("h2", "Packages"), h("span", { class: "side soft number" }, count(found.packages.length))),
        h("table", h("thead", { class: "unseen" }, h("tr", h("th", "Name"), h("th", "Version"))), h("tbody", found.packages.map((each) => h("tr", h("td", each.name), h("td", { class: "mono" }, each.version))))))),
      h("div",
        h("section", { "aria-label": "About" }, h("header", h("h2", "About")), h("div", { class: "body" }, h("dl", { class: "facts" },
          h("dt", "Python"), h("dd", found.python_full || about.python), h("dt", "Whole"), h("dd", bytes(about.size_bytes)), h("dt", "Own"), h("dd", `${bytes(about.own_bytes)}, the rest is shared`),
          h("dt", "Made"), h("dd", when(about.created)), h("dt", "Last used"), h("dd", about.last_used ? when(about.last_used) : "never"), h("dt", "Installed by"), h("dd", about.installed_by.join(", ") || "nobody any more"), h("dt", "Pinned by"), h("dd", about.pinned_by.join(", ") || "nobody"),
          found.path && [h("dt", "Path"), h("dd", { class: "mono" }, found.path)]),
          found.conflicts.length > 0 && h("details", h("summary", plural(found.conflicts.length, "path that several wheels own", "paths that several wheels own")), h("ul", { class: "chain" }, found.conflicts.slice(0, 100).map((each) => h("li", each)))))),
        h("section", { "aria-label": "Compare" }, h("header", h("h2", "Compare with")), others.length ? h("div", { class: "body" }, h("select", { "aria-label": "Compare with", onchange: (event) => { if (event.target.value) location.hash = `#/environments/${about.lock_hash}/${event.target.value}`; } },
          h("option", { value: "" }, "choose another"), others.slice(0, 300).map((each) => h("option", { value: each.lock_hash }, `${shownAs(each)} (${each.lock_hash.slice(0, 8)})`)))) : h("p", { class: "none" }, "There is no other.")))),
  ];
}

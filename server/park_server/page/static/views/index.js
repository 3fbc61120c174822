// The index: projects, their files, and what was taken back.

import { get } from "../api.js";
import { h, say } from "../dom.js";
import { ago, bytes, count, plural } from "../words.js";

export async function look({ rest: [name], state, signal, refresh, who }) {
  if (name) return project(name, state, signal, refresh, who);
  const all = await get("/index/projects", { signal });
  state.wanted ??= "";
  const found = all.filter((each) => each.name.includes(state.wanted.toLowerCase()));
  return {
    title: "Index",
    content: [
      h("div", { class: "head" }, h("h1", "Index"), h("span", { class: "soft number" }, plural(all.length, "project")),
        h("label", "Find ", h("input", { type: "search", value: state.wanted, oninput: (event) => { state.wanted = event.target.value; refresh(); } }))),
      h("section", { "aria-label": "Projects" }, found.length ? h("table", { class: "stack" },
        h("thead", h("tr", ["Project", "Released", "Your trees", "Size", "Status"].map((each) => h("th", { scope: "col" }, each)))),
        h("tbody", found.slice(0, 500).map((each) => h("tr", h("td", h("a", { href: `#/index/${encodeURIComponent(each.name)}` }, each.name)),
          h("td", { class: "tight number", "data-label": "released" }, count(each.versions)), h("td", { class: "tight number", "data-label": "trees" }, count(each.trees)), h("td", { class: "tight number", "data-label": "size" }, bytes(each.size)),
          h("td", [each.owned && "of this service", each.claimed && "claimed", each.status !== "active" && each.status].filter(Boolean).join(", ")))))) : h("p", { class: "none" }, "No such projects."))],
  };
}

async function project(name, state, signal, refresh, who) {
  const found = await get(`/index/projects/${encodeURIComponent(name)}`, { signal });
  const versions = new Map();
  for (const file of found.files.toReversed()) versions.set(file.version, [...(versions.get(file.version) || []), file]);
  const mayYank = who.roles.includes("operate");
  const yank = (version, isYanked) => async () => {
    const path = `/index/projects/${encodeURIComponent(name)}/versions/${encodeURIComponent(version)}/yank`;
    try { await get(path, isYanked ? { method: "DELETE" } : { method: "PUT", body: { reason: state.reason || "" } }); state.problem = null; state.sure = null; say(isYanked ? "no longer yanked" : "yanked"); } catch (error) { state.problem = error; } finally { refresh(); }
  };
  const button = (version, files) => {
    const isYanked = files[0].yanked !== null;
    if (!mayYank || files[0].layer !== "projects") return null;
    if (isYanked) return h("button", { onclick: yank(version, true) }, "Undo the yank");
    if (state.sure !== version) return h("button", { onclick: () => { state.sure = version; refresh(); } }, "Yank");
    return h("span", { class: "tools" }, h("input", { "aria-label": "Reason", placeholder: "reason", value: state.reason || "", oninput: (event) => { state.reason = event.target.value; } }), h("button", { class: "bad", onclick: yank(version, false) }, `Yank ${version}`));
  };
  return {
    title: found.name,
    content: [
      state.problem && h("div", { class: "problem", role: "alert" }, h("p", state.problem.message), state.problem.hint && h("p", state.problem.hint)),
      h("div", { class: "head" }, h("h1", found.name), h("span", { class: "soft" }, [found.owned ? "of this service" : "of the index upstream", found.claimed && "claimed", found.status !== "active" && `${found.status}${found.reason ? `: ${found.reason}` : ""}`].filter(Boolean).join(", "))),
      h("section", { "aria-label": "Files" }, h("table", { class: "stack" }, h("thead", h("tr", ["Version", "File", "Size", "Uploaded", ""].map((each) => h("th", { scope: "col" }, each || h("span", { class: "unseen" }, "Actions"))))),
        h("tbody", [...versions].slice(0, 300).map(([version, files]) => files.map((file, place) => h("tr",
          h("td", { class: "mono" }, place === 0 && version, place === 0 && file.yanked !== null && h("span", { class: "why bad" }, `yanked${file.yanked ? `: ${file.yanked}` : ""}`)),
          h("td", { class: "mono", title: `sha256 ${file.sha256}` }, file.filename), h("td", { class: "right tight" }, bytes(file.size)), h("td", { class: "tight" }, `${ago(file.uploaded)} by ${file.uploaded_by}`), h("td", { class: "tight" }, place === 0 && button(version, files))))))))],
  };
}

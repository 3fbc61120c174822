// The index: projects, their files, and what was taken back.

import { get, part } from "../api.js";
import { h, say } from "../dom.js";
import { some } from "../many.js";
import { readme } from "../readme.js";
import { ago, bytes, count, plural } from "../words.js";

export async function look({ rest: [name], state, signal, refresh, who }) {
  if (name) return project(name, state, signal, refresh, who);
  const all = await get("/index/projects", { signal });
  state.service ??= await get("", { signal });
  state.wanted ??= "";
  const found = all.filter((each) => each.name.includes(state.wanted.toLowerCase()));
  const [shown, rest] = some(state, refresh, found, 500);
  return {
    title: "Index",
    content: [
      h("div", { class: "head" }, h("h1", "Index"), h("span", { class: "soft number" }, plural(all.length, "project")),
        h("label", "Find ", h("input", { type: "search", value: state.wanted, oninput: (event) => { state.wanted = event.target.value; refresh(); } }))),
      h("section", { "aria-label": "Projects" }, found.length ? h("table", { class: "stack" },
        h("thead", h("tr", [["Project"], ["Released", "right"], ["Your trees", "right"], ["Size", "right"], ["Status"]].map(([each, kind]) => h("th", { scope: "col", class: kind }, each)))),
        h("tbody", shown.map((each) => h("tr", h("td", h("a", { href: `#/index/${encodeURIComponent(each.name)}` }, each.name)),
          h("td", { class: "right tight", "data-label": "released" }, count(each.versions)), h("td", { class: "right tight", "data-label": "trees" }, count(each.trees)), h("td", { class: "right tight", "data-label": "size" }, bytes(each.size)),
          h("td", { "data-label": "status" }, [each.folder ? `in ${each.folder}` : each.owned && "of this service", each.claimed && "claimed", each.status !== "active" && each.status].filter(Boolean).join(", ") || null))))) : h("p", { class: "none" }, "No such projects."), rest),
      state.service.kept_by && h("div", { class: "soft", style: { "margin-top": "12px" } }, `Released projects are kept by ${state.service.kept_by}. To see one: `, h("form", { class: "tools", onsubmit: (event) => { event.preventDefault(); if (state.named) location.hash = `#/index/${encodeURIComponent(state.named)}`; } }, h("input", { "aria-label": "Project", placeholder: "project", value: state.named || "", oninput: (event) => { state.named = event.target.value; } }), h("button", "Show")))],
  };
}

// where released files are that the service itself does not have
function placeOf(each) {
  return each.folder ? `in ${each.folder}` : each.kept_by ? `kept by ${each.kept_by}` : null;
}

async function project(name, state, signal, refresh, who) {
  const found = await get(`/index/projects/${encodeURIComponent(name)}`, { signal });
  // files never change: asked for again where there are others
  const newest = found.files.map((each) => `${each.sha256} ${each.yanked}`).join();
  if (state.aboutOf !== newest) { state.about = await get(`/index/projects/${part(name)}/about`, { signal }).catch((error) => { if (error.name === "AbortError") throw error; return null; }); state.aboutOf = newest; }
  const versions = new Map();
  for (const file of found.files.toReversed()) versions.set(file.version, [...(versions.get(file.version) || []), file]);
  const mayYank = who.roles.includes("operate");
  const yank = (version, isYanked) => async () => {
    const path = `/index/projects/${encodeURIComponent(name)}/versions/${encodeURIComponent(version)}/yank`;
    try { await get(path, isYanked ? { method: "DELETE" } : { method: "PUT", body: { reason: state.reason || "" } }); state.problem = null; state.sure = null; say(isYanked ? "no longer yanked" : "yanked"); } catch (error) { state.problem = error; } finally { refresh(); }
  };
  const button = (version, files) => {
    const isYanked = files[0].yanked !== null;
    if (!mayYank || files[0].layer !== "projects" || placeOf(files[0])) return null;
    if (isYanked) return h("button", { onclick: yank(version, true) }, "Undo the yank");
    if (state.sure !== version) return h("button", { onclick: () => { state.sure = version; refresh(); } }, "Yank");
    return h("span", { class: "tools" }, h("input", { "aria-label": "Reason", placeholder: "reason", value: state.reason || "", oninput: (event) => { state.reason = event.target.value; } }), h("button", { class: "bad", onclick: yank(version, false) }, `Yank ${version}`));
  };
  return {
    title: found.name,
    content: [
      state.problem && h("div", { class: "problem", role: "alert" }, h("p", state.problem.message), state.problem.hint && h("p", state.problem.hint)),
      h("div", { class: "head" }, h("h1", found.name), h("span", { class: "soft" }, [placeOf(found) ?? (found.owned ? "released here" : "your working trees"), found.claimed && "claimed", found.status !== "active" && `${found.status}${found.reason ? `: ${found.reason}` : ""}`].filter(Boolean).join(", "))),
      h("div", { class: "columns" },
        h("div", described(state.about), files(versions, button, state, refresh)),
        state.about ? h("div", facts(state.about, found)) : null)],
  };
}

function described(about) {
  const text = about && readme(about);
  return text && h("section", { "aria-label": "README", "data-keep": `readme ${about.name} ${about.filename}` }, h("header", h("h2", "README"), h("span", { class: "side soft mono" }, about.version)), text);
}

function facts(about, found) {
  const row = (name, value) => value && [h("dt", name), h("dd", value)];
  return h("section", { "aria-label": "About" }, h("header", h("h2", "About")), h("div", { class: "body" },
    about.summary && h("p", { style: { "margin-bottom": "8px" } }, about.summary),
    h("dl", { class: "facts" }, row("Version", h("span", { class: "mono" }, about.version)), row("Python", about.requires_python), row("License", about.license), row("Author", about.author),
      row("Size", bytes(found.size)), Object.entries(about.urls).map(([name, url]) => row(name, h("a", { href: url, rel: "noreferrer nofollow", target: "_blank" }, url.replace(/^https?:\/\//, ""))))),
    about.requires.length > 0 && h("details", { open: about.requires.length <= 12 }, h("summary", plural(about.requires.length, "requirement")), h("ul", { class: "chain mono" }, about.requires.map((each) => h("li", each))))));
}

function files(versions, button, state, refresh) {
  const [shown, rest] = some(state, refresh, [...versions], 300);
  return h("section", { "aria-label": "Files" }, h("header", h("h2", "Files")), h("table", { class: "stack" }, h("thead", h("tr", ["File", "Size", "Uploaded", ""].map((each) => h("th", { scope: "col", class: each === "Size" && "right" }, each || h("span", { class: "unseen" }, "Actions"))))),
    h("tbody", shown.map(([version, all]) => all.map((file, place) => h("tr",
      h("td", { title: `sha256 ${file.sha256}` }, place === 0 && h("b", { class: "mono" }, version), h("span", { class: "why mono" }, file.filename), placeOf(file) && h("span", { class: "why" }, placeOf(file)), place === 0 && file.yanked !== null && h("span", { class: "why bad" }, `yanked${file.yanked ? `: ${file.yanked}` : ""}`)),
      h("td", { class: "right tight", "data-label": "size" }, file.size || !file.kept_by ? bytes(file.size) : null), h("td", { class: "tight", "data-label": "uploaded" }, placeOf(file) ? file.uploaded && ago(file.uploaded) : `${ago(file.uploaded)} by ${file.uploaded_by}`), h("td", { class: "tight" }, place === 0 && button(version, all))))))), rest);
}

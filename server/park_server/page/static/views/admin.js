// Who may use the service, what was done, and what it takes.

import { get } from "../api.js";
import { h, say } from "../dom.js";
import { some } from "../many.js";
import { ago, bytes, count, when } from "../words.js";

const PARTS = [["users", "Users"], ["tokens", "Tokens"], ["policy", "Policy"], ["audit", "Audit"], ["usage", "Usage"]];

export async function look({ rest: [part = "users"], state, signal, refresh }) {
  const body = await { users, tokens, policy, audit, usage }[part](state, signal, refresh);
  return {
    title: "Admin",
    content: [
      h("div", { class: "head" }, h("h1", "Admin"), h("nav", { class: "tools", "aria-label": "Parts" }, PARTS.map(([name, text]) => h("a", { href: `#/admin/${name}`, class: name === part ? "tag" : "", "aria-current": name === part ? "page" : null }, text)))),
      state.problem && h("div", { class: "problem", role: "alert" }, h("p", state.problem.message), state.problem.hint && h("p", state.problem.hint)),
      body,
    ],
  };
}

const acting = (state, refresh) => (text, path, options, key) => async (event) => {
  event.preventDefault();
  if (key && state.sure !== key) { state.sure = key; refresh(); return; }
  state.sure = null;
  try { await get(path, options()); state.problem = null; say(text); } catch (error) { state.problem = error; } finally { refresh(); }
};

/** A table; where it is too narrow for columns, each value says which it is of. */
function table(name, heads, rows, none, rest = null) {
  for (const row of rows) [...row.cells].forEach((cell, column) => { if (column > 0 && heads[column] && cell.childNodes.length) cell.dataset.label = heads[column].toLowerCase(); });
  return h("section", { "aria-label": name }, rows.length ? h("div", { class: "scroll" }, h("table", { class: "stack" }, h("thead", h("tr", heads.map((each) => h("th", { scope: "col" }, each || h("span", { class: "unseen" }, "Actions"))))), h("tbody", rows))) : h("p", { class: "none" }, none), rest);
}

async function users(state, signal, refresh) {
  const found = await get("/admin/users", { signal });
  const act = acting(state, refresh);
  const name = state.name ||= h("input", { name: "name", required: true, autocomplete: "off", spellcheck: "false" });
  const password = state.password ||= h("input", { name: "password", type: "password", autocomplete: "new-password" });
  return h("div", { class: "columns" }, h("div", table("Users", ["Name", "Roles", "Groups", "Since", ""], found.map((each) => h("tr",
    h("td", h("b", each.name), each.removed && h("span", { class: "why bad" }, `removed ${ago(each.removed)}`), !each.has_password && !each.removed && h("span", { class: "why" }, "without a password")),
    h("td", each.roles.join(", ")), h("td", each.groups.join(", ")), h("td", { class: "tight" }, each.created ? when(each.created) : "the operator"),
    h("td", { class: "tight" }, each.created && !each.removed && h("span", { class: "tools" },
      h("button", { onclick: act(`all tokens of ${each.name} are revoked`, `/admin/users/${encodeURIComponent(each.name)}/revoke`, () => ({ method: "POST" }), `revoke ${each.name}`) }, state.sure === `revoke ${each.name}` ? "Revoke all and end jobs?" : "Revoke"),
      h("button", { class: "bad", onclick: act(`${each.name} is removed`, `/admin/users/${encodeURIComponent(each.name)}`, () => ({ method: "DELETE" }), `remove ${each.name}`) }, state.sure === `remove ${each.name}` ? "Remove for good?" : "Remove"))))), "Nobody.")),
  h("div", h("section", { "aria-label": "Add a user" }, h("header", h("h2", "Add a user")), h("form", { class: "body fields", onsubmit: act("added", "/admin/users", () => ({ method: "POST", body: { name: name.value, password: password.value || null } })) },
    h("label", "Name ", h("span", { "data-keep": "name of a user" }, name)), h("label", "Password ", h("span", { "data-keep": "password of a user" }, password)), h("div", h("button", { class: "main" }, "Add"))))));
}

async function tokens(state, signal, refresh) {
  const found = await get("/admin/tokens", { signal });
  const act = acting(state, refresh);
  const [shown, rest] = some(state, refresh, found, 500);
  return table("Tokens", ["Token", "User", "Class", "May", "Last used", "Ends", ""], shown.map((each) => h("tr",
    h("td", { class: "mono" }, `…${each.id.slice(-6)}`, each.note && h("span", { class: "why" }, each.note)), h("td", each.user), h("td", { class: "tight" }, each.kind), h("td", each.scopes.join(", ") || "all of the user's"),
    h("td", { class: "tight" }, each.last_used ? ago(each.last_used) : "never"), h("td", { class: "tight" }, each.revoked ? h("span", { class: "is-failed" }, `revoked ${ago(each.revoked)}`) : when(each.expires_at)),
    h("td", { class: "tight" }, !each.revoked && h("button", { class: "bad", onclick: act("revoked", `/admin/tokens/${each.id}`, () => ({ method: "DELETE" }), each.id) }, state.sure === each.id ? "Revoke for good?" : "Revoke")))), "There are no tokens.", rest);
}

async function policy(state, signal, refresh) {
  const found = await get("/admin/policy", { signal });
  const act = acting(state, refresh);
  return h("section", { "aria-label": "Policy" }, h("header", h("h2", "Policy"), h("span", { class: "soft mono" }, found.file || "no file"), h("span", { class: "side" }, h("button", { onclick: act("read again", "/admin/policy/reload", () => ({ method: "POST" })) }, "Read it again"))),
    h("div", { class: "body" }, h("p", { class: "soft" }, "Everybody may: ", found.everybody.join(", ") || "nothing"), found.text ? h("pre", { tabindex: "0", style: { "margin-top": "8px" } }, found.text) : h("p", "There is no policy file.")));
}

async function audit(state, signal, refresh) {
  state.user ??= ""; state.limit ||= 100;
  const found = await get("/admin/audit", { signal, query: { user: state.user, limit: state.limit } });
  return h("div", { style: { display: "grid", gap: "12px" } }, h("div", { class: "tools" }, h("label", "User ", h("input", { type: "search", value: state.user, oninput: (event) => { state.user = event.target.value; refresh(); } }))),
    table("Audit", ["When", "Who", "From", "What", "To what", "More"], found.map((each) => h("tr", h("td", { class: "tight" }, when(each.time)), h("td", each.user), h("td", { class: "tight" }, each.address), h("td", { class: "tight" }, each.action), h("td", each.subject), h("td", { class: "soft mono" }, Object.entries(each.data).filter(([, value]) => value !== null && value !== "" && value.length !== 0).map(([key, value]) => `${key}: ${typeof value === "string" ? value : JSON.stringify(value)}`).join(", ")))), "Nothing was done."),
    found.length >= state.limit && h("div", h("button", { onclick: () => { state.limit *= 4; refresh(); } }, "Older ones")));
}

async function usage(_state, signal) {
  const found = await get("/usage", { signal });
  const meter = (name, size, quota) => [h("span", name), quota ? h("span", { class: `track ${size >= quota ? "full" : ""}`, role: "img", "aria-label": `${bytes(size)} of ${bytes(quota)}` }, h("i", { style: { width: `${Math.min(100, (100 * size) / quota)}%` } })) : h("span", { class: "soft" }, "without a limit"), h("span", { class: "number" }, quota ? `${bytes(size)} of ${bytes(quota)}` : bytes(size))];
  return h("div", { class: "columns" },
    h("div", h("section", { "aria-label": "Quotas" }, h("header", h("h2", "Quotas")), h("div", { class: "body meter" }, found.shares.map((each) => meter(each.name, each.size_bytes, each.quota_bytes)))),
      h("section", { "aria-label": "Home" }, h("header", h("h2", "Home"), h("span", { class: "side soft number" }, `${bytes(found.free_bytes)} free`)), h("table", h("thead", h("tr", h("th", { scope: "col" }, "Part"), h("th", { scope: "col", class: "right" }, "Files"), h("th", { scope: "col", class: "right" }, "Size"))), h("tbody", found.parts.map((each) => h("tr", h("td", each.name), h("td", { class: "right" }, count(each.files)), h("td", { class: "right" }, bytes(each.size_bytes)))))))),
    h("div", h("section", { "aria-label": "Jobs" }, h("header", h("h2", "Jobs")), h("div", { class: "body" }, h("dl", { class: "facts" }, h("dt", "Known"), h("dd", count(found.jobs)), h("dt", "Pinned"), h("dd", count(found.pinned)))))));
}

// Who one is: a name with a password, or a token. What is typed goes to the service and nowhere else.

import { ask } from "../api.js";
import { h } from "../dom.js";

export const logout = () => ask("/session", { method: "DELETE" });

export function login(done) {
  const told = h("div", { role: "alert" });
  const user = h("input", { name: "user", autocomplete: "username", autocapitalize: "none", spellcheck: "false", required: true });
  const password = h("input", { name: "password", type: "password", autocomplete: "current-password", required: true });
  const token = h("input", { name: "token", type: "password", autocomplete: "off", required: true });
  const send = (body) => async (event) => {
    event.preventDefault();
    told.replaceChildren();
    const button = event.target.querySelector("button.main");
    button.disabled = true;
    try { await ask("/session", { method: "POST", body: body() }); await done(); } catch (error) {
      told.replaceChildren(h("div", { class: "problem" }, h("p", error.message), error.hint && h("p", error.hint)));
    } finally { button.disabled = false; }
  };
  return h("div", { class: "sheet login" },
    h("h1", "Log in"),
    h("p", { class: "soft" }, "The accounts of this service are those of ", h("code", "park login"), "."),
    h("form", { onsubmit: send(() => ({ user: user.value, password: password.value })) },
      h("label", "Name", user), h("label", "Password", password),
      h("div", h("button", { class: "main" }, "Log in"))),
    h("details", { style: { "margin-top": "16px" } }, h("summary", "With a token"),
      h("form", { onsubmit: send(() => ({ token: token.value })) },
        h("label", "Token", token), h("div", h("button", { class: "main" }, "Log in with the token")),
        h("p", { class: "soft" }, "The operator's own is in the file ", h("code", "token"), " of the service's home."))),
    h("div", { style: { "margin-top": "12px" } }, told));
}

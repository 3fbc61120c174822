// Lists of any length: the first of them, and how many more there are.

import { h } from "./dom.js";
import { count } from "./words.js";

/** Return the first of `all`, and a button for the rest, which is no node where there is none. */
export function some(state, refresh, all, most) {
  state.shown ||= most;
  const left = all.length - state.shown;
  return [all.slice(0, state.shown), left > 0 && h("p", { class: "none" }, h("button", { onclick: () => { state.shown *= 4; refresh(); } }, `${count(left)} more`))];
}

// The frame of the page: who is logged in, which view is shown, and when it looks again.

import { Live, Problem, get } from "./api.js";
import { h, say, show } from "./dom.js";
import { login, logout } from "./views/login.js";

const VIEWS = {
  "": () => import("./views/now.js"),
  jobs: () => import("./views/job.js"),
  list: () => import("./views/list.js"),
  workflow: () => import("./views/workflow.js"),
  environments: () => import("./views/environments.js"),
  index: () => import("./views/index.js"),
  admin: () => import("./views/admin.js"),
};

const TABS = [["", "Now"], ["list", "Jobs"], ["workflow", "Workflow"], ["environments", "Environments"], ["index", "Index"], ["admin", "Admin"]];

const main = document.getElementById("main");
const bar = document.getElementById("bar");
let who = null;
let current = null;
let isLive = false;

// -- the bar

function drawBar() {
  const [first] = place();
  const shown = first === "jobs" ? "list" : first === "now" ? "" : first;
  show(bar, h("div", { class: "inner" },
    h("a", { class: "name", href: "#/" }, h("img", { src: "page/icon.svg", alt: "" }), "park", h("span", { class: "where" }, location.host)),
    who && h("nav", { "aria-label": "Views" }, TABS.filter(([path]) => path !== "admin" || who.roles.includes("admin")).map(([path, text]) => h("a", { href: `#/${path}`, "aria-current": shown === path ? "page" : null }, text))),
    who && h("div", { class: "who" },
      h("span", { class: "pulse", "data-on": String(isLive) }, isLive ? "live" : "not connected"),
      h("span", who.user),
      h("button", { onclick: () => { live.stop(); logout().finally(() => start()); } }, "Log out"))));
  // where the tabs are wider than the window, they scroll: the one that is shown is seen
  bar.querySelector("nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

// -- views

const decoded = (part) => { try { return decodeURIComponent(part); } catch { return part; } };
const place = () => location.hash.replace(/^#\/?/, "").split("/").map(decoded);

/** What shows a place: a view without anything that it is to show is the list of them. */
function viewAt([name, first]) {
  const asked = name === "jobs" && !first ? "list" : name === "now" ? "" : name;
  return Object.hasOwn(VIEWS, asked) ? VIEWS[asked] : null;
}

function problem(error) {
  return h("div", { class: "problem", role: "alert" }, h("p", error.message), error.hint && h("p", error.hint));
}

/** One view: looks when told to, never twice at once, and never more often than it can. */
class Shown {
  constructor(module, rest) { this.module = module; this.rest = rest; this.closed = false; this.looking = false; this.again = false; this.abort = new AbortController(); this.pause = 0; this.timer = 0; this.state = {}; }
  async look() {
    if (this.closed) return;
    if (this.looking || performance.now() < this.pause) { this.later(this.pause - performance.now()); return; }
    this.looking = true; this.again = false; clearTimeout(this.timer); this.timer = 0;
    const began = performance.now();
    let next = 0, fresh = 0;
    try {
      const seen = await this.module.look({ rest: this.rest, state: this.state, who, signal: this.abort.signal, refresh: () => this.soon() });
      if (this.closed) return;
      show(main, ...[seen.content].flat());
      document.title = `${seen.title} · park`;
      next = seen.again || 0; fresh = seen.fresh || 0;
    } catch (error) {
      if (this.closed || error.name === "AbortError") return;
      if (error.status === 401) { who = null; start(); return; }
      if (!(error instanceof Problem)) console.error(error);
      if (error.status === 0 && main.childNodes.length && this.state.seen) say(error.message);
      else show(main, problem(error));
      next = error.status === 0 || error.status >= 500 ? 3 : 0;
    } finally { this.looking = false; }
    this.state.seen = true;
    this.pause = performance.now() + Math.max(300, 4 * (performance.now() - began));
    // what a view cannot have sooner is not asked for sooner, whatever happens
    this.pause = Math.max(this.pause, performance.now() + fresh * 1000);
    if (next) this.later(next * 1000);
    else if (this.again) this.later(this.pause - performance.now());
  }
  soon() { this.pause = 0; this.again = true; this.look(); }
  tick() { this.again = true; this.look(); }
  later(milliseconds) { if (!this.timer && !this.closed) this.timer = setTimeout(() => { this.timer = 0; this.look(); }, Math.max(250, milliseconds)); }
  close() { this.closed = true; this.abort.abort(); clearTimeout(this.timer); if (this.state.close) this.state.close(); }
}

let gone = 0;

async function go() {
  const mine = ++gone;
  const [name, ...rest] = place();
  const load = viewAt([name, ...rest]);
  if (current) current.close();
  current = null;
  drawBar();
  if (!load) { show(main, problem(new Problem(404, "there is no such view", h("span", "begin at ", h("a", { href: "#/" }, "Now"))))); return; }
  const module = await load();
  if (mine !== gone) return; // somebody went on meanwhile
  main.replaceChildren();
  current = new Shown(module, rest);
  await current.look();
}

const live = new Live(() => current && current.tick(), (on) => { if (isLive !== on) { isLive = on; drawBar(); } });

async function start() {
  if (current) current.close();
  current = null;
  try { who = await get("/whoami"); } catch (error) {
    who = null; isLive = false; live.stop(); drawBar();
    main.replaceChildren();
    if (error.status !== 401 && error.status !== 403) { show(main, problem(error)); setTimeout(start, 3000); return; }
    document.title = "Log in · park";
    show(main, login(start));
    return;
  }
  live.turn();
  await go();
}

addEventListener("hashchange", async () => { if (!who) return; await go(); main.focus({ preventScroll: true }); scrollTo(0, 0); say(document.title); });
// a clock runs on where nothing happens
let quiet = 0;
setInterval(() => { quiet += 1; if (!document.hidden && current && (current.state.ticking || quiet % 15 === 0)) current.tick(); }, 2000);
start();

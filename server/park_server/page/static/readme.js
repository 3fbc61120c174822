// A README that the service has rendered and sanitised, made of elements once more: what is not
// named here is not shown, nothing is loaded from elsewhere, and nothing has a name on this page.

import { h } from "./dom.js";

const policy = window.trustedTypes ? window.trustedTypes.createPolicy("park-readme", { createHTML: (text) => text }) : null;

const PLAIN = new Set(["b", "blockquote", "br", "caption", "cite", "code", "dd", "del", "details", "dl", "dt", "em", "figcaption", "figure", "hr", "i", "kbd", "li", "ol", "p", "pre", "strong", "sub", "summary", "sup", "table", "tbody", "td", "th", "thead", "tr", "tt", "ul", "var"]);
// below the headings of this page
const LEVELS = { h1: "h3", h2: "h4", h3: "h5", h4: "h6", h5: "h6", h6: "h6" };
const ROOMS = new Set(["div", "section", "aside", "span", "picture"]);
const MOST = 20000;

const isWeb = (address) => /^(https?:|mailto:)/i.test(address || "");
const link = (address, ...inside) => h("a", { href: address, rel: "noreferrer nofollow", target: "_blank" }, inside);

/** A picture is somewhere else, where this page does not ask: its text stays, as a link. */
function picture(node) {
  const text = node.getAttribute("alt") || "picture";
  const address = node.getAttribute("src");
  return isWeb(address) && !node.closest("a") ? link(address, text) : document.createTextNode(text);
}

function inside(node, budget) {
  const made = [];
  for (const each of node.childNodes) {
    if (budget.left <= 0) break;
    budget.left -= 1;
    made.push(copy(each, budget));
  }
  return made;
}

function copy(node, budget) {
  if (node.nodeType === Node.TEXT_NODE) return document.createTextNode(node.data);
  if (node.nodeType !== Node.ELEMENT_NODE) return null;
  const tag = node.localName;
  if (tag === "img") return picture(node);
  const children = inside(node, budget);
  if (tag === "a") return isWeb(node.getAttribute("href")) ? link(node.getAttribute("href"), children) : h("span", children);
  if (tag === "table") return h("div", { class: "scroll", tabindex: "0" }, h("table", children));
  if (tag === "pre") return h("pre", { tabindex: "0" }, children);
  if (tag in LEVELS) return h(LEVELS[tag], children);
  if (PLAIN.has(tag)) return h(tag, tag === "td" || tag === "th" ? spans(node) : {}, children);
  return ROOMS.has(tag) ? h(tag === "span" || tag === "picture" ? "span" : "div", children) : h("span", children);
}

const spans = (node) => Object.fromEntries(["colspan", "rowspan"].map((name) => [name, Number(node.getAttribute(name)) || null]));

/** Return the README of what a project says about itself. */
export function readme(about) {
  if (!about.html) return about.text ? h("pre", { class: "readme", tabindex: "0" }, about.text) : null;
  const template = document.createElement("template");
  template.innerHTML = policy ? policy.createHTML(about.html) : about.html; // inert: nothing in it runs or loads
  return h("div", { class: "readme" }, inside(template.content, { left: MOST }));
}

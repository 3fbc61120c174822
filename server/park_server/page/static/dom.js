// Elements from data. Text is always text: no string becomes markup anywhere on this page.

const SVG = "http://www.w3.org/2000/svg";
const HANDLERS = ["onclick", "onchange", "oninput", "onsubmit", "onkeydown", "ontoggle", "onpointerdown"];

function put(node, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (HANDLERS.includes(name)) node[name] = value;
  else if (name === "style") for (const [key, each] of Object.entries(value)) node.style.setProperty(key, each);
  else if (name === "value" && "value" in node) node.value = value;
  else node.setAttribute(name, value === true ? "" : String(value));
}

function add(node, children) {
  for (const each of children.flat(Infinity)) {
    if (each === null || each === undefined || each === false) continue;
    node.append(each instanceof Node ? each : document.createTextNode(String(each)));
  }
  return node;
}

function made(node, rest) {
  const [first, ...others] = rest;
  const isPlain = first !== null && typeof first === "object" && !(first instanceof Node) && !Array.isArray(first);
  if (isPlain) for (const [name, value] of Object.entries(first)) put(node, name, value);
  return add(node, isPlain ? others : rest);
}

/** An HTML element: h("p", {class: "soft"}, "text", other). */
export const h = (tag, ...rest) => made(document.createElement(tag), rest);

/** An element of a picture. */
export const s = (tag, ...rest) => made(document.createElementNS(SVG, tag), rest);

/**
 * Make `old` look as `fresh`, keeping what has not changed: the focus, the scrolled place, what was
 * typed. An element with data-keep is left alone where both have the same.
 */
export function morph(old, fresh) {
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) { old.replaceWith(fresh); return; }
  if (old.nodeType === Node.TEXT_NODE) { if (old.data !== fresh.data) old.data = fresh.data; return; }
  const keep = fresh.getAttribute("data-keep");
  if (keep !== null && keep === old.getAttribute("data-keep")) return;
  if (keep !== null || old.getAttribute("data-keep") !== null) { old.replaceWith(fresh); return; }
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) {
    // as an attribute a style is inline, which the policy forbids
    if (name === "style") old.style.cssText = fresh.style.cssText;
    else old.setAttribute(name, value);
  }
  for (const name of HANDLERS) old[name] = fresh[name];
  const before = [...old.childNodes], after = [...fresh.childNodes];
  after.forEach((each, number) => { if (number < before.length) morph(before[number], each); else old.append(each); });
  before.slice(after.length).forEach((each) => each.remove());
}

/** Put `fresh` below `place`, in the place of what was there. */
export function show(place, ...fresh) {
  const made = add(document.createDocumentFragment(), fresh);
  const before = [...place.childNodes], after = [...made.childNodes];
  after.forEach((each, number) => { if (number < before.length) morph(before[number], each); else place.append(each); });
  before.slice(after.length).forEach((each) => each.remove());
}

/** Tell who listens to the page; what is said twice is said once. */
export function say(text) {
  const place = document.getElementById("said");
  if (place.textContent !== text) place.textContent = text;
}

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

/** What is kept and is in the document stays there: to take it out would lose focus and place. */
function standIn(node) {
  if (!node.isConnected || !node.hasAttribute || !node.hasAttribute("data-keep")) return node;
  const made = node.cloneNode(false);
  made.standsFor = node;
  return made;
}

function add(node, children) {
  for (const each of children.flat(Infinity)) {
    if (each === null || each === undefined || each === false) continue;
    node.append(each instanceof Node ? standIn(each) : document.createTextNode(String(each)));
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
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) {
    // as an attribute a style is inline, which the policy forbids
    if (name === "style") old.style.cssText = fresh.style.cssText;
    else old.setAttribute(name, value);
  }
  for (const name of HANDLERS) old[name] = fresh[name];
  children(old, [...fresh.childNodes]);
}

const keepOf = (node) => (node.nodeType === Node.ELEMENT_NODE ? node.getAttribute("data-keep") : null);

/** Make the children of `place` look as `after`; what is kept stays the same element, where it is. */
function children(place, after) {
  const kept = new Map([...place.children].filter((each) => keepOf(each) !== null).map((each) => [keepOf(each), each]));
  let at = place.firstChild;
  for (const fresh of after) {
    const there = kept.get(keepOf(fresh));
    if (there) {
      kept.delete(keepOf(fresh));
      if (there === at) at = at.nextSibling; else place.insertBefore(there, at);
    } else if (at === null || keepOf(at) !== null || keepOf(fresh) !== null) place.insertBefore(fresh, at);
    else { const next = at.nextSibling; morph(at, fresh); at = next; }
  }
  while (at) { const next = at.nextSibling; if (keepOf(at) === null || kept.has(keepOf(at))) at.remove(); at = next; }
  for (const each of kept.values()) each.remove();
}

/** Put `fresh` below `place`, in the place of what was there. */
export function show(place, ...fresh) {
  const made = add(document.createDocumentFragment(), fresh);
  children(place, [...made.childNodes]);
  // where a stand-in came into a new place, what it stands for follows
  for (const each of place.querySelectorAll("[data-keep]")) if (each.standsFor) each.replaceWith(each.standsFor);
}

/** Tell who listens to the page; what is said twice is said once. */
export function say(text) {
  const place = document.getElementById("said");
  if (place.textContent !== text) place.textContent = text;
}

// What terminals show: colours and weights (ECMA-48 SGR). Everything else of an escape is left out,
// links and titles too: they come from a job, and nobody looks where they lead.

import { h } from "./dom.js";

// CSI, OSC (to BEL or ST), and other two-character escapes
const ESCAPE = /\x1b(?:\[([0-9;:?]*)[ -/]*([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?|[ -/]*[0-~]?)/g;
const CONTROL = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/g;

const LEVELS = [0, 95, 135, 175, 215, 255];

function ofTable(number) {
  if (number < 16) return null;
  if (number >= 232) { const grey = 8 + (number - 232) * 10; return [grey, grey, grey]; }
  const place = number - 16;
  return [LEVELS[Math.floor(place / 36)], LEVELS[Math.floor(place / 6) % 6], LEVELS[place % 6]];
}

const clear = () => ({ marks: new Set(), colour: null, exact: null });

function applied(before, codes) {
  const style = { marks: new Set(before.marks), colour: before.colour, exact: before.exact };
  const on = { 1: "bold", 2: "dim", 3: "italic", 4: "under", 9: "strike" };
  const off = { 22: ["bold", "dim"], 23: ["italic"], 24: ["under"], 29: ["strike"] };
  for (let place = 0; place < codes.length; place += 1) {
    const code = codes[place];
    if (code === 0) { style.marks.clear(); style.colour = null; style.exact = null; }
    else if (on[code]) style.marks.add(on[code]);
    else if (off[code]) off[code].forEach((each) => style.marks.delete(each));
    else if (code >= 30 && code <= 37) { style.colour = code - 30; style.exact = null; }
    else if (code >= 90 && code <= 97) { style.colour = code - 90; style.exact = null; }
    else if (code === 39) { style.colour = null; style.exact = null; }
    else if (code === 38 || code === 48) {
      const rgb = codes[place + 1] === 2 ? codes.slice(place + 2, place + 5) : ofTable(codes[place + 2]);
      if (code === 38) { style.exact = rgb; style.colour = codes[place + 1] === 5 && codes[place + 2] < 16 ? codes[place + 2] % 8 : null; }
      place += codes[place + 1] === 2 ? 4 : 2;
    }
  }
  return style;
}

/** Split lines into pieces [text, style]; `reader.style` goes on from line to line. */
export class AnsiReader {
  constructor() { this.style = clear(); }
  line(text) {
    // a carriage return begins the line anew: progress bars
    const shown = text.replace(/\r+$/, "").split("\r").pop();
    const pieces = [];
    let at = 0;
    for (const found of shown.matchAll(ESCAPE)) {
      if (found.index > at) pieces.push([shown.slice(at, found.index), this.style]);
      at = found.index + found[0].length;
      if (found[2] === "m") this.style = applied(this.style, (found[1] || "0").split(/[;:]/).map((each) => Number(each) || 0));
    }
    if (at < shown.length) pieces.push([shown.slice(at), this.style]);
    return pieces.map(([piece, style]) => [piece.replace(CONTROL, "�"), style]).filter(([piece]) => piece);
  }
}

export function styled([text, style]) {
  const names = [...style.marks].map((each) => `a-${each}`);
  if (style.colour !== null) names.push(`a-${style.colour}`);
  if (!names.length && !style.exact) return text;
  const exact = style.exact && style.exact.every((each) => each >= 0 && each <= 255) ? { color: `rgb(${style.exact.join(" ")})` } : null;
  return h("span", { class: names.join(" ") || null, style: exact || {} }, text);
}

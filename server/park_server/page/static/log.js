// The log of a job: followed as it is written, searched as one types.

import { ask } from "./api.js";
import { AnsiReader, styled } from "./ansi.js";
import { h } from "./dom.js";
import { count } from "./words.js";

const MOST_LINES = 20000;
const SHOWN = 2000;
const AT_ONCE = 4 << 20;

export class Log {
  constructor(job, signal) {
    this.job = job; this.signal = signal; this.streams = {}; this.chosen = "stdout"; this.wanted = "";
    this.place = h("div", { class: "log", tabindex: "0", role: "log", "aria-live": "off", "aria-label": "Log" });
    this.note = h("span", { class: "soft number" });
    this.buttons = h("span", { class: "tabs" });
    this.node = h("section", { "aria-label": "Log", "data-keep": `log ${job}` },
      h("header", h("h2", "Log"), this.buttons, h("label", { class: "side" }, h("span", { class: "unseen" }, "Search the log"), h("input", { type: "search", placeholder: "Search", oninput: (event) => { this.wanted = event.target.value; this.draw(); } })), this.note),
      this.place);
    for (const name of ["stdout", "stderr"]) this.follow(name);
    this.draw();
  }

  async follow(name) {
    const stream = this.streams[name] = { lines: [], rest: "", offset: 0, reader: new AnsiReader(), decoder: new TextDecoder(), limit: AT_ONCE, final: false, cut: 0, error: "" };
    while (!stream.final && !this.signal.aborted) {
      try {
        const answer = await ask(`/jobs/${this.job}/logs/${name}`, { query: { offset: stream.offset, wait: 25 }, signal: this.signal });
        const block = new Uint8Array(await answer.arrayBuffer());
        stream.final = answer.headers.get("X-Park-Final") === "true";
        stream.offset += block.length;
        this.took(stream, stream.decoder.decode(block, { stream: !stream.final }));
        if (!this.settled && name === "stderr" && stream.lines.length && !this.streams.stdout.lines.length) this.chosen = "stderr";
        this.draw();
        if (stream.offset >= stream.limit && !stream.final) { stream.paused = true; this.draw(); await new Promise((go) => { stream.go = go; }); stream.paused = false; stream.limit = Infinity; }
      } catch (error) {
        if (error.name === "AbortError") return;
        stream.error = error.message;
        if (error.status === 404) { stream.final = true; this.draw(); return; }
        await new Promise((go) => setTimeout(go, 2000));
      }
    }
  }

  took(stream, text) {
    const lines = (stream.rest + text).split("\n");
    stream.rest = stream.final ? "" : lines.pop();
    if (stream.final && lines.at(-1) === "") lines.pop();
    for (const line of lines) stream.lines.push(stream.reader.line(line.slice(0, 20000)));
    const over = stream.lines.length - MOST_LINES;
    if (over > 0) { stream.lines.splice(0, over); stream.cut += over; }
  }

  draw() {
    const stream = this.streams[this.chosen];
    const isAtEnd = this.place.scrollTop + this.place.clientHeight >= this.place.scrollHeight - 30;
    const wanted = this.wanted.toLowerCase();
    const found = wanted ? stream.lines.filter((line) => line.map(([text]) => text).join("").toLowerCase().includes(wanted)) : stream.lines;
    const some = found.slice(-SHOWN);
    this.place.replaceChildren(...some.map((line) => h("div", line.length ? (wanted ? marked(line, wanted) : line.map(styled)) : "")),
      ...(!some.length ? [h("div", { class: "soft" }, stream.error || (wanted ? "No line has that." : stream.final ? "It wrote nothing here." : "It has written nothing yet."))] : []),
      ...(stream.paused ? [h("div", h("button", { onclick: () => stream.go() }, "Read the rest"))] : []));
    const hidden = found.length - some.length + stream.cut;
    this.note.textContent = `${count(found.length)} ${wanted ? "found" : found.length === 1 ? "line" : "lines"}${hidden ? `, the last ${count(some.length)} shown` : ""}${stream.final ? "" : " · live"}`;
    this.buttons.replaceChildren(...["stdout", "stderr"].map((name) => h("button", { "aria-pressed": String(name === this.chosen), onclick: () => { this.settled = true; this.chosen = name; this.draw(); this.place.scrollTop = this.place.scrollHeight; } }, name, this.streams[name] && this.streams[name].lines.length ? ` ${count(this.streams[name].lines.length)}` : "")));
    if (isAtEnd) this.place.scrollTop = this.place.scrollHeight;
  }
}

function marked(line, wanted) {
  const text = line.map(([piece]) => piece).join("");
  const pieces = [];
  let at = 0;
  for (let place = text.toLowerCase().indexOf(wanted); place >= 0; place = text.toLowerCase().indexOf(wanted, at)) {
    pieces.push(text.slice(at, place), h("mark", text.slice(place, place + wanted.length)));
    at = place + wanted.length;
  }
  return [...pieces, text.slice(at)];
}

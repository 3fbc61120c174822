// Requests to the service that served this page; the cookie goes along by itself.

export const BASE = new URL("api/v1", document.baseURI).href;

/** What a service answers instead: message, hint and status of its problem document. */
export class Problem extends Error {
  constructor(status, message, hint) { super(message); this.status = status; this.hint = hint || ""; }
}

async function refused(answer) {
  let document = {};
  try { document = await answer.json(); } catch { /* no problem document: a proxy's page */ }
  return new Problem(answer.status, document.detail || `${answer.status} ${answer.statusText}`, document.hint);
}

/** Send a request; raises a Problem. `query` is put behind the path, `body` sent as JSON. */
export async function ask(path, { method = "GET", query = {}, body, signal } = {}) {
  const url = new URL(BASE + path);
  for (const [name, value] of Object.entries(query)) {
    for (const each of [value].flat()) if (each !== undefined && each !== null && each !== "") url.searchParams.append(name, each);
  }
  let answer;
  try {
    answer = await fetch(url, {
      method, signal, credentials: "same-origin", cache: "no-store",
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "the service does not answer", "it may be stopped, or the network away; this is tried again");
  }
  if (!answer.ok) throw await refused(answer);
  return answer;
}

export const part = (text) => encodeURIComponent(text).replace(/%2F/g, "/");

/** Return the JSON of an answer. */
export async function get(path, options) {
  const answer = await ask(path, options);
  return answer.status === 204 ? null : answer.json();
}

/** Return a view that many share; after how many seconds to ask again, and before which it is of no use. */
export async function view(path, options) {
  const answer = await ask(path, options);
  return { value: await answer.json(), again: Number(answer.headers.get("X-Park-Again-After") || 0), fresh: Number(answer.headers.get("X-Park-Fresh-For") || 0) };
}

/**
 * Call `onTick` whenever something became of what the user has. A page that is not seen listens to
 * nothing: a browser has six connections for all tabs.
 */
export class Live {
  constructor(onTick, onState) { this.onTick = onTick; this.onState = onState; this.source = null; document.addEventListener("visibilitychange", () => this.turn()); }
  turn() { if (document.hidden) this.stop(); else this.start(); }
  start() {
    if (this.source) return;
    this.source = new EventSource(`${BASE}/events/stream`);
    this.source.onopen = () => { this.onState(true); this.onTick(); };
    this.source.onmessage = () => this.onTick();
    this.source.onerror = () => { this.onState(false); if (this.source && this.source.readyState === EventSource.CLOSED) { this.stop(); setTimeout(() => { this.onTick(); this.turn(); }, 2000); } };
  }
  stop() { if (this.source) this.source.close(); this.source = null; }
}

// Times, sizes and numbers as people read them.

const UNITS = [["d", 86400], ["h", 3600], ["min", 60]];

export function seconds(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "";
  if (value < 1) return `${Math.max(0, Math.round(value * 1000))} ms`;
  if (value < 60) return `${value < 10 ? value.toFixed(1) : Math.round(value)} s`;
  let left = Math.round(value);
  const parts = [];
  for (const [name, size] of UNITS) { if (left >= size) { parts.push(`${Math.floor(left / size)} ${name}`); left %= size; } }
  if (value < 3600 && left) parts.push(`${left} s`);
  return parts.slice(0, 2).join(" ");
}

export const moment = (text) => (text ? Date.parse(text.replace(/(\.\d{3})\d+/, "$1")) : NaN);
export const between = (from, to) => seconds(((to ? moment(to) : Date.now()) - moment(from)) / 1000);
export const ago = (text) => (text ? `${between(text)} ago` : "");

const CLOCK = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
export const when = (text) => (text ? CLOCK.format(moment(text)) : "");

/** A line of the service, its moments as the reader's clock has them. */
export const spoken = (text) => text.replace(/\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+00:00)/g, (each) => when(each));

export function bytes(value) {
  if (value === null || value === undefined) return "";
  const names = ["B", "kB", "MB", "GB", "TB", "PB"];
  let level = 0;
  while (value >= 1000 && level < names.length - 1) { value /= 1000; level += 1; }
  return `${level && value < 9.95 ? value.toFixed(1) : Math.round(value)} ${names[level]}`;
}

export const count = (value) => Number(value).toLocaleString("en");
export const brief = (id) => `…${id.slice(-6)}`;
export const plural = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;

export function figure(value) {
  if (value === null || value === undefined) return "";
  if (typeof value !== "number") return String(value);
  return Number.isInteger(value) && Math.abs(value) < 1e9 ? count(value) : Number(value.toPrecision(5)).toString();
}

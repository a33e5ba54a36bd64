// How money, points and moments are written.

const grouped = new Intl.NumberFormat("en-US");

export const number = (value) => grouped.format(value).replace("-", "−");

export function yuan(fen) {
  const size = Math.abs(fen);
  const text = `¥${grouped.format(Math.floor(size / 100))}.${String(size % 100).padStart(2, "0")}`;
  return fen < 0 ? `−${text}` : text;
}

// 128.00, as the amount stands in the display.
export const plainYuan = (fen) => `${Math.floor(fen / 100)}.${String(fen % 100).padStart(2, "0")}`;

export const signed = (value) => (value > 0 ? `+${number(value)}` : number(value));

const two = (value) => String(value).padStart(2, "0");

// The wall clock of the shop: the moment says its offset itself.
export const clockOf = (moment) => moment.slice(11, 16);
export const dayOf = (moment) => moment.slice(5, 10);
export const stampOf = (moment) => moment.slice(0, 16).replace("T", " ");

// This moment with the offset of this device: 2026-11-21T10:00:00+08:00.
export function momentOf(date) {
  const offset = -date.getTimezoneOffset();
  const wall = new Date(date.getTime() + offset * 60000).toISOString().slice(0, 19);
  const sign = offset < 0 ? "-" : "+";
  return `${wall}${sign}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
}

export const daysSince = (moment, now = Date.now()) => Math.max(0, Math.floor((now - Date.parse(moment)) / 86400000));

// What the till knows at this moment. Views read it, acts change it, and each change is shown at once.

const BLANK = {
  customer: null, // the answer to the latest scan, or what an offline scan is worth
  amount: "",
  usePoints: false, // false, true for as many as may be, or a number
  useWallet: false,
  couponIds: null, // null: what the server proposes; [] none
  quote: null,
  quoting: false,
  trouble: null, // {text, tone}
  attempt: null, // {number, body} of the sale being confirmed: a repeat is the same to the letter
  busy: false,
};

export const state = {
  ...BLANK,
  ready: false,
  online: true,
  shop: "",
  staff: null,
  till: null,
  lock: null, // {has_pin, after_seconds} of who is signed in
  waiting: 0,
  conflicts: 0,
  last: null, // the sale before this one
  done: null, // shown over everything for a moment
};

const MANAGERS = ["manager", "owner"];

export const isManager = () => MANAGERS.includes(state.staff?.role);

const listeners = [];

export const onChange = (listener) => listeners.push(listener);

export function change(what) {
  Object.assign(state, what);
  for (const listener of listeners) listener(state);
}

export const startAfresh = (more = {}) => change({ ...BLANK, ...more });

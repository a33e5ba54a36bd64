// The drawer beside the phone: each raw request and answer, and the fault switches.
import { crowdPanel } from "./crowd.js";
import { $, h } from "./dom.js";
import { noticesPanel } from "./notices.js";
import { calls, onCall, strings } from "./wire.js";

const FAULTS = {
  slow: { kind: "slow", seconds: 10 },
  http_500: { kind: "http_500" },
  reset: { kind: "reset" },
  reset_after: { kind: "reset", after_acting: true },
  html: { kind: "nonsense", what: "html" },
  huge: { kind: "nonsense", what: "huge" },
  busy: { kind: "busy" },
  rate_limited: { kind: "rate_limited" },
  token_invalid: { kind: "token_invalid" },
  revoke_token: { kind: "revoke_token" },
  blocked: { kind: "blocked" },
  country_code_number: { kind: "country_code_number" },
};
// What befalls WeChat Pay; each strikes where it belongs, whatever endpoint is chosen.
const PAY_FAULTS = {
  pay_busy: { kind: "pay_error", code: "SYSTEM_ERROR" },
  pay_done: { kind: "pay_error", code: "SYSTEM_ERROR", after_acting: true },
  signtest: { kind: "answer_signtest" },
  notice_lost: { kind: "notice_lost" },
  notice_twice: { kind: "notice_duplicate" },
  notice_late: { kind: "notice_delayed", seconds: 10 },
  notice_forged: { kind: "notice_tampered" },
  notice_stale: { kind: "notice_stale" },
  refund_abnormal: { kind: "refund_abnormal" },
};
const PATHS = ["/sns/jscode2session", "/cgi-bin/stable_token", "/wxa/business/getuserphonenumber", "/cgi-bin/message/subscribe/send", "/wxa/msg_sec_check", "/wxa/getuserriskrank"];

let words, say;
let shown = "phone";
let once = true;
let path = "";

export function openDrawer(currentWords, toast) {
  [words, say] = [currentWords, toast];
  onCall(() => shown === "phone" && draw());
  $("knob").addEventListener("click", () => {
    const open = $("drawer").classList.toggle("open");
    $("knob").setAttribute("aria-expanded", String(open));
  });
  draw();
}

export async function draw() {
  const w = words();
  $("knob").textContent = w.tools;
  $("drawer-tabs").replaceChildren(
    ...[["phone", w.phoneCalls], ["platform", w.platformCalls], ["notices", w.notices], ["faults", w.faults], ["crowd", w.crowd]].map(([name, title]) =>
      h("button", { role: "tab", "aria-selected": String(shown === name), onclick: () => { shown = name; draw(); } }, title)),
  );
  const wanted = shown;
  const body = await ({ phone: phoneCalls, platform: platformCalls, notices: (words) => noticesPanel(words, draw), faults, crowd: (words) => crowdPanel(words, draw) })[wanted](w);
  if (wanted === shown) $("drawer-body").replaceChildren(...body);
}

const pretty = (value) => (typeof value === "string" ? value : JSON.stringify(value, null, 2));
const colour = (status) => (status >= 500 || status === 0 ? "bust" : status >= 400 ? "oops" : "ok");

function call(method, status, mood, where, milliseconds, text) {
  return h("details", { class: "call" },
    h("summary", {}, h("span", { class: mood }, String(status)), h("span", {}, method), h("span", { title: where }, where), h("span", { class: "soft" }, `${milliseconds ?? "–"} ms`)),
    h("pre", { tabindex: "0" }, text));
}

function masked(token) {
  return token ? `Bearer …${token.slice(-6)}` : undefined;
}

function phoneCalls(w) {
  if (!calls.length) return [h("p", { class: "empty" }, w.noCalls)];
  return calls.map(({ sent, told }) => call(sent.method, told.status, colour(told.status), sent.path, told.milliseconds, [
    `${sent.method} ${sent.path}`,
    pretty({ ...sent.headers, Authorization: masked(sent.token) }),
    ...(sent.body ? [pretty(sent.body)] : []),
    "",
    `← ${told.status}`,
    ...["Content-Type", "X-Request-Id", "Retry-After", "Idempotency-Replayed"].filter((name) => told.headers?.[name]).map((name) => `${name}: ${told.headers[name]}`),
    ...(told.body === null ? [] : [pretty(told.body)]),
  ].join("\n")));
}

async function platformCalls(w) {
  const { items } = await strings("GET", "requests");
  if (!items.length) return [h("p", { class: "empty" }, w.noCalls)];
  return items.map((entry) => call(entry.method, entry.errcode ?? entry.status ?? "…", entry.fault || entry.errcode ? "oops" : "ok", entry.path, entry.milliseconds, pretty(entry)));
}

async function faults(w) {
  const { items } = await strings("GET", "faults");
  return [
    h("p", { class: "soft" }, w.faultMore),
    h("div", { class: "choices" },
      ...[[true, w.once], [false, w.always]].map(([value, title]) =>
        h("label", {}, h("input", { type: "radio", name: "times", checked: once === value, onchange: () => { once = value; } }), title)),
      h("label", {}, w.where, h("select", { onchange: (event) => { path = event.target.value; } },
        h("option", { value: "" }, w.anywhere), ...PATHS.map((one) => h("option", { value: one, selected: one === path }, one.split("/").pop()))))),
    h("div", { class: "switches" }, ...Object.entries(FAULTS).map(([name, fault]) =>
      switchOf(name, fault, w))),
    h("h2", {}, w.payFaults),
    h("div", { class: "switches" }, ...Object.entries(PAY_FAULTS).map(([name, fault]) => switchOf(name, fault, w))),
    ...(items.length ? [h("h2", {}, w.standing), h("ul", { class: "standing" }, ...items.map((fault) =>
      h("li", {}, [fault.kind, fault.kind === "errcode" ? fault.errcode : "", fault.kind === "nonsense" ? fault.what : "", fault.path ?? w.anywhere, fault.times ? `×${fault.times}` : w.always].filter(String).join(" · "))))] : []),
    h("button", { class: "button plain", disabled: !items.length, onclick: async () => { await strings("DELETE", "faults"); say(w.cleared); draw(); } }, w.clear),
  ];
}

const switchOf = (name, fault, w) => h("button", { class: "switch", onclick: () => switchOn(fault, w) }, h("b", {}, w.faultNames[name][0]), h("span", { class: "soft" }, w.faultNames[name][1]));

async function switchOn(fault, w) {
  const wanted = { ...fault };
  if (once && fault.kind !== "revoke_token") wanted.times = 1;
  if (path && fault.kind !== "revoke_token" && !Object.values(PAY_FAULTS).includes(fault)) wanted.path = path;
  await strings("POST", "faults", wanted);
  say(w.on);
  draw();
}

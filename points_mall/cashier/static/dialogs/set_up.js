// Registering this device as a till: it makes its key here and only the public half leaves.

import { button, field, h } from "../dom.js";
import { makeKey, publicKey } from "../signing.js";
import { change, isManager, state } from "../state.js";
import { sentenceOf } from "../troubles.js";
import { keep } from "../vault.js";
import { w } from "../words.js";
import { actFor, get, inTheNameOf, post } from "../wire.js";
import { managerFields, signInOf } from "./approval.js";
import { form, show } from "./dialog.js";

const CODE = /^[0-9A-Za-z_-]{1,20}$/;

// By whoever is signed in, where that is a manager; else by a manager who signs in for this alone.
const send = (body, values) => (isManager()
  ? post("/pos/tills", body)
  : inTheNameOf(signInOf(values), "POST", "/pos/tills", body));

async function begin(till) {
  await keep("till", till);
  actFor(till.code);
  change({ till });
}

async function register(values) {
  const code = values.code.trim();
  if (!CODE.test(code)) throw new Error(w.tillCodeHint);
  const pair = await makeKey();
  const body = { code, name: values.name.trim() || code, public_key: await publicKey(pair) };
  if (values.store.trim()) body.store = values.store.trim();
  const till = await send(body, values);
  await keep("key", pair);
  await begin({ ...till, has_key: true });
}

// Without a manager: the till sells at once where the shop lets it, only not while the line is down.
async function useUnregistered(asked) {
  const code = new FormData(asked).get("code").trim();
  try {
    if (!CODE.test(code)) throw new Error(w.tillCodeHint);
    actFor(code);
    await begin(await get("/pos/tills/current"));
    return true;
  } catch (error) {
    actFor(null);
    asked.say(sentenceOf(error));
    return false;
  }
}

export function openSetUp(told) {
  return new Promise((resolve) => {
    const asked = form([
      told ? h("p", { class: "trouble bad" }, told) : null,
      h("p", { class: "soft-text" }, w.setUpMore),
      field(w.tillCode, h("input", { name: "code", maxlength: 20, placeholder: w.tillCodeHint, autocomplete: "off", spellcheck: "false", autofocus: true })),
      h("div", { class: "pair" },
        field(w.tillName, h("input", { name: "name", maxlength: 32, autocomplete: "off" })),
        field(w.store, h("input", { name: "store", maxlength: 32, value: state.staff.store ?? "", readonly: state.staff.store !== null, autocomplete: "off" }))),
      isManager() ? null : managerFields(),
    ], w.register, async (values) => {
      await register(values);
      window.close();
    }, { id: "set-up", sentenceOf });
    const later = button(w.useUnregistered, async () => { if (await useUnregistered(asked)) window.close(); }, { class: "soft wide-button", id: "use-unregistered" });
    const window = show(w.setUpTitle, [asked, later], { id: "set-up-window", bound: true, onScan: () => {}, onClose: resolve });
  });
}

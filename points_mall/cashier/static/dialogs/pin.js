// The PIN by which whoever is signed in opens the till again; their password proves that it is them.

import { field, h } from "../dom.js";
import { overLine } from "../line.js";
import { hasPinNow } from "../lock.js";
import { isPin } from "../pins.js";
import { change } from "../state.js";
import { sentenceOf } from "../troubles.js";
import { w } from "../words.js";
import { call } from "../wire.js";
import { form, show } from "./dialog.js";

const digits = (name, more = {}) => h("input", { name, type: "password", class: "digits", inputmode: "numeric", autocomplete: "off", maxlength: 6, required: true, ...more });

export function openPin() {
  const asked = form([
    h("p", { class: "note" }, w.pinMore),
    h("div", { class: "pair" }, field(w.pinNew, digits("pin", { autofocus: true })), field(w.pinAgain, digits("again"))),
    h("div", { class: "pair" }, field(w.password, h("input", { name: "password", type: "password", autocomplete: "off", maxlength: 128, required: true })),
      field(w.otp, h("input", { name: "otp", inputmode: "numeric", autocomplete: "off", maxlength: 6 }))),
  ], w.pinSet, async ({ pin, again, password, otp }) => {
    if (!isPin(pin)) throw new Error(w.pinMore);
    if (pin !== again) throw new Error(w.pinDiffers);
    const body = { pin, password, ...(otp.trim() && { otp: otp.trim() }) };
    await overLine(() => call("PUT", "/staff/pin", { body }));
    hasPinNow();
    change({ trouble: { text: w.pinIsSet, tone: "good" } });
    window.close();
  }, { id: "pin", sentenceOf });
  const window = show(w.pinTitle, asked, { id: "pin-window", onScan: () => {} });
}

// A manager's word for one act: asked for at the till, good once.

import { field, h } from "../dom.js";
import { overLine } from "../line.js";
import { yuan } from "../money.js";
import { proofOf } from "../pins.js";
import { w } from "../words.js";
import { post } from "../wire.js";
import { form, show } from "./dialog.js";

// User name, password and, where it was typed, the one-time code.
export function signInOf({ username, password, otp }) {
  const given = { username: username.trim(), password };
  return otp.trim() ? { ...given, otp: otp.trim() } : given;
}

// An approval is also given by PIN.
function proofOfManager(values) {
  const { password, ...rest } = signInOf(values);
  return { ...rest, ...proofOf(password) };
}

export const managerFields = (secretName = w.password) => [
  h("div", { class: "pair" }, field(w.manager, h("input", { name: "username", autocomplete: "off", autocapitalize: "none", spellcheck: "false", maxlength: 32, required: true })),
    field(secretName, h("input", { name: "password", type: "password", autocomplete: "off", maxlength: 128, required: true }))),
  field(w.otp, h("input", { name: "otp", inputmode: "numeric", autocomplete: "off", maxlength: 6 })),
];

// The approval's id, or null when nobody gave it.
export function askApproval({ act, subject, amount_fen, limit, most }) {
  return new Promise((resolve) => {
    let given = null;
    const asked = form(managerFields(w.pinOrPassword), w.approve, async (values) => {
      const body = { ...proofOfManager(values), act, subject, amount_fen };
      given = (await overLine(() => post("/pos/approvals", body))).approval_id;
      window.close();
    }, { id: "approval", sentenceOf: (error) => error.message });
    const why = h("p", { class: "note" }, w.approvalWhy[limit]?.(limit === "member_sales" ? most : yuan(most ?? 0)) ?? w.approvalSoon);
    const window = show(w.approvalTitle, [why, asked], { id: "approval-window", onScan: () => {}, onClose: () => resolve(given) });
  });
}

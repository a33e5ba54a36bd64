// What a refusal of the server says to a cashier, and what it asks for: another price, a manager, a fresh code.

import { askApproval } from "./dialogs/approval.js";
import { clockOf } from "./money.js";
import { w } from "./words.js";
import { Away, Problem } from "./wire.js";

const SPOKEN = {
  not_a_member_code: ({ looks_like: kind }) => w.codeWhy[kind] ?? w.codeWhy.nothing,
  code_used: ({ used_at: at, till }) => w.codeUsed(clockOf(at), till),
  code_expired: () => w.codeExpired,
  till_locked: ({ locked_until: until }) => w.tillLocked(clockOf(until)),
  validation_failed: ({ errors, title }) => [title, ...Object.values(errors?.json ?? {}).flat()].join(" · "),
};

export function sentenceOf(error) {
  if (error instanceof Away) return w.offlineNo;
  if (!(error instanceof Problem)) return String(error.message ?? error);
  return SPOKEN[error.code]?.(error.body) ?? error.message;
}

// Says it with `say`; where only a manager's word is missing, asks for it and goes on with `again(approvalId)`.
export async function tellProblem(error, say, { asked, again } = {}) {
  if (error instanceof Problem && error.code === "approval_needed" && again) {
    const approval = await askApproval({ ...asked, ...error.body });
    if (approval) await again(approval);
    return;
  }
  if (!(error instanceof Problem || error instanceof Away)) console.error(error);
  say(sentenceOf(error));
}

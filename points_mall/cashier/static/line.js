// Whether the line to the server stands: told by what becomes of calls, not by the browser's guess alone.

import { Away, isThere } from "./wire.js";
import { change, state } from "./state.js";

const ASK_EVERY_MS = 2000;
let asking = null;
const returned = [];

export const onReturn = (act) => returned.push(act);

export function lost() {
  if (state.online) change({ online: false, quote: null });
  asking ??= setInterval(askAgain, ASK_EVERY_MS);
}

async function askAgain() {
  if (!(await isThere()) || state.online) return;
  clearInterval(asking);
  asking = null;
  change({ online: true });
  for (const act of returned) act();
}

// Runs a call; when nobody answers, the line is taken as lost and the caller learns it as Away.
export async function overLine(work) {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Away) lost();
    throw error;
  }
}

export function watchLine() {
  window.addEventListener("offline", lost);
  window.addEventListener("online", () => { if (!state.online) askAgain(); });
}

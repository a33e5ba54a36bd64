// Everything that leaves the page: to WeChat's stand-in, and through it to the mall.

export const calls = []; // what the phone asked, newest first
const listeners = [];
export const onCall = (listener) => listeners.push(listener);

const hexOf = (count) => [...crypto.getRandomValues(new Uint8Array(count))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

// crypto.randomUUID needs a secure context; 127.0.0.1 is one, an address on the desk is not.
export function uuid() {
  const hex = hexOf(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}

// The member's own part of a draw, which the mall cannot know ahead.
export const nonce = () => hexOf(8);

export async function strings(method, path, body) {
  const answer = await fetch(`/_sim/${path}`, {
    method, headers: body ? { "Content-Type": "application/json" } : {}, body: body && JSON.stringify(body),
  });
  const told = answer.status === 204 ? null : await answer.json();
  if (!answer.ok) throw new Error(told?.error ?? answer.statusText);
  return told;
}

// wx.request: the answer whatever its status, status 0 where the mall is away.
export async function wxRequest(method, path, { token, body, language, key } = {}) {
  const headers = { "Accept-Language": language };
  if (key) headers["Idempotency-Key"] = key;
  const sent = { method, path, token, body, headers };
  let told;
  try {
    told = await strings("POST", "phone/request", sent);
  } catch (error) {
    told = { status: 0, body: { title: error.message }, headers: {}, milliseconds: 0 };
  }
  calls.unshift({ at: new Date(), sent, told });
  calls.length = Math.min(calls.length, 200);
  for (const listener of listeners) listener();
  return told;
}

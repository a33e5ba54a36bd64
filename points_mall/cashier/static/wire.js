// Calls to the server. A refusal is a Problem with the server's own sentence; no answer at all is Away.

const ANSWER_WITHIN_MS = 8000;
const NOBODY = [502, 504]; // a proxy answers, the shop behind it does not
const session = { csrf: "", till: null, unlocking: null };

export class Problem extends Error {
  constructor(status, body) {
    super(body.title ?? String(status));
    this.status = status;
    this.code = body.code ?? "unknown";
    this.body = body;
  }
}

export class Away extends Error {}

// `open` resolves once a session that the server holds locked is open again.
export const whenLocked = (open) => { session.unlocking = open; };

export const actFor = (code) => { session.till = code; };

async function answerOf(path, options) {
  const timer = AbortSignal.timeout(ANSWER_WITHIN_MS);
  const signal = options.signal ? AbortSignal.any([options.signal, timer]) : timer;
  try {
    const response = await fetch(path, { ...options, signal, credentials: "same-origin", cache: "no-store" });
    if (NOBODY.includes(response.status)) throw new Away(String(response.status));
    const text = await response.text(); // a line may break in the middle of an answer as well
    return { response, text };
  } catch (error) {
    if (options.signal?.aborted) throw options.signal.reason;
    throw error instanceof Away ? error : new Away(error.message);
  }
}

function read(response, text) {
  const isJson = (response.headers.get("Content-Type") ?? "").includes("json");
  const body = isJson && text ? JSON.parse(text) : {};
  if (response.ok) return body;
  throw new Problem(response.status, body);
}

export async function openSession() {
  const { response, text } = await answerOf("/pos/session", {});
  const opened = read(response, text);
  session.csrf = opened.csrf_token;
  return opened;
}

function headers(body, key) {
  const lines = { "X-CSRF-Token": session.csrf, Accept: "application/json" };
  if (session.till) lines["X-Till"] = session.till;
  if (body !== undefined) lines["Content-Type"] = "application/json";
  if (key) lines["Idempotency-Key"] = key;
  return lines;
}

const needsSignIn = (problem) => problem.status === 401 && problem.code.startsWith("token_");

// One call of the API. `key` makes a repeat of it harmless.
export async function call(method, path, { body, key, signal, again = true } = {}) {
  const options = { method, headers: headers(body, key), signal, body: body === undefined ? undefined : JSON.stringify(body) };
  const { response, text } = await answerOf(`/api/v1${path}`, options);
  try {
    return read(response, text);
  } catch (problem) {
    if (problem.code === "csrf_refused" && again) {
      await openSession();
      return call(method, path, { body, key, signal, again: false });
    }
    if (problem.code === "session_locked") {
      await session.unlocking();
      return call(method, path, { body, key, signal, again });
    }
    if (needsSignIn(problem)) window.dispatchEvent(new Event("till:signed-out"));
    throw problem;
  }
}

export const get = (path, options) => call("GET", path, options);
export const post = (path, body, options) => call("POST", path, { ...options, body });

// A call in the name of somebody who signs in for it alone: the page stays with who had it.
export async function inTheNameOf(given, method, path, body) {
  const opened = await call("POST", "/staff/sessions", { body: given });
  const bearer = { Authorization: `Bearer ${opened.access_token}`, "Content-Type": "application/json" };
  try {
    const { response, text } = await answerOf(`/api/v1${path}`, { method, headers: bearer, body: JSON.stringify(body) });
    return read(response, text);
  } finally {
    await answerOf("/api/v1/staff/sessions/current", { method: "DELETE", headers: bearer });
  }
}

export async function signOut() {
  const form = new URLSearchParams({ csrf_token: session.csrf });
  await answerOf("/staff/sign-out", { method: "POST", body: form });
}

export async function isThere() {
  try {
    return (await answerOf("/healthz", {})).response.ok;
  } catch {
    return false;
  }
}

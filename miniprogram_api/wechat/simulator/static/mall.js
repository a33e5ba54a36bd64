// Asking the mall, as the mini-program would: silent login, one effect however often it is asked.
import { hearTime, keep, kept, locale, redraw, state, takePhoneOf, tokenOf, w } from "./state.js";
import { say } from "./ui.js";
import { strings, uuid, wxRequest } from "./wire.js";

const API = "/api/v1";
// Whether the phone does not know what became of it, or is to ask the same again later.
export const unheard = ({ status, body }) => status === 0 || status >= 500 || status === 429 || body?.code === "request_in_progress";

// What moves something carries a key. It is kept until an answer is heard, even over a reload, so
// that whoever taps again asks for the same thing and not for another one.
function keyFor(person, method, path, body) {
  const place = `key:${person}:${method} ${path} ${JSON.stringify(body ?? null)}`;
  const key = kept(place) ?? uuid();
  keep(place, key);
  return { key, forget: () => keep(place, null) };
}

export async function ask(method, path, { moves = false, again = false, body } = {}) {
  const intent = moves ? keyFor(state.person, method, path, body) : null;
  const told = await wxRequest(method, API + path, { token: tokenOf(state.person), language: locale(), body, key: intent?.key });
  hearTime(told.body?.server_time);
  if (told.status === 401 && !again && (await logIn(state.person, { silently: true }))) {
    say(w().relogin); // a mini-program logs in again by itself
    return ask(method, path, { moves, body, again: true });
  }
  if (intent && !unheard(told)) intent.forget();
  return told;
}

// The body of a good answer; of any other one its title becomes a toast.
export async function need(method, path, options) {
  const told = await ask(method, path, options);
  if (told.status >= 200 && told.status < 300) return told.body ?? {};
  complain(told, options?.moves);
  return undefined;
}

export function complain(told, moves = false) {
  const title = told.body?.title ?? w().awayMall;
  const { required, available, retry_after: seconds } = told.body ?? {};
  if (required > available) return say(`${title}${w().short(required - available)}`);
  if (told.status === 0 || told.status >= 500) return say(moves ? `${title}${w().tapAgain}` : title);
  return say(told.status === 429 && seconds ? `${title}${w().waitSeconds(seconds)}` : title);
}

export async function logIn(openid, { silently = false, name } = {}) {
  const { code } = await strings("POST", "codes", { openid });
  const told = await wxRequest("POST", `${API}/sessions`, { body: { code }, language: locale() });
  if (told.status !== 201) {
    if (!silently) complain(told);
    return false;
  }
  keep(`token:${openid}`, told.body.access_token);
  if (!silently) {
    takePhoneOf(openid, name ?? openid);
    say(told.body.is_new_member ? w().welcomeNew : w().welcomeBack);
  }
  return true;
}

export function leave(words) {
  keep(`token:${state.person}`, null);
  takePhoneOf(null, null);
  say(words);
  location.hash = "home";
  redraw();
}

export const messagesOf = async () => (await strings("GET", `messages?openid=${encodeURIComponent(state.person)}`)).items;

// A list page by page: `show` makes a row of an item.
export async function paged(path, show, list, more, words) {
  const load = async (cursor) => {
    const glue = path.includes("?") ? "&" : "?";
    const page = await need("GET", `${path}${glue}limit=20${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
    if (!page) return;
    list.append(...page.items.map(show));
    more.replaceChildren(...(page.next_cursor ? [words(() => load(page.next_cursor))] : []));
  };
  await load();
}

// Who holds the phone.
import { h } from "../dom.js";
import { logIn } from "../mall.js";
import { redraw, w } from "../state.js";
import { button, card, face, field } from "../ui.js";
import { strings } from "../wire.js";

const NAMES = ["小红", "安娜", "阿福", "小林", "佳佳", "大伟", "阿梅", "子轩"];

export async function login() {
  const { items: known } = await strings("GET", "users");
  const items = known.sort(demoFirst);
  const taken = new Set(items.map((user) => user.openid));
  const fresh = NAMES.find((name) => !taken.has(name)) ?? `小红${items.length}`;
  const input = field(w().newPerson, { value: fresh, maxlength: 32, autocomplete: "off" });
  const begin = async (openid, name) => { if (openid && (await logIn(openid, { name }))) await redraw(); };
  return [
    h("div", { class: "hello" }, h("img", { class: "logo", src: "/static/icon.svg", alt: "" }), h("h2", {}, w().hello), h("p", { class: "soft" }, w().helloMore)),
    card("", input, button(w().login, () => begin(input.querySelector("input").value.trim()))),
    items.length ? card("rows", h("p", { class: "soft" }, w().people), ...items.map((user) => person(user, begin))) : null,
  ];
}

// The demo's people in the order of their numbers, then whoever came later.
const demoFirst = (one, other) => Number(!one.name) - Number(!other.name) || (one.name ? one.openid.localeCompare(other.openid) : 0);

// `name · habit` as the demo introduces its people.
function person(user, begin) {
  const [name, about] = (user.name || user.openid).split(" · ");
  return h("button", { class: "person", onclick: () => begin(user.openid, name) },
    face(name), h("span", { class: "name" }, name), h("span", { class: "soft" }, user.phone ?? about ?? ""));
}

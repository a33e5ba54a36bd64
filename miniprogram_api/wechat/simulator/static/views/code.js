// The member code: shown to the till as QR and as bars, fresh each half minute, good once.
import { h } from "../dom.js";
import { need } from "../mall.js";
import { every, redraw, w } from "../state.js";
import { card } from "../ui.js";

const picture = (kind, text, more) => h("img", { src: `/_sim/phone/${kind}?text=${text}`, alt: `${kind} ${text}`, ...more });

export async function code() {
  const told = await need("GET", "/members/me/code");
  if (!told) return { nodes: [] };
  const left = h("span", { class: "soft", "aria-live": "off" });
  const shownAt = Date.now();
  const tick = () => {
    const seconds = told.refresh_after_seconds - Math.floor((Date.now() - shownAt) / 1000);
    left.textContent = w().codeFresh(Math.max(0, seconds));
    if (seconds <= 0) redraw();
  };
  tick();
  return {
    nodes: [card("member-code",
      h("p", {}, w().codeShow),
      picture("barcode", told.code, { class: "bars" }),
      picture("qr", told.code, { width: 200, height: 200 }),
      h("b", { class: "digits" }, told.code.replace(/(.{4})(?=.)/g, "$1 ")),
      left,
      h("p", { class: "soft" }, w().codeOnce))],
    live: () => every(1000, tick),
  };
}

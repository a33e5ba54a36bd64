// A window over the till. Keys and scans belong to the topmost one.

import { button, h, icon } from "../dom.js";
import { w } from "../words.js";

const open = [];

export const isOpen = () => open.length > 0;

// Gives a scan to the topmost window; one that has no use for scans makes way. True: it was taken.
export function offerScan(text) {
  const top = open.at(-1);
  if (!top) return false;
  if (top.onScan) {
    top.onScan(text);
    return true;
  }
  top.close();
  return isOpen() ? offerScan(text) : false;
}

// Shows `content`; `close()` ends it. `bound` windows cannot be left without an answer.
export function show(title, content, { id, onScan, onClose, bound = false, wide = false } = {}) {
  const body = h("div", { class: "body" }, content);
  const leave = button([icon("close"), h("span", { class: "hidden-text" }, w.close)], () => close(), { class: "bare leave" });
  const element = h("dialog", { id, class: wide ? "wide" : null, "aria-label": title }, h("header", {}, h("h2", {}, title), !bound && leave), body);
  const entry = { onScan, close };
  function close() {
    if (!open.includes(entry)) return;
    open.splice(open.indexOf(entry), 1);
    element.close();
    element.remove();
    onClose?.();
  }
  element.addEventListener("cancel", (event) => {
    event.preventDefault();
    if (!bound) close();
  });
  document.body.append(element);
  open.push(entry);
  element.showModal();
  (body.querySelector("[autofocus]") ?? body.querySelector("input, button"))?.focus();
  return { close, element, body, replace: (...children) => replace(body, children) };
}

function replace(body, children) {
  body.replaceChildren(...children.flat(Infinity).filter(Boolean));
  (body.querySelector("[autofocus]") ?? body.querySelector("input, button:not(:disabled)"))?.focus();
}

// A form that runs `act(values)` once at a time, and says what went wrong inside itself.
export function form(children, label, act, { id, sentenceOf, tone = "" } = {}) {
  const told = h("p", { class: "trouble bad", role: "alert", hidden: true });
  const go = h("button", { class: `confirm ${tone}`, id: id ? `${id}-go` : null }, label);
  const element = h("form", { id, novalidate: true }, children, told, go);
  element.say = (text) => {
    told.textContent = text ?? "";
    told.hidden = !text;
  };
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (go.disabled) return;
    go.disabled = true;
    element.say(null);
    try {
      await act(Object.fromEntries(new FormData(element)));
    } catch (error) {
      element.say(sentenceOf(error));
    } finally {
      go.disabled = false;
    }
  });
  return element;
}

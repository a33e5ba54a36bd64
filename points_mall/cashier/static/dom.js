// Building the page. Text is always text: nothing that comes over the wire becomes markup.

const SVG = "http://www.w3.org/2000/svg";
const ICONS = {
  scan: "M4 8V5a1 1 0 0 1 1-1h3M16 4h3a1 1 0 0 1 1 1v3M20 16v3a1 1 0 0 1-1 1h-3M8 20H5a1 1 0 0 1-1-1v-3M8 8v8M11 8v8M13.500 8v8M16 8v8",
  camera: "M4 8h3l2-3h6l2 3h3v11H4zM12 16a3 3 0 1 0 0-6a3 3 0 0 0 0 6",
  phone: "M8 3h8v18H8zM11 18h2",
  close: "M6 6l12 12M18 6L6 18",
  back: "M21 6H9l-6 6l6 6h12zM12 10l5 4M17 10l-5 4",
  menu: "M4 7h16M4 12h16M4 17h16",
  print: "M7 9V4h10v5M7 17H5v-7h14v7h-2M8 14h8v6H8z",
  check: "M5 12.500l4.500 4.500L19 7.500",
  alert: "M12 8v5M12 16.500v.1M10.300 4.500L3.500 17a2 2 0 0 0 1.700 3h13.600a2 2 0 0 0 1.700-3L13.700 4.500a2 2 0 0 0-3.400 0",
  box: "M4 8l8-4l8 4v8l-8 4l-8-4zM4 8l8 4l8-4M12 12v8",
  refund: "M9 14l-5-5l5-5M4 9h10a5.500 5.500 0 0 1 0 11h-3",
  shift: "M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18M12 7v5l3 3",
  cloud: "M7 18a4.500 4.500 0 0 1-.5-9a6 6 0 0 1 11.300 1.500A3.800 3.800 0 0 1 17.500 18z",
  lock: "M6 11h12v9H6zM8.500 11V8a3.500 3.500 0 0 1 7 0v3",
};

const isGap = (child) => child === null || child === undefined || child === false;

function build(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && !isGap(value)) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => !isGap(child)));
  return element;
}

export const h = (tag, attributes = {}, ...children) => build(document.createElement(tag), attributes, children);
export const svg = (tag, attributes = {}, ...children) => build(document.createElementNS(SVG, tag), attributes, children);
export const $ = (id) => document.getElementById(id);

export const icon = (name) => svg("svg", {
  viewBox: "0 0 24 24", fill: "none", stroke: "currentColor", "stroke-width": "1.7", "stroke-linecap": "round",
  "stroke-linejoin": "round", "aria-hidden": "true", class: "icon",
}, svg("path", { d: ICONS[name] }));

// A key's name, as it stands on buttons; small screens, which have no such keys, hide it.
export const kbd = (name) => h("kbd", { "aria-hidden": "true" }, name);

export const button = (label, act, more = {}) => h("button", { type: "button", onclick: act, ...more }, label);

export const field = (label, input) => h("label", { class: "field" }, h("span", {}, label), input);

// A name and what it comes to.
export const row = (name, value) => h("div", { class: "row" }, h("span", {}, name), h("b", {}, value));

// Draws anew only when what it shows has changed, so that a finger on a button is not interrupted.
export function view(element, pick, draw) {
  let shown = null;
  return (state) => {
    const now = pick(state);
    if (shown !== null && now.every((value, place) => Object.is(value, shown[place]))) return;
    shown = now;
    element.replaceChildren(...[draw(state)].flat(Infinity).filter((child) => !isGap(child)));
  };
}

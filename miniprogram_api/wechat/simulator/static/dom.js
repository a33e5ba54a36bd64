// Building the page. Text is always text: nothing that comes over the wire becomes markup.

const SVG = "http://www.w3.org/2000/svg";
const ICONS = {
  home: "M4 11l8-7 8 7M6 10v10h5v-6h2v6h5V10",
  mall: "M5 8h14l1 12H4zM9 8V7a3 3 0 0 1 6 0v1",
  sale: "M13 3L5 13.5h6L10 21l9-11h-6.5z",
  wheel: "M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18M12 3v18M3 12h18M5.6 5.6l12.8 12.8M18.4 5.6L5.6 18.4",
  me: "M12 4a4 4 0 1 0 0 8a4 4 0 0 0 0-8M5 20c0-4 3-6 7-6s7 2 7 6",
  pay: "M4 6h16v12H4zM4 10h16M8 14.500h4",
  wallet: "M4 7h15v12H4zM4 7l11-4v4M15 12.500h4v2h-4z",
  points: "M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18M12 8v8M9 10.5h6M9 13.5h6",
  inbox: "M4 5h16v11H9l-5 4z",
  orders: "M6 3h12v18l-3-2-3 2-3-2-3 2zM9 8h6M9 12h6",
  code: "M4 5v14M8 5v14M11 5v14M14 5v14M17 5v14M20 5v14",
  coupons: "M4 7h16v4a1.5 1.5 0 0 0 0 3v4H4v-4a1.5 1.5 0 0 0 0-3zM14 8v2M14 12v2M14 16v1",
  truck: "M3 7h11v9H3zM14 10h4l3 3v3h-7M7 19a2 2 0 1 0 0-4a2 2 0 0 0 0 4M17 19a2 2 0 1 0 0-4a2 2 0 0 0 0 4",
  store: "M4 10v10h16V10M3 10l2-6h14l2 6a3 3 0 0 1-6 0a3 3 0 0 1-6 0a3 3 0 0 1-6 0M10 20v-5h4v5",
  gift: "M4 11h16v9H4zM3 7h18v4H3zM12 7v13M12 7c-5 0-5-4-2.500-4S12 7 12 7s0-4 2.500-4S17 7 12 7",
  shield: "M12 3l7 3v5c0 5-3 8-7 10c-4-2-7-5-7-10V6zM9 12l2 2 4-4",
};

const isGap = (child) => child === null || child === undefined || child === false;

function build(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") Object.assign(element.style, value); // the page's CSP takes no style attribute
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => !isGap(child)));
  return element;
}

export const h = (tag, attributes = {}, ...children) => build(document.createElement(tag), attributes, children);
export const svg = (tag, attributes = {}, ...children) => build(document.createElementNS(SVG, tag), attributes, children);

export const icon = (name) => svg("svg", {
  viewBox: "0 0 24 24", fill: "none", stroke: "currentColor", "stroke-width": "1.7", "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true",
}, svg("path", { d: ICONS[name] }));

export const $ = (id) => document.getElementById(id);

// Building the page. Text is always text: nothing that comes over the wire becomes markup.

const ICONS = {
  home: "M4 11l8-7 8 7M6 10v10h5v-6h2v6h5V10",
  entries: "M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18M12 8v8M9 10.5h6M9 13.5h6",
  inbox: "M4 5h16v11H9l-5 4z",
  mine: "M12 4a4 4 0 1 0 0 8a4 4 0 0 0 0-8M5 20c0-4 3-6 7-6s7 2 7 6",
};

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const path = document.createElementNS(space, "path");
  for (const [key, value] of Object.entries({
    viewBox: "0 0 24 24", fill: "none", stroke: "currentColor", "stroke-width": "1.8", "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true",
  })) svg.setAttribute(key, value);
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

export const $ = (id) => document.getElementById(id);

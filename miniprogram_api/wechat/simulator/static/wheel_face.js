// The face of a wheel: each slice as wide as its odds, drawn from the numbers that draw.
import { h, svg } from "./dom.js";

const CENTRE = 150;
const RIM = 132;
const TURNS = 6;
const SPIN_MS = 4600;
const SETTLE_MS = 250;

const point = (degrees, radius) => {
  const radians = ((degrees - 90) * Math.PI) / 180;
  return `${(CENTRE + radius * Math.cos(radians)).toFixed(3)} ${(CENTRE + radius * Math.sin(radians)).toFixed(3)}`;
};

// Slices in order of position: from and to in degrees, clockwise from the top.
function slicesOf(prizes) {
  const sorted = [...prizes].sort((one, other) => one.position - other.position);
  const total = sorted.reduce((sum, one) => sum + Number(one.odds_bp_text), 0);
  let at = 0;
  return sorted.map((prize) => {
    const from = at;
    at += (360 * Number(prize.odds_bp_text)) / total;
    return { prize, from, to: at };
  });
}

function sector({ prize, from, to }, place) {
  const colour = `slice k-${prize.kind.replace(/[^a-z_]/g, "")} ${place % 2 ? "odd" : ""}`;
  if (to - from >= 359.99) return svg("circle", { class: colour, cx: CENTRE, cy: CENTRE, r: RIM });
  const large = to - from > 180 ? 1 : 0;
  return svg("path", { class: colour, d: `M${CENTRE} ${CENTRE}L${point(from, RIM)}A${RIM} ${RIM} 0 ${large} 1 ${point(to, RIM)}Z` });
}

// Wide slices carry their name across, narrow ones along the radius, slivers none.
function label({ prize, from, to }) {
  const width = to - from;
  const middle = (from + to) / 2;
  const name = [...prize.name];
  if (width < 9) return null;
  if (width >= 48) return svg("text", { class: "across", x: CENTRE, y: 56, transform: `rotate(${middle} ${CENTRE} ${CENTRE})` }, name.slice(0, 10).join(""));
  return svg("text", { class: "along", x: CENTRE + RIM - 8, y: CENTRE + 4, transform: `rotate(${middle - 90} ${CENTRE} ${CENTRE})` }, name.slice(0, 9).join(""));
}

function lights() {
  return Array.from({ length: 24 }, (_, place) => {
    const [x, y] = point(place * 15, 141).split(" ");
    return svg("circle", { class: place % 2 ? "light odd" : "light", cx: x, cy: y, r: 3.2 });
  });
}

let turned = 0; // where the wheel came to rest, in degrees

export function wheelFace(prizes, middle) {
  const slices = slicesOf(prizes);
  const disc = svg("g", { class: "disc" }, ...slices.map(sector), ...slices.map(label).filter(Boolean));
  disc.style.transform = `rotate(${turned}deg)`;
  const element = h("div", { class: "wheel-face" },
    svg("svg", { viewBox: "0 0 300 300", role: "img", "aria-label": prizes.map((one) => `${one.name} ${one.odds_text}`).join("，") },
      svg("circle", { class: "rim", cx: CENTRE, cy: CENTRE, r: 148 }), ...lights(), disc, svg("path", { class: "pointer", d: "M150 96l-15 24h30z" }), svg("circle", { class: "hub", cx: CENTRE, cy: CENTRE, r: 40 })),
    middle);
  return { element, spinTo: (position) => spin(disc, slices, position) };
}

// Turn until the pointer stands somewhere within the slice of `position`.
function spin(disc, slices, position) {
  const slice = slices.find((one) => one.prize.position === position);
  const within = 0.5 + (Math.random() - 0.5) * 0.76;
  const goal = slice ? slice.from + (slice.to - slice.from) * within : 0;
  const rest = (((-goal - turned) % 360) + 360) % 360;
  turned += 360 * TURNS + rest;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  disc.style.transition = still ? "none" : `transform ${SPIN_MS}ms cubic-bezier(.12,.72,.1,1)`;
  disc.style.transform = `rotate(${turned}deg)`;
  return new Promise((done) => { setTimeout(done, still ? 0 : SPIN_MS + SETTLE_MS); });
}

// A QR code for up to 34 digits, drawn on the device, so that a receipt has its picture without the line too.
// ISO/IEC 18004, version 1 (21 × 21), level M, numeric mode, mask 0. Pure but for `drawn`.

import { svg } from "./dom.js";

const SIZE = 21;
const DATA_BYTES = 16;
const CHECK_BYTES = 10;
const MOST_DIGITS = 34;
const FORMAT = 0x5412; // level M, mask 0, already with its own check bits
const PADDING = [0xec, 0x11];
const GROUP_BITS = [0, 4, 7, 10]; // of one, two and three digits

const binary = (value, bits) => value.toString(2).padStart(bits, "0");

function dataBytes(digits) {
  let bits = "0001" + binary(digits.length, 10);
  for (const group of digits.match(/\d{1,3}/g)) bits += binary(Number(group), GROUP_BITS[group.length]);
  bits += "0".repeat(Math.min(4, DATA_BYTES * 8 - bits.length));
  bits = bits.padEnd(Math.ceil(bits.length / 8) * 8, "0");
  const bytes = bits.match(/.{8}/g).map((byte) => parseInt(byte, 2));
  for (let place = 0; bytes.length < DATA_BYTES; place += 1) bytes.push(PADDING[place % 2]);
  return bytes;
}

// In the field of 256 elements that QR codes reckon in (x⁸ + x⁴ + x³ + x² + 1).
function times(one, other) {
  let product = 0;
  for (let bit = 7; bit >= 0; bit -= 1) {
    product = (product << 1) ^ ((product >>> 7) * 0x11d);
    product ^= ((other >>> bit) & 1) * one;
  }
  return product;
}

function divisor() {
  let terms = [...new Array(CHECK_BYTES - 1).fill(0), 1];
  let root = 1;
  for (let count = 0; count < CHECK_BYTES; count += 1) {
    terms = terms.map((term, place) => times(term, root) ^ (terms[place + 1] ?? 0));
    root = times(root, 2);
  }
  return terms;
}

// Reed–Solomon: what lets a reader mend a smudged receipt.
function checkBytes(data) {
  const by = divisor();
  let rest = new Array(CHECK_BYTES).fill(0);
  for (const byte of data) {
    const factor = byte ^ rest[0];
    rest = [...rest.slice(1), 0].map((one, place) => one ^ times(by[place], factor));
  }
  return rest;
}

const isFixed = (x, y) => x === 6 || y === 6 || (x < 9 && y < 9) || (x >= SIZE - 8 && y < 9) || (x < 9 && y >= SIZE - 8);

function finders(grid) {
  for (const [left, top] of [[0, 0], [SIZE - 7, 0], [0, SIZE - 7]]) {
    for (let y = 0; y < 7; y += 1) {
      for (let x = 0; x < 7; x += 1) grid[top + y][left + x] = Math.max(Math.abs(x - 3), Math.abs(y - 3)) !== 2;
    }
  }
  for (let place = 8; place < SIZE - 8; place += 1) grid[6][place] = grid[place][6] = place % 2 === 0;
}

function format(grid) {
  const bit = (place) => ((FORMAT >>> place) & 1) === 1;
  const down = [0, 1, 2, 3, 4, 5, 7, 8]; // around the first finder, past the timing line
  for (let place = 0; place < 8; place += 1) {
    grid[down[place]][8] = bit(place);
    grid[8][SIZE - 1 - place] = bit(place);
  }
  for (let place = 8; place < 15; place += 1) {
    grid[8][place === 8 ? 7 : 14 - place] = bit(place);
    grid[SIZE - 15 + place][8] = bit(place);
  }
  grid[SIZE - 8][8] = true;
}

function data(grid, bits) {
  let next = 0;
  for (let right = SIZE - 1; right >= 1; right -= 2) {
    if (right === 6) right = 5;
    for (let step = 0; step < SIZE; step += 1) {
      const y = ((right + 1) & 2) === 0 ? SIZE - 1 - step : step;
      for (const x of [right, right - 1]) {
        if (!isFixed(x, y)) grid[y][x] = (bits[next++] === "1") !== ((x + y) % 2 === 0);
      }
    }
  }
}

// Rows of modules, true for black.
export function qrOf(digits) {
  if (!/^\d+$/.test(digits) || digits.length > MOST_DIGITS) throw new RangeError(digits);
  const bytes = dataBytes(digits);
  const bits = [...bytes, ...checkBytes(bytes)].map((byte) => binary(byte, 8)).join("");
  const grid = Array.from({ length: SIZE }, () => new Array(SIZE).fill(false));
  finders(grid);
  format(grid);
  data(grid, bits);
  return grid;
}

export function drawn(digits) {
  const path = qrOf(digits).flatMap((row, y) => row.map((black, x) => (black ? `M${x + 2} ${y + 2}h1v1h-1z` : ""))).join("");
  return svg("svg", { viewBox: `0 0 ${SIZE + 4} ${SIZE + 4}`, role: "img", "aria-label": digits, "shape-rendering": "crispEdges" }, svg("path", { d: path, fill: "#000" }));
}

// The words of the reader's language; chosen by the switch, remembered on this device, so that it works offline.

import { zh } from "./words/zh.js";
import { en } from "./words/en.js";

const WORDS = { zh, en };

function chosen() {
  const asked = new URL(location.href).searchParams.get("lang");
  if (asked in WORDS) localStorage.setItem("till.language", asked);
  const remembered = localStorage.getItem("till.language");
  return remembered in WORDS ? remembered : document.documentElement.lang.slice(0, 2);
}

export const language = chosen() === "en" ? "en" : "zh";
export const w = WORDS[language];

// Beeps and, where asked for, a voice. A browser that has neither stays silent.

import { preferences } from "./preferences.js";
import { language } from "./words.js";

const TUNES = { // pairs of hertz and seconds
  scanned: [[1320, 0.07]],
  done: [[880, 0.09], [1320, 0.14]],
  refused: [[220, 0.18], [180, 0.22]],
};
let context = null;

export function beep(tune) {
  if (!preferences.sound || !window.AudioContext) return;
  context ??= new AudioContext();
  if (context.state === "suspended") context.resume();
  let at = context.currentTime;
  for (const [hertz, seconds] of TUNES[tune]) {
    const tone = context.createOscillator();
    const loudness = context.createGain();
    tone.frequency.value = hertz;
    loudness.gain.setValueAtTime(0.18, at);
    loudness.gain.exponentialRampToValueAtTime(0.001, at + seconds);
    tone.connect(loudness).connect(context.destination);
    tone.start(at);
    tone.stop(at + seconds);
    at += seconds;
  }
}

export function speak(text) {
  if (!preferences.voice || !window.speechSynthesis) return;
  const words = new SpeechSynthesisUtterance(text);
  words.lang = language === "en" ? "en-US" : "zh-CN";
  speechSynthesis.cancel();
  speechSynthesis.speak(words);
}

// The camera in place of a scanner. The reader is loaded only here; it works in a worker of its own.

import { h } from "../dom.js";
import { beep } from "../sounds.js";
import { w } from "../words.js";
import { show } from "./dialog.js";

const EVERY_MS = 120;
const MOST_WIDE = 960;

const reader = () => {
  const [script, wasm] = document.body.dataset.reader.split(" ");
  const worker = new Worker(new URL("../camera_worker.js", import.meta.url));
  worker.postMessage({ script: new URL(script, location.href).href, wasm: new URL(wasm, location.href).href });
  return worker;
};

function pictureOf(video, canvas) {
  const scale = Math.min(1, MOST_WIDE / video.videoWidth);
  canvas.width = Math.round(video.videoWidth * scale);
  canvas.height = Math.round(video.videoHeight * scale);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(video, 0, 0, canvas.width, canvas.height);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

export function openCamera(take) {
  const video = h("video", { muted: true, playsinline: true, autoplay: true });
  const told = h("p", { class: "soft-text", role: "status" }, w.cameraWait);
  const canvas = h("canvas");
  let stream = null;
  let worker = null;
  let timer = null;
  const end = () => {
    clearTimeout(timer);
    worker?.terminate();
    for (const track of stream?.getTracks() ?? []) track.stop();
  };
  const window = show(w.cameraTitle, [h("div", { class: "finder" }, video, h("i", { class: "frame" })), told], { id: "camera-window", onClose: end });
  const look = () => {
    if (video.videoWidth === 0) return again();
    const picture = pictureOf(video, canvas);
    worker.postMessage({ picture }, [picture.data.buffer]);
    return undefined;
  };
  const again = () => { timer = setTimeout(look, EVERY_MS); };
  const read = ({ data: text }) => {
    if (!text) return again();
    beep("scanned");
    window.close();
    return take(text);
  };
  (async () => {
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1280 } }, audio: false });
      video.srcObject = stream;
      await video.play();
      worker = reader();
      worker.onmessage = read;
      worker.onerror = () => { told.textContent = w.cameraNo; };
      told.textContent = w.cameraAim;
      look();
    } catch {
      told.textContent = w.cameraNo;
    }
  })();
}

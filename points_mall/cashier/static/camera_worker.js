// Reads codes in pictures with ZXing (WebAssembly), away from the page. A worker: first told where the reader
// is, then given pictures; answers each with the text of the code in it, or "".

const FORMATS = ["QRCode", "Code128", "EAN13", "EAN8", "UPCA"];

self.onmessage = async ({ data }) => {
  if (data.script) {
    importScripts(data.script);
    ZXingWASM.prepareZXingModule({ overrides: { locateFile: () => data.wasm } });
    return;
  }
  const found = await ZXingWASM.readBarcodes(data.picture, { formats: FORMATS, tryHarder: true, maxNumberOfSymbols: 1 });
  self.postMessage(found.find((one) => one.isValid)?.text ?? "");
};

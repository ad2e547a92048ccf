// Reading a code from the camera's picture: by what the browser has built in, else by a reader
// of our own in WebAssembly, which is fetched when it is needed for the first time.

const NATIVE = ["qr_code", "code_128", "code_39", "ean_13", "ean_8", "upc_a", "itf", "data_matrix", "pdf417", "aztec"];
const OURS = ["QRCode", "Code128", "Code39", "EAN13", "EAN8", "UPCA", "ITF", "DataBar", "DataMatrix", "PDF417", "Aztec"];
const LONGEST_SIDE = 1000;
// What is built in knows no GS1 DataBar: after a while without a code, our own looks too.
const SECOND_LOOK = 3000;

/** A function that gives the text of the code in a video's picture, or "". */
export async function openReader(files) {
  const native = await openNative();
  if (!native) return openOurs(files);
  let ours = null, since = performance.now();
  return async (video) => {
    const text = (await native(video).catch(() => "")) || (typeof ours === "function" ? await ours(video) : "");
    if (text) since = performance.now();
    else if (!ours && performance.now() - since > SECOND_LOOK) {
      ours = openOurs(files).then((reader) => (ours = reader), () => (ours = true));
    }
    return text;
  };
}

async function openNative() {
  try {
    const known = await BarcodeDetector.getSupportedFormats();
    if (!known.includes("qr_code")) return null;
    const detector = new BarcodeDetector({ formats: NATIVE.filter((name) => known.includes(name)) });
    return async (video) => (await detector.detect(video))[0]?.rawValue ?? "";
  } catch {
    return null;
  }
}

async function openOurs(files) {
  const { prepareZXingModule, readBarcodes } = await import(files.glue);
  // Left alone, the glue fetches its program from a host that is not ours.
  await prepareZXingModule({ overrides: { locateFile: () => files.wasm }, fireImmediately: true });
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const options = { formats: OURS, maxNumberOfSymbols: 1, tryHarder: true, textMode: "Plain" };
  return async (video) => {
    const shrink = Math.min(1, LONGEST_SIDE / Math.max(video.videoWidth, video.videoHeight));
    canvas.width = Math.round(video.videoWidth * shrink);
    canvas.height = Math.round(video.videoHeight * shrink);
    pen.drawImage(video, 0, 0, canvas.width, canvas.height);
    const [found] = await readBarcodes(pen.getImageData(0, 0, canvas.width, canvas.height), options);
    return found?.text ?? "";
  };
}

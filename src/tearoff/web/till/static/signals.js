// Sound and vibration: a verdict is heard and felt without looking.

import { device } from "./memory.js";

const TUNES = {
  good: [[660, 0.09], [990, 0.16]],
  used: [[660, 0.09], [990, 0.09], [1320, 0.2]],
  no: [[196, 0.18], [0, 0.06], [165, 0.32]],
  wait: [[392, 0.12], [0, 0.06], [392, 0.12]],
  unchecked: [[440, 0.14], [349, 0.26]],
  undone: [[660, 0.1], [440, 0.16]],
};
const BUZZES = { good: [40], used: [60], no: [180, 80, 180], wait: [90, 60, 90], unchecked: [90, 60, 90] };
let context;

/** `what` is sound or vibration: each has its own switch. */
export const isOn = (what) => device.get(`till-${what}`) !== "off";

export const turn = (what) => device.set(`till-${what}`, isOn(what) ? "off" : "on");

export function signal(kind) {
  const isTouched = navigator.userActivation?.hasBeenActive !== false;
  if (BUZZES[kind] && isTouched && isOn("vibration")) navigator.vibrate?.(BUZZES[kind]);
  if (isOn("sound") && TUNES[kind]) play(TUNES[kind], kind === "no" ? "square" : "sine");
}

function play(tune, shape) {
  try {
    context ??= new AudioContext();
    if (context.state === "suspended") context.resume().catch(() => {});
    let at = context.currentTime + 0.01;
    for (const [pitch, seconds] of tune) {
      if (pitch) tone(pitch, at, seconds, shape);
      at += seconds;
    }
  } catch {
    // A device without sound: word, shape and colour say the same.
  }
}

function tone(pitch, at, seconds, shape) {
  const loud = context.createGain();
  loud.gain.setValueAtTime(0.0001, at);
  loud.gain.exponentialRampToValueAtTime(shape === "square" ? 0.12 : 0.3, at + 0.015);
  loud.gain.exponentialRampToValueAtTime(0.0001, at + seconds);
  const source = new OscillatorNode(context, { type: shape, frequency: pitch });
  source.connect(loud).connect(context.destination);
  source.start(at);
  source.stop(at + seconds);
}

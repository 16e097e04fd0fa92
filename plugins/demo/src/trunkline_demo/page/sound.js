// What is heard of a call: sounds one after another, and the tone after which one speaks.

const TONE_HZ = 1000;
const TONE_S = 0.35;
const player = new Audio();
let waiting = [];

// A browser plays nothing before somebody has clicked somewhere: then a button asks for it.
async function next(button) {
  const url = waiting[0];
  if (!url) return;
  player.src = url;
  try {
    await player.play();
    button.hidden = true;
  } catch (error) {
    if (error.name === "NotAllowedError") button.hidden = false;
    else over(button);
  }
}

function over(button) {
  waiting.shift();
  next(button);
}

export function hear(url, button) {
  button.onclick = () => next(button);
  player.onended = player.onerror = () => over(button);
  waiting.push(url);
  if (waiting.length === 1) next(button);
}

export function hush() {
  waiting = [];
  player.onended = player.onerror = null;
  player.pause();
  player.removeAttribute("src");
}

export function beep() {
  if (!navigator.userActivation?.hasBeenActive) return;
  const audio = new AudioContext();
  const tone = new OscillatorNode(audio, { frequency: TONE_HZ });
  const quiet = new GainNode(audio, { gain: 0.1 });
  tone.connect(quiet).connect(audio.destination);
  tone.addEventListener("ended", () => audio.close());
  tone.start();
  tone.stop(audio.currentTime + TONE_S);
}

// What is said into the microphone, as a WAV of 16 kHz.

const RATE = 16_000;
const HEADER = 44;

export const canSpeak = Boolean(navigator.mediaDevices?.getUserMedia && window.MediaRecorder);

function wavOf(samples) {
  const wav = new DataView(new ArrayBuffer(HEADER + 2 * samples.length));
  const word = (at, text) => [...text].forEach((each, n) => wav.setUint8(at + n, each.charCodeAt(0)));
  word(0, "RIFF");
  wav.setUint32(4, wav.byteLength - 8, true);
  word(8, "WAVEfmt ");
  wav.setUint32(16, 16, true);
  wav.setUint16(20, 1, true);
  wav.setUint16(22, 1, true);
  wav.setUint32(24, RATE, true);
  wav.setUint32(28, 2 * RATE, true);
  wav.setUint16(32, 2, true);
  wav.setUint16(34, 16, true);
  word(36, "data");
  wav.setUint32(40, 2 * samples.length, true);
  samples.forEach((each, n) => wav.setInt16(HEADER + 2 * n, Math.max(-1, Math.min(1, each)) * 0x7fff, true));
  return wav.buffer;
}

// Whatever the browser records, it can also read, and this context makes it one channel of 16 kHz.
async function converted(recording) {
  const heard = await new OfflineAudioContext(1, 1, RATE).decodeAudioData(await recording.arrayBuffer());
  const context = new OfflineAudioContext(1, Math.max(1, heard.length), RATE);
  const source = new AudioBufferSourceNode(context, { buffer: heard });
  source.connect(context.destination);
  source.start();
  return wavOf((await context.startRendering()).getChannelData(0));
}

// Returns `sound`, a promise of the WAV or of null, and what ends it: `finish` or `cancel`.
export async function speak() {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const recorder = new MediaRecorder(stream);
  const pieces = [];
  let isWanted = true;
  const stopped = new Promise((resolve) => recorder.addEventListener("stop", resolve));
  recorder.addEventListener("dataavailable", (event) => pieces.push(event.data));
  recorder.start();
  const stop = () => recorder.state === "inactive" || recorder.stop();
  const sound = stopped.then(() => {
    stream.getTracks().forEach((track) => track.stop());
    return isWanted && pieces.length ? converted(new Blob(pieces, { type: recorder.mimeType })) : null;
  });
  return {
    sound,
    finish: stop,
    cancel() {
      isWanted = false;
      stop();
    },
  };
}

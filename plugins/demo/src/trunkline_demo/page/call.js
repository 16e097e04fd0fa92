// A call on this phone: it rings, is answered, plays what is said there, and takes what is said here.

import { byId, drawAvatar, make, pretty } from "./dom.js";
import { beep, hear, hush } from "./sound.js";
import { canSpeak, speak } from "./microphone.js";

const ANSWER_MS = 30_000;
const LIVE_MS = 300;
const OVER = new Set(["completed", "busy", "no-answer", "failed", "canceled"]);
const [panel, words, fault] = ["call", "words", "call-fault"].map(byId);
let shown = null; // the call on the screen, as it was drawn last
let refresh = () => {};
let talking = null; // what stops the microphone

export const isOver = (call) => OVER.has(call.status);

async function ask(path, body, type = "application/json") {
  fault.textContent = "";
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { "content-type": type },
      body: type === "application/json" ? JSON.stringify(body) : body,
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    if (!response.ok) fault.textContent = (await response.json()).detail;
    return response.ok;
  } catch {
    fault.textContent = "The hub does not answer. Try again.";
    return false;
  } finally {
    refresh();
  }
}

const tell = (what, body = {}, type) => shown && ask(`calls/${shown.id}/${what}`, body, type);

export const dial = (phone, to) => ask(`handsets/${encodeURIComponent(phone)}/calls`, { to });

// --- drawing --------------------------------------------------------------------------------------

function stateOf(call, phone, name) {
  if (call.rings) return `${name} is calling`;
  if (call.listening) return "Your turn: what you say now is recorded.";
  if (call.status === "in-progress") return `${name} is on the line. You can speak after the tone.`;
  return call.from === phone ? `Calling ${name}…` : `${name} is calling`;
}

export function lasted(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

function drawTimer() {
  const since = shown?.answeredAt;
  byId("call-timer").textContent = since ? lasted((Date.now() - Date.parse(since)) / 1000) : "";
}

export const wordsOf = (said) => said.text ?? (said.durationS ? `(sound, ${lasted(said.durationS)})` : "(sound that cannot be played)");

function drawSaid(call, phone, name) {
  const list = byId("call-said");
  for (const said of call.said.slice(list.childElementCount)) {
    const isOwn = said.from === phone;
    const line = make("p", isOwn ? "own" : "");
    line.append(make("span", "unseen", isOwn ? "You: " : `${name}: `));
    line.append(make("span", "", wordsOf(said)));
    list.append(line);
    line.scrollIntoView({ block: "nearest" });
    const isPast = Date.now() > Date.parse(said.timestamp) + 1000 * (said.durationS ?? 0);
    if (!isOwn && said.soundUrl && !isPast) hear(said.soundUrl, byId("call-listen"));
  }
}

function set(id, text) {
  if (byId(id).textContent !== text) byId(id).textContent = text;
}

function open() {
  byId("call-said").replaceChildren();
  fault.textContent = words.value = "";
}

function close() {
  talking?.cancel();
  hush();
  const hadFocus = panel.contains(document.activeElement);
  set("call-news", "The call is over.");
  delete document.body.dataset.call;
  panel.hidden = true;
  shown = null;
  if (hadFocus) byId("text").focus();
}

// `call` is the one that is under way on this phone, if any; `who` is whoever is at the other end.
export function drawCall(phone, call, who, again) {
  refresh = again;
  if (!call) return shown && close();
  const before = shown?.id === call.id ? shown : null;
  if (!before) open();
  shown = call;
  panel.hidden = false;
  document.body.dataset.call = call.rings ? "rings" : "on";
  drawAvatar(byId("call-avatar"), who);
  panel.ariaLabel = `Call with ${who.name}`;
  set("call-name", who.name);
  set("call-number", pretty(who.address));
  set("call-state", stateOf(call, phone, who.name));
  byId("call-answer").hidden = byId("call-decline").hidden = !call.rings;
  byId("call-end").hidden = call.rings;
  byId("call-turn").hidden = !call.listening;
  byId("call-speak").hidden = !canSpeak;
  byId("call-said").hidden = !call.said.length;
  drawSaid(call, phone, who.name);
  drawTimer();
  if (before?.rings && !call.rings) byId("call-end").focus();
  if (call.listening && !before?.listening) {
    beep();
    if (panel.contains(document.activeElement)) words.focus();
  }
  if (!call.listening) talking?.cancel();
}

// Nobody waits for a second in a conversation.
setInterval(() => shown && refresh(), LIVE_MS);
setInterval(drawTimer, 1000);

export const liveCall = (calls) => calls.find((call) => !isOver(call));

// --- doing ----------------------------------------------------------------------------------------

byId("call-answer").addEventListener("click", async () => {
  const { id } = shown;
  if ((await tell("answer")) && shown?.id === id) panel.dispatchEvent(new CustomEvent("answered"));
});
byId("call-decline").addEventListener("click", () => tell("decline"));
byId("call-end").addEventListener("click", () => tell("hang-up"));

byId("call-turn").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = words.value.trim();
  if (!text) return words.focus();
  words.value = ""; // at once: a second click finds nothing to say
  if (!(await tell("say", { text })) && !words.value) words.value = text;
  words.focus();
});
words.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  if (!event.repeat) byId("call-turn").requestSubmit();
});

byId("call-speak").addEventListener("click", async () => {
  const button = byId("call-speak");
  if (talking) return talking.finish();
  try {
    talking = await speak();
  } catch {
    fault.textContent = "The browser gives no microphone here: type instead.";
    return;
  }
  button.textContent = "Done";
  button.ariaPressed = "true";
  const wav = await talking.sound;
  talking = null;
  button.textContent = "Speak";
  button.ariaPressed = "false";
  if (wav) await tell("say", wav, "audio/wav");
});

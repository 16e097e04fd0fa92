// One conversation: bubbles that are added as texts come, and a view that stays where its reader is.

import { lasted, wordsOf } from "./call.js";
import { byId, dayOf, make, timeOf } from "./dom.js";
import { picture } from "./picture.js";

const NEAR_END_PX = 48;
const scroller = byId("scroller");
const messages = byId("messages");
const newer = byId("newer");
const bubbles = new Map(); // by the text's id
let conversation = null;
let isAtEnd = true;

export function toEnd() {
  scroller.scrollTop = scroller.scrollHeight;
  isAtEnd = true;
  newer.hidden = true;
}

scroller.addEventListener("scroll", () => {
  isAtEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_END_PX;
  if (isAtEnd) newer.hidden = true;
});
newer.addEventListener("click", () => {
  toEnd();
  scroller.focus();
});
const staying = new ResizeObserver(() => isAtEnd && toEnd());
staying.observe(scroller);
staying.observe(messages);

const ENDS = {
  busy: ["Call not taken", "The line was busy"],
  "no-answer": ["Missed call", "Nobody answered"],
  canceled: ["Missed call", "You gave up before anybody answered"],
  failed: ["Call that could not be connected", "Nobody takes calls there"],
};

export function nameOfCall({ call, direction }) {
  const isOwn = direction === "outbound";
  if (call.status !== "completed") return ENDS[call.status][isOwn ? 1 : 0];
  return `${isOwn ? "You called" : "Call"}, ${lasted(call.durationS)}`;
}

// What was said in a call, to be read and to be heard again.
function spoken(said, phone) {
  const line = make("div", "spoken");
  const who = said.from === phone ? "You" : conversation.name;
  line.append(make("p", "", `${who}: ${wordsOf(said)}`));
  if (said.soundUrl) {
    const player = make("audio");
    player.controls = true;
    player.preload = "none";
    player.src = said.soundUrl;
    player.ariaLabel = `Sound: ${who}`;
    line.append(player);
  }
  return line;
}

function statusOf(text) {
  if (text.call) return "";
  if (text.direction === "inbound") return "";
  if (text.status === "sent") return "Delivered";
  if (text.status === "sending") return "Sending…";
  return `${text.status === "failed" ? "Not delivered" : "Unknown"}. ${text.reason ?? ""}`.trim();
}

function drawStatus(bubble, text) {
  bubble.dataset.status = text.status;
  const meta = bubble.querySelector(".meta");
  const line = [timeOf(text.timestamp), statusOf(text)].filter(Boolean).join(" · ");
  if (meta.textContent !== line) meta.textContent = line;
  if (text.again && !bubble.querySelector(".again")) {
    const again = make("button", "again", "Write again");
    again.type = "button";
    again.addEventListener("click", text.again);
    bubble.append(again);
  }
}

function draw(text) {
  const isOwn = text.direction === "outbound";
  const whose = isOwn ? "you" : conversation.name;
  const bubble = make("div", isOwn ? "bubble own" : "bubble");
  bubble.append(make("span", "unseen", isOwn ? "You: " : `${whose}: `));
  if (text.call) {
    const phone = isOwn ? text.from : text.to;
    bubble.append(make("p", "", nameOfCall(text)), ...text.call.said.map((said) => spoken(said, phone)));
  }
  if (text.body) bubble.append(make("p", "", text.body));
  const urls = text.mediaUrls ?? (text.mediaUrl ? [text.mediaUrl] : []);
  bubble.append(...urls.map((url) => picture(url, whose)), make("span", "meta"));
  drawStatus(bubble, text);
  return bubble;
}

// What is on its way stays below what is there.
function place(text, bubble) {
  const day = dayOf(text.timestamp);
  const waiting = text.status === "sending" ? null : messages.querySelector('[data-status="sending"]');
  if (messages.dataset.day !== day) {
    messages.dataset.day = day;
    messages.insertBefore(make("p", "day", day), waiting);
  }
  messages.insertBefore(bubble, waiting);
}

function open(shown) {
  conversation = shown;
  bubbles.clear();
  messages.replaceChildren();
  delete messages.dataset.day;
  isAtEnd = true;
}

// The network began anew, it dropped its oldest, or somebody writes again what did not go out.
function forget(texts) {
  const there = new Set(texts.map((text) => text.id));
  for (const [id, bubble] of bubbles) {
    if (there.has(id)) continue;
    bubble.remove();
    bubbles.delete(id);
  }
  if (!bubbles.size) open(conversation);
}

// A text that was on its way has the network's id now, and keeps its bubble.
export function nameBubble(draftId, id) {
  const bubble = bubbles.get(draftId);
  if (!bubble) return;
  bubbles.delete(draftId);
  bubbles.set(id, bubble);
}

// `texts` are the conversation's, oldest first, and then those that are on their way.
export function drawThread(phone, shown, texts) {
  const key = `${phone} ${shown.address} ${shown.name}`;
  if (messages.dataset.key !== key) {
    messages.dataset.key = key;
    open(shown);
  }
  forget(texts);
  const isSending = texts.some((text) => text.status === "sending");
  let isNews = false;
  for (const text of texts) {
    const known = bubbles.get(text.id);
    if (known) drawStatus(known, text);
    // An own text seen before the answer to its sending has a bubble already, under another id.
    if (known || (isSending && text.direction === "outbound" && text.status !== "sending")) continue;
    const bubble = draw(text);
    bubbles.set(text.id, bubble);
    place(text, bubble);
    isNews ||= text.direction === "inbound";
  }
  if (isAtEnd) toEnd();
  else if (isNews) newer.hidden = false;
}

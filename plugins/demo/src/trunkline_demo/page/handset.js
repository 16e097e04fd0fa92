// The handset page: which phone and conversation is open, what was written, and what is new.

import { drawList, gather, markSeen, pickUp, unread } from "./conversations.js";
import { dial, drawCall, isOver, liveCall } from "./call.js";
import { byId, drawAvatar, make, pretty } from "./dom.js";
import { live, oneAtATime, say } from "./live.js";
import { drawThread, nameBubble, toEnd } from "./thread.js";

const ANSWER_MS = 30_000;
const BODY_MAX = 1600;
const COUNT_FROM = 1400;
const FIRST_PHONE = 2025550150; // to 0199: numbers that no agent has
const ADD = "add";
const NUMBER = /^\+[1-9]\d{6,14}$/;
const isWide = matchMedia("(min-width: 48rem)");

const [composer, text, media, phones] = ["composer", "text", "media", "phone"].map(byId);
const state = { phone: null, opened: null, agents: [], handsets: [], texts: [], calls: [], drafts: [] };

// --- what is open: #PHONE/NUMBER ------------------------------------------------------------------

function readAddress() {
  const [phone, opened] = decodeURIComponent(location.hash.slice(1)).split("/");
  if (NUMBER.test(phone)) {
    if (phone !== state.phone) state.texts = state.calls = [];
    state.phone = phone;
  }
  state.opened = NUMBER.test(opened ?? "") ? opened : null;
}

const isAgents = (number) => state.agents.some((agent) => agent.address === number);

function choosePhone() {
  state.phone ??= `+1${FIRST_PHONE}`; // the one that the demo names, whoever wrote last
}

// --- reading --------------------------------------------------------------------------------------

async function get(path) {
  const response = await fetch(path, { signal: AbortSignal.timeout(ANSWER_MS) });
  if (!response.ok) throw new Error(`The hub answered ${response.status}.`);
  return (await response.json()).items;
}

const ofPhone = (phone, what) => get(`handsets/${encodeURIComponent(phone)}/${what}`);

// A call that is over stands among the texts, where it ended.
const asText = (call) => ({
  id: call.id,
  direction: call.from === state.phone ? "outbound" : "inbound",
  from: call.from,
  to: call.to,
  timestamp: call.endedAt,
  status: call.status,
  call,
});

function together(texts, calls) {
  const all = [...texts, ...calls.filter(isOver).map(asText)];
  return all.sort((one, other) => Date.parse(one.timestamp) - Date.parse(other.timestamp));
}

async function load() {
  try {
    [state.agents, state.handsets] = await Promise.all([get("agents"), get("handsets")]);
    choosePhone();
    const { phone } = state;
    const [texts, calls] = await Promise.all([ofPhone(phone, "messages"), ofPhone(phone, "calls")]);
    if (phone !== state.phone) return;
    state.calls = calls;
    state.texts = together(texts.reverse(), calls);
    const there = new Set(state.texts.map((each) => each.id));
    state.drafts = state.drafts.filter((draft) => !there.has(draft.id));
    say("");
  } catch (error) {
    say(error.name === "Error" ? error.message : "The hub does not answer. Trying again…");
    return;
  }
  draw();
}

const refresh = oneAtATime(load);

// --- drawing --------------------------------------------------------------------------------------

function drawPhones() {
  const known = state.handsets.map((handset) => handset.address);
  const all = [...new Set([...known, state.phone])].sort();
  const key = JSON.stringify([all, state.phone, state.agents]);
  if (phones.dataset.key === key || document.activeElement === phones) return;
  phones.dataset.key = key;
  const option = (value, label) => {
    const made = make("option", "", label);
    made.value = value;
    return made;
  };
  const owner = (number) => state.agents.find((agent) => agent.address === number);
  phones.replaceChildren(
    ...all.filter((number) => !owner(number)).map((number) => option(number, pretty(number))),
    ...all.filter(owner).map((number) => option(number, `${pretty(number)} (${owner(number).name}’s own)`)),
    option(ADD, "Add a phone"),
  );
  phones.value = state.phone;
}

function hintFor(conversation) {
  if (conversation.texts.length) return "";
  if (isAgents(state.phone)) return "";
  if (!conversation.isAgent) return "No agent has this number. What you write to it is not delivered.";
  return (
    `No texts yet. What you write here reaches ${conversation.name} as a text, ` +
    `and what ${conversation.name} sends to ${pretty(state.phone)} shows up here. ` +
    `${conversation.name} answers when a program that is connected as ${conversation.name} does.`
  );
}

function drawOpened(conversation) {
  byId("name").textContent = conversation.name;
  byId("about").textContent = conversation.isAgent ? `Agent · ${pretty(conversation.address)}` : "No agent has this number";
  byId("back").href = `#${state.phone}`;
  byId("dial").hidden = !conversation.isAgent || isAgents(state.phone);
  byId("dial").ariaLabel = `Call ${conversation.name}`;
  drawAvatar(byId("avatar"), conversation);
  byId("hint").textContent = hintFor(conversation);
  const drafts = state.drafts.filter((draft) => draft.from === state.phone && draft.to === conversation.address);
  drawThread(state.phone, conversation, [...conversation.texts, ...drafts]);
  if (!document.hidden) markSeen(state.phone, conversation);
}

function drawCalling() {
  const call = isAgents(state.phone) ? undefined : liveCall(state.calls);
  const address = call && (call.from === state.phone ? call.to : call.from);
  const agent = state.agents.find((each) => each.address === address);
  drawCall(state.phone, call, { address, name: agent?.name ?? pretty(address ?? ""), isAgent: Boolean(agent) }, refresh);
  return call?.rings ? agent?.name ?? address : null;
}

function draw() {
  if (state.phone === null) return;
  const conversations = gather(state.phone, state.agents, state.texts, state.opened);
  pickUp(state.phone, conversations);
  if (state.opened === null && isWide.matches && conversations.length) {
    state.opened = conversations[0].address;
    history.replaceState(null, "", `#${state.phone}/${state.opened}`);
  }
  const opened = conversations.find((each) => each.address === state.opened);
  document.body.dataset.pane = opened ? "thread" : "list";
  byId("thread").hidden = !opened;
  byId("choose").hidden = Boolean(opened);
  if (opened) drawOpened(opened);
  composer.hidden = isAgents(state.phone);
  byId("reading-only").hidden = !composer.hidden;
  drawPhones();
  drawList(state.phone, state.opened, conversations);
  const waiting = conversations.reduce((sum, each) => sum + unread(state.phone, each), 0);
  const caller = drawCalling();
  const first = caller ? `${caller} is calling - ` : waiting ? `(${waiting}) ` : "";
  document.title = `${first}Handset - Trunkline demo`;
}

// --- writing --------------------------------------------------------------------------------------

let sending = Promise.resolve();

async function send(draft) {
  const input = { body: draft.body, to: draft.to, ...(draft.mediaUrl && { mediaUrl: draft.mediaUrl }) };
  try {
    const response = await fetch(`handsets/${encodeURIComponent(draft.from)}/reply`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(input),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    const answer = await response.json();
    if (response.ok) {
      nameBubble(draft.id, answer.id);
      Object.assign(draft, { id: answer.id, status: answer.reason ? "failed" : "sent", reason: answer.reason });
    } else {
      Object.assign(draft, { status: "failed", reason: answer.detail, again: () => writeAgain(draft) });
    }
  } catch {
    const reason = "No answer came: see whether it is above before you write it again.";
    Object.assign(draft, { status: "unknown", reason, again: () => writeAgain(draft) });
  }
  draw();
  refresh();
}

function writeAgain(draft) {
  state.drafts = state.drafts.filter((each) => each !== draft);
  text.value = draft.body;
  media.value = draft.mediaUrl ?? "";
  showMedia(Boolean(media.value));
  countLeft();
  draw();
  text.focus();
}

let drafts = 0;

composer.addEventListener("submit", (event) => {
  event.preventDefault();
  const body = text.value;
  const mediaUrl = media.value.trim();
  if (state.opened === null || !(body.trim() || mediaUrl)) return text.focus();
  const draft = {
    id: `draft ${(drafts += 1)}`,
    direction: "outbound",
    from: state.phone,
    to: state.opened,
    body,
    ...(mediaUrl && { mediaUrl }),
    timestamp: new Date().toISOString(),
    status: "sending",
  };
  // Emptied at once: a second click finds nothing to send.
  text.value = media.value = "";
  showMedia(false);
  countLeft();
  state.drafts.push(draft);
  draw();
  toEnd();
  text.focus();
  sending = sending.then(() => send(draft)); // in the order they were written
});

text.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  if (!event.repeat) composer.requestSubmit();
});

function countLeft() {
  const { length } = text.value;
  byId("left").textContent = length < COUNT_FROM ? "" : `${BODY_MAX - length} characters left.`;
}
text.addEventListener("input", countLeft);

function showMedia(isShown) {
  byId("media-row").hidden = !isShown;
  byId("attach").ariaExpanded = String(isShown);
}
byId("attach").addEventListener("click", () => {
  showMedia(byId("media-row").hidden);
  if (byId("media-row").hidden) media.value = "";
  else media.focus();
});

// --- choosing -------------------------------------------------------------------------------------

byId("conversations").addEventListener("click", (event) => {
  if (event.target.closest("a") && isWide.matches) setTimeout(() => text.focus());
});

byId("dial").addEventListener("click", () => dial(state.phone, state.opened));
byId("call").addEventListener("answered", () => {
  const call = liveCall(state.calls);
  if (call) location.hash = `${state.phone}/${call.from}`;
});

// The address says which conversation is open, so this link must not change it.
byId("skip").addEventListener("click", (event) => {
  event.preventDefault();
  text.focus();
});

byId("other").addEventListener("submit", (event) => {
  event.preventDefault();
  const number = byId("number").value.replaceAll(/[\s().-]/g, "");
  const isNumber = NUMBER.test(number);
  byId("number-fault").textContent = isNumber ? "" : "Write the number with + and the country code, as in +12025550103.";
  if (!isNumber) return byId("number").focus();
  byId("number").value = "";
  location.hash = `${state.phone}/${number}`;
});

phones.addEventListener("change", () => {
  let number = phones.value;
  if (number === ADD) {
    const taken = new Set(state.handsets.map((handset) => handset.address).concat(state.phone));
    const free = Array.from({ length: 50 }, (_, n) => `+1${FIRST_PHONE + n}`).find((each) => !taken.has(each));
    number = free ?? state.phone;
  }
  phones.blur();
  location.hash = number;
});

live({ readAddress, draw, refresh, look: draw, isWide });

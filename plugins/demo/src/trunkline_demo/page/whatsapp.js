// The WhatsApp page: who you are, which chat is open, its window, and what you write.

import { byId, drawAvatar, make, pretty } from "./dom.js";
import { live, oneAtATime, say } from "./live.js";
import { drawChat, said, toEnd } from "./whatsapp-chat.js";
import { drawList, unreadIn } from "./whatsapp-list.js";
import { drawWindow } from "./whatsapp-window.js";

const ANSWER_MS = 30_000;
const FIRST_PERSON = "+12025550150";
const FIRST_NEW = 2025550151; // to 0199: numbers that no agent has
const [ADD, ADD_ID] = ["add", "add without a number"];
const LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
const NUMBER = /^\+[1-9]\d{6,14}$/;
const PERSON = /^(\+[1-9]\d{6,14}|[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128})$/;
const isWide = matchMedia("(min-width: 48rem)");

const [composer, text, media, persons] = ["composer", "text", "media", "person"].map(byId);
const state = { person: FIRST_PERSON, opened: null, agents: [], people: [], chats: [], drafts: [], quoted: null };

function readAddress() {
  const [person, opened] = decodeURIComponent(location.hash.slice(1)).split("/");
  if (PERSON.test(person)) {
    if (person !== state.person) state.chats = [];
    state.person = person;
  }
  const before = state.opened;
  state.opened = NUMBER.test(opened ?? "") ? opened : null;
  if (before !== state.opened) quote(null);
}

const agentOf = (number) => state.agents.find((agent) => agent.address === number);
const isForReading = () => Boolean(agentOf(state.person));
const personPath = () => `whatsapp/people/${encodeURIComponent(state.person)}`;

// --- asking and telling ---------------------------------------------------------------------------

async function get(path) {
  const response = await fetch(path, { signal: AbortSignal.timeout(ANSWER_MS) });
  if (!response.ok) throw new Error(`The hub answered ${response.status}.`);
  return response.json();
}

async function post(path, content) {
  const response = await fetch(`${personPath()}/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ to: state.opened, ...content }),
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  if (response.ok) return;
  throw new Error((await response.json()).detail);
}

const faultOf = (error) => (error.name === "Error" ? error.message : "The hub does not answer. Trying again…");

async function load() {
  const { person } = state;
  try {
    const [agents, people, shown] = await Promise.all([
      get("agents?channel=whatsapp"), get("whatsapp/people"), get(personPath()),
    ]);
    if (person !== state.person) return;
    Object.assign(state, { agents: agents.items, people: people.items, chats: shown.chats });
    say("");
  } catch (error) {
    return say(faultOf(error));
  }
  draw();
  const chat = chatOf(state.opened);
  const isUnread = chat?.messages.some((each) => each.direction === "inbound" && each.status === "delivered");
  if (isUnread && !document.hidden && !isForReading()) await post("read").catch(() => {});
}

const refresh = oneAtATime(load);

async function act(path, content) {
  let isDone = false;
  try {
    await post(path, content);
    byId("fault").textContent = "";
    isDone = true;
  } catch (error) {
    byId("fault").textContent = faultOf(error);
  }
  await refresh();
  return isDone;
}

// --- drawing --------------------------------------------------------------------------------------

const labelOf = ({ address, name, hasNumber }) =>
  agentOf(address) ? `${pretty(address)} (${agentOf(address).name}’s own)`
  : [name, hasNumber ? pretty(address) : `${address.slice(0, 9)}…, no number`].filter(Boolean).join(" · ");

function drawPersons() {
  const all = state.people.some((each) => each.address === state.person)
    ? state.people : [...state.people, { address: state.person, hasNumber: NUMBER.test(state.person) }];
  const key = JSON.stringify([all.map(labelOf).sort(), state.person]);
  if (persons.dataset.key === key || document.activeElement === persons) return;
  persons.dataset.key = key;
  const option = (value, label) => Object.assign(make("option", "", label), { value });
  persons.replaceChildren(
    ...all.map((each) => option(each.address, labelOf(each))).sort((one, other) => one.label.localeCompare(other.label)),
    option(ADD, "Add a person"), option(ADD_ID, "Add a person without a number"),
  );
  persons.value = state.person;
}

const chatOf = (agent) => state.chats.find((each) => each.agent === agent);

function drawOpened(agent) {
  const chat = chatOf(agent.address);
  const messages = chat?.messages ?? [];
  byId("name").textContent = agent.name;
  byId("about").textContent = `Agent · ${pretty(agent.address)}`;
  byId("back").href = `#${state.person}`;
  drawAvatar(byId("avatar"), { ...agent, isAgent: true });
  byId("hint").textContent = messages.length ? "" :
    `No messages yet. Until you write, ${agent.name} may send you templates only; write, and ${agent.name} may answer freely for 24 hours.`;
  const blocked = Boolean(chat?.blocked);
  byId("block").textContent = blocked ? "Unblock" : "Block";
  byId("block").ariaPressed = String(blocked);
  byId("block").hidden = isForReading();
  drawWindow(agent, chat);
  drawChat(
    { key: `${state.person} ${agent.address}`, name: agent.name, isForReading: isForReading() || blocked, onQuote: quote, onReact: react, onPick: pick },
    [...messages, ...state.drafts.filter((each) => each.person === state.person && each.to === agent.address)],
  );
  composer.hidden = isForReading() || blocked;
  byId("reading-only").hidden = !composer.hidden;
  byId("reading-only").textContent = blocked
    ? `You have blocked ${agent.name}: what it sends does not arrive. Unblock it to write.`
    : "This is an agent’s own number: only the agent writes from here.";
}

function draw() {
  const lastAt = (agent) => chatOf(agent.address)?.messages.at(-1)?.timestamp ?? "";
  const agents = state.agents.filter((each) => each.address !== state.person).sort((one, other) => lastAt(other).localeCompare(lastAt(one)));
  if (state.opened === null && isWide.matches && agents.length) {
    state.opened = agents[0].address;
    history.replaceState(null, "", `#${state.person}/${state.opened}`);
  }
  const opened = agents.find((each) => each.address === state.opened);
  document.body.dataset.pane = opened ? "thread" : "list";
  byId("thread").hidden = !opened;
  byId("choose").hidden = Boolean(opened);
  if (opened) drawOpened(opened);
  drawPersons();
  const entries = agents.map((agent) => ({ agent, chat: chatOf(agent.address), isForReading: isForReading() }));
  drawList(state.person, state.opened, entries);
  const waiting = entries.reduce((sum, each) => sum + unreadIn(each), 0);
  document.title = `${waiting ? `(${waiting}) ` : ""}WhatsApp - Trunkline demo`;
}

async function drawTemplates() {
  const { items } = await get("whatsapp/templates");
  byId("templates").replaceChildren(...items.map((each) => {
    const item = make("li");
    const first = make("span", "first");
    const mark = make("span", "state", each.state);
    mark.dataset.state = each.state;
    first.append(make("code", "", each.templateId), mark);
    item.append(first, make("p", "", each.body));
    return item;
  }));
}

// --- writing --------------------------------------------------------------------------------------

function quote(message) {
  state.quoted = message;
  byId("quoting").hidden = !message;
  if (!message) return;
  byId("quoted-name").textContent = message.direction === "outbound" ? "You" : agentOf(message.from)?.name ?? pretty(message.from);
  byId("quoted-text").textContent = said(message);
  text.focus();
}

const react = (message, emoji) => act("reaction", { message: message.id, emoji });

async function pick(message, choice, onFailed) {
  if (!(await act("pick", { message: message.id, choice }))) onFailed();
}

let drafts = 0;
let sending = Promise.resolve();

composer.addEventListener("submit", (event) => {
  event.preventDefault();
  const body = text.value;
  const mediaUrl = media.value.trim();
  if (state.opened === null || !(body.trim() || mediaUrl)) return text.focus();
  const content = { to: state.opened, body, ...(mediaUrl && { mediaUrl }), ...(state.quoted && { quotes: state.quoted.id }) };
  const draft = {
    ...content, id: `draft ${(drafts += 1)}`, person: state.person,
    direction: "outbound", timestamp: new Date().toISOString(), status: "sending",
  };
  // Emptied at once: a second click finds nothing to send.
  text.value = media.value = "";
  showMedia(false);
  quote(null);
  state.drafts.push(draft);
  draw();
  toEnd();
  text.focus();
  sending = sending.then(async () => { // in the order they were written
    await act("messages", content);
    state.drafts = state.drafts.filter((each) => each !== draft);
    draw();
  });
});

text.addEventListener("keydown", (event) => {
  if (event.key === "Escape") quote(null);
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  if (!event.repeat) composer.requestSubmit();
});

function showMedia(isShown) {
  byId("media-row").hidden = !isShown;
  byId("attach").ariaExpanded = String(isShown);
}
byId("attach").addEventListener("click", () => {
  showMedia(byId("media-row").hidden);
  if (byId("media-row").hidden) media.value = "";
  else media.focus();
});
byId("unquote").addEventListener("click", () => quote(null));
byId("day").addEventListener("click", () => act("day"));
byId("block").addEventListener("click", () => act("block", { blocked: byId("block").ariaPressed !== "true" }));

// --- choosing -------------------------------------------------------------------------------------

byId("skip").addEventListener("click", (event) => {
  event.preventDefault();
  text.focus();
});

persons.addEventListener("change", () => {
  let person = persons.value;
  const taken = new Set(state.people.map((each) => each.address).concat(state.person));
  if (person === ADD) {
    person = Array.from({ length: 49 }, (_, n) => `+1${FIRST_NEW + n}`).find((each) => !taken.has(each)) ?? state.person;
  } else if (person === ADD_ID) {
    const letters = crypto.getRandomValues(new Uint8Array(16));
    person = `DE.${[...letters].map((each) => LETTERS[each % LETTERS.length]).join("")}`;
  }
  persons.blur();
  location.hash = person;
});

live({ readAddress, draw, refresh, look: refresh, isWide });
drawTemplates().catch((error) => say(faultOf(error)));

// The mail page: which mailbox and thread is open, what is new, and what a person does with a mail.

import { byId, make } from "./dom.js";
import { live, oneAtATime, say } from "./live.js";
import { drawList, glance, threadsOf } from "./mail-list.js";
import { drawMails } from "./mail-card.js";
import { startWriting, stopWriting, writing } from "./mail-writing.js";

const ANSWER_MS = 30_000;
const FIRST_BOX = "anna@people.example";
const ADD = "add";
const NEW = "new";
const ADDRESS = /^[^@\s/#]+@[^@\s/#]+$/;
const isWide = matchMedia("(min-width: 48rem)");
const [boxes, mode, pane] = ["box", "mode", "pane"].map(byId);
const state = { box: FIRST_BOX, opened: null, agents: [], boxes: [], mails: [] };

// --- what is open: #ADDRESS/FIRST-MAIL ------------------------------------------------------------

function readAddress() {
  const [box, opened] = location.hash.slice(1).split("/").map(decodeURIComponent);
  if (ADDRESS.test(box) && box !== state.box) Object.assign(state, { box, mails: [] });
  state.opened = opened || null;
}

const linkTo = (opened = "") => `#${encodeURIComponent(state.box)}${opened && `/${encodeURIComponent(opened)}`}`;
const pathOf = (mail) => `mailboxes/${encodeURIComponent(state.box)}/mails${mail ? `/${encodeURIComponent(mail)}` : ""}`;

// --- asking the network ---------------------------------------------------------------------------

async function get(path) {
  const response = await fetch(path, { signal: AbortSignal.timeout(ANSWER_MS) });
  if (!response.ok) throw new Error(`The hub answered ${response.status}.`);
  return (await response.json()).items;
}

// Answers with what became of it, or with why nothing did.
async function post(path, content) {
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(content),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    const told = await response.json();
    return response.ok ? told : { fault: told.detail };
  } catch {
    return { fault: "No answer came: see whether it is there before you send it again." };
  }
}

async function load() {
  const { box } = state;
  try {
    const [agents, all, mails] = await Promise.all([get("agents?channel=email"), get("mailboxes"), get(pathOf())]);
    if (box !== state.box) return;
    Object.assign(state, { agents, boxes: all, mails: mails.reverse() });
    say("");
  } catch (error) {
    say(error.name === "Error" ? error.message : "The hub does not answer. Trying again…");
    return;
  }
  draw();
}

const refresh = oneAtATime(load);

// --- drawing --------------------------------------------------------------------------------------

function option(value, label) {
  const made = make("option", "", label);
  made.value = value;
  return made;
}

function drawBoxes() {
  const all = [...new Set([...state.boxes.map((each) => each.address), state.box])].sort();
  const key = JSON.stringify([all, state.box]);
  if (boxes.dataset.key !== key && document.activeElement !== boxes) {
    boxes.dataset.key = key;
    boxes.replaceChildren(...all.map((each) => option(each, each)), option(ADD, "Another mailbox…"));
    boxes.value = state.box;
  }
  const its = state.boxes.find((each) => each.address.toLowerCase() === state.box.toLowerCase())?.mode ?? "takes";
  if (document.activeElement !== mode) mode.value = mode.dataset.mode = its;
  const known = byId("agents");
  if (known.children.length !== state.agents.length) {
    known.replaceChildren(...state.agents.map((each) => option(each.address, each.name)));
  }
}

function drawOpened(thread) {
  byId("subject").textContent = thread?.subject ?? (state.opened === NEW ? "New mail" : "");
  byId("count").textContent = thread && thread.mails.length > 1 ? `${thread.mails.length} mails` : "";
  byId("back").href = linkTo();
  if (thread) drawMails(state, thread, { pathOf, act, answer, pass, write, showSource });
  if (thread && !document.hidden) glance(state.box, thread);
}

function draw() {
  const threads = threadsOf(state);
  const isNew = state.opened === NEW;
  if (!state.opened && isWide.matches && threads.length) {
    state.opened = threads[0].id;
    history.replaceState(null, "", linkTo(state.opened));
  }
  const thread = threads.find((each) => each.id === state.opened);
  if (isNew && !writing.kind) startWriting("new", {});
  if (!isNew && (writing.kind === "new" || (writing.thread && writing.thread !== thread?.id))) stopWriting();
  pane.hidden = !(thread || isNew);
  pane.dataset.writing = writing.kind ?? "";
  document.body.dataset.pane = pane.hidden ? "list" : "thread";
  byId("choose").hidden = !pane.hidden;
  byId("empty").hidden = threads.length > 0;
  drawBoxes();
  drawOpened(thread);
  const unread = drawList(state, threads, linkTo);
  document.title = `${unread ? `(${unread}) ` : ""}Mail - Trunkline demo`;
}

// --- what a person does with a mail ---------------------------------------------------------------

async function act(mail, what, content) {
  const told = await post(`${pathOf(mail.id)}/${what}`, content);
  if (told.fault) say(told.fault);
  else await refresh();
}

function answer(mail, thread, text = "") {
  startWriting("reply", { to: mail.answerTo, text, mail, thread: thread.id });
  draw();
}

// A mailto link in a mail: to its sender it is an answer, to others a new mail.
function write(link, mail, thread) {
  const to = decodeURIComponent(link.pathname);
  const asked = new URLSearchParams(link.search.replaceAll("+", "%2B")); // a plus is no blank here
  const [subject, text] = [asked.get("subject") ?? "", asked.get("body") ?? ""];
  if (to.toLowerCase() === mail.answerTo.toLowerCase()) return answer(mail, thread, text);
  startWriting("new", { to, subject, text });
  location.hash = linkTo(NEW);
}

function pass(mail, thread) {
  startWriting("forward", { mail, subject: `Fwd: ${mail.subject}`, thread: thread.id });
  draw();
}

async function showSource(mail) {
  const response = await fetch(`${pathOf(mail.id)}/source`);
  byId("raw").textContent = await response.text();
  byId("source").showModal();
}

writing.send = async (content) => {
  const told = await post(pathOf(), content);
  if (told.fault) return told.fault;
  const isNew = writing.kind !== "reply";
  stopWriting();
  await refresh();
  const thread = isNew && threadsOf(state).find((each) => each.mails.some((mail) => mail.id === told.id));
  if (thread) location.hash = linkTo(thread.id);
  draw();
  byId("subject").focus({ preventScroll: true });
  return "";
};
writing.discard = () => {
  const wasNew = writing.kind === "new";
  stopWriting();
  if (wasNew) location.hash = linkTo();
  draw();
};

// --- choosing -------------------------------------------------------------------------------------

byId("new").addEventListener("click", () => {
  stopWriting();
  location.hash = linkTo(NEW);
});
byId("close").addEventListener("click", () => byId("source").close());
byId("skip").addEventListener("click", (event) => {
  event.preventDefault();
  byId("subject").focus();
});
mode.addEventListener("change", async () => {
  mode.dataset.mode = mode.value;
  await post(`mailboxes/${encodeURIComponent(state.box)}/mode`, { mode: mode.value });
  mode.blur();
  refresh();
});
boxes.addEventListener("change", () => {
  const isOther = boxes.value === ADD;
  byId("other").hidden = !isOther;
  boxes.blur();
  if (isOther) return byId("address").focus();
  location.hash = `#${encodeURIComponent(boxes.value)}`;
});
byId("other").addEventListener("submit", (event) => {
  event.preventDefault();
  const address = byId("address").value.trim();
  const isAgents = state.agents.some((each) => each.address.toLowerCase() === address.toLowerCase());
  const fault = isAgents ? "That is an agent’s own address: the hub has its mail." : "Write an address, as in bea@people.example.";
  const isFit = ADDRESS.test(address) && !isAgents;
  byId("address-fault").textContent = isFit ? "" : fault;
  if (!isFit) return byId("address").focus();
  byId("address").value = "";
  byId("other").hidden = true;
  location.hash = `#${encodeURIComponent(address)}`;
});
live({ readAddress, draw, refresh, look: draw, isWide });

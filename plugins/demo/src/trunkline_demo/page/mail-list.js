// The list of threads of one mailbox: who takes part, what it is about, and what is unread.

import { byId, dayOf, make, timeOf } from "./dom.js";

const TONES = 6; // as many as base.css has
const seen = new Map(); // how many mails that came were looked at, by mailbox and thread
const looked = new Set();

export function nameOf({ agents, box }, address, given) {
  if (address.toLowerCase() === box.toLowerCase()) return "You";
  const agent = agents.find((each) => each.address.toLowerCase() === address.toLowerCase());
  return agent?.name ?? (given || address);
}

export function avatarOf({ agents }, address, name) {
  const made = make("span", "avatar", [...name][0].toUpperCase());
  const at = agents.findIndex((each) => each.address.toLowerCase() === address.toLowerCase());
  made.classList.add(at < 0 ? "tone-none" : `tone-${(at + 1) % TONES}`);
  made.ariaHidden = "true";
  return made;
}

export function threadsOf(state) {
  const found = new Map();
  for (const mail of state.mails) {
    if (!found.has(mail.threadId)) found.set(mail.threadId, { id: mail.id, subject: mail.subject, mails: [] });
    found.get(mail.threadId).mails.push(mail);
  }
  const last = (thread) => thread.mails.at(-1).timestamp;
  return [...found.values()].sort((one, other) => (last(one) < last(other) ? 1 : -1));
}

const arrived = (thread) => thread.mails.filter((mail) => mail.direction === "inbound").length;

export const glance = (box, thread) => seen.set(`${box} ${thread.id}`, arrived(thread));

function isUnread(box, thread) {
  return arrived(thread) > (seen.get(`${box} ${thread.id}`) ?? 0);
}

// What a mail says in one line; of one that is HTML alone that it is.
export const glimpseOf = (mail, length) => mail.body.replaceAll(/\s+/g, " ").trim().slice(0, length) || (mail.html ? "(HTML without a text part)" : "");

function entry(state, thread, href) {
  const mail = thread.mails.at(-1);
  const other = mail.direction === "inbound" ? mail.from : mail.to;
  const name = nameOf(state, other, mail.direction === "inbound" && mail.fromName);
  const link = make("a", isUnread(state.box, thread) ? "unread" : "");
  link.href = href;
  if (thread.id === state.opened) link.setAttribute("aria-current", "page");
  const lines = make("span", "lines");
  const first = make("span", "first");
  const day = dayOf(mail.timestamp);
  first.append(make("strong", "", name), make("span", "when", day === "Today" ? timeOf(mail.timestamp) : day));
  const who = mail.direction === "inbound" ? "" : "You: ";
  const isBad = ["failed", "bounced", "complained"].includes(mail.status);
  const preview = make("span", isBad ? "preview bad" : "preview", isBad ? mail.reason : who + glimpseOf(mail, 120));
  lines.append(first, make("span", "subject", thread.subject), preview);
  link.append(avatarOf(state, other, name), lines);
  if (isUnread(state.box, thread)) {
    const badge = make("span", "badge", "New");
    link.append(badge);
  }
  const item = make("li");
  item.append(link);
  return item;
}

let drawn = "";

// Returns how many threads have something unread.
export function drawList(state, threads, linkTo) {
  if (state.mails.length && !looked.has(state.box)) {
    // What was there when a mailbox was opened counts as seen.
    for (const thread of threads) glance(state.box, thread);
  }
  if (state.boxes.length) looked.add(state.box);
  const unread = threads.filter((thread) => isUnread(state.box, thread)).length;
  const key = JSON.stringify([
    state.box, state.opened, state.agents, new Date().toDateString(),
    threads.map((each) => [each.id, each.mails.length, each.mails.at(-1).status, isUnread(state.box, each)]),
  ]);
  if (key === drawn) return unread;
  drawn = key;
  const list = byId("threads");
  const focused = list.contains(document.activeElement) && document.activeElement.getAttribute("href");
  list.replaceChildren(...threads.map((each) => entry(state, each, linkTo(each.id))));
  if (focused) [...list.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus();
  return unread;
}

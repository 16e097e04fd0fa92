// The list of conversations of one phone: who is on the other side, what came last, what is unread.

import { byId, dayOf, drawAvatar, make, pretty, timeOf } from "./dom.js";
import { nameOfCall } from "./thread.js";

const seen = new Map(); // how many texts that came in were looked at, by phone and conversation

export function gather(phone, agents, texts, opened) {
  const found = new Map();
  const at = (address) => {
    if (!found.has(address)) found.set(address, { address, name: pretty(address), isAgent: false, texts: [] });
    return found.get(address);
  };
  for (const agent of agents) {
    if (agent.address !== phone) Object.assign(at(agent.address), { name: agent.name, isAgent: true });
  }
  for (const text of texts) at(text.direction === "inbound" ? text.from : text.to).texts.push(text);
  if (opened) at(opened);
  const lastAt = ({ texts: all }) => all.at(-1)?.timestamp ?? "";
  return [...found.values()].sort((one, other) => (lastAt(one) < lastAt(other) ? 1 : lastAt(one) > lastAt(other) ? -1 : 0));
}

const arrived = (conversation) => conversation.texts.filter((text) => text.direction === "inbound").length;

// What was there when a phone was picked up counts as seen.
export function markSeen(phone, conversation) {
  seen.set(`${phone} ${conversation.address}`, arrived(conversation));
}

export function pickUp(phone, conversations) {
  if (seen.has(phone)) return;
  seen.set(phone, true);
  for (const conversation of conversations) markSeen(phone, conversation);
}

export function unread(phone, conversation) {
  return Math.max(0, arrived(conversation) - (seen.get(`${phone} ${conversation.address}`) ?? 0));
}

function preview(conversation) {
  const last = conversation.texts.at(-1);
  if (!last) return conversation.isAgent ? "No texts yet" : "No agent has this number";
  if (last.call) return nameOfCall(last);
  const what = last.body || "Attachment";
  if (last.direction === "inbound") return what;
  return `${last.status === "failed" ? "Not delivered" : "You"}: ${what}`;
}

function whenLast(conversation) {
  const last = conversation.texts.at(-1);
  if (!last) return "";
  return dayOf(last.timestamp) === "Today" ? timeOf(last.timestamp) : dayOf(last.timestamp);
}

function entry(phone, opened, conversation) {
  const link = make("a");
  link.href = `#${phone}/${conversation.address}`;
  if (conversation.address === opened) link.setAttribute("aria-current", "page");
  const avatar = make("span");
  drawAvatar(avatar, conversation);
  avatar.ariaHidden = "true";
  const lines = make("span", "lines");
  const first = make("span", "first");
  first.append(make("strong", "", conversation.name), make("span", "when", whenLast(conversation)));
  lines.append(first);
  if (conversation.isAgent) lines.append(make("span", "number", pretty(conversation.address)));
  lines.append(make("span", "preview", preview(conversation)));
  link.append(avatar, lines);
  const count = unread(phone, conversation);
  if (count) {
    const badge = make("span", "badge", count);
    badge.append(make("span", "unseen", " unread"));
    link.append(badge);
  }
  const item = make("li");
  item.append(link);
  return item;
}

let drawn = "";

export function drawList(phone, opened, conversations) {
  const state = JSON.stringify([
    phone, opened, new Date().toDateString(),
    conversations.map((each) => [each.address, each.name, each.isAgent, each.texts.at(-1)?.id, unread(phone, each)]),
  ]);
  if (state === drawn) return;
  drawn = state;
  const focused = document.activeElement?.getAttribute("href");
  const list = byId("conversations");
  const isFocusHere = list.contains(document.activeElement);
  list.replaceChildren(...conversations.map((each) => entry(phone, opened, each)));
  if (isFocusHere) [...list.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus();
}

// The list of a person's chats: who is on the other side, what came last, what is unread.

import { byId, dayOf, drawAvatar, make, pretty, timeOf } from "./dom.js";
import { said } from "./whatsapp-chat.js";

const UNREAD = ["sent", "delivered"]; // failed ones never came

export function unreadIn({ chat, isForReading }) {
  if (!chat || isForReading) return 0;
  return chat.messages.filter((each) => each.direction === "inbound" && UNREAD.includes(each.status)).length;
}

function previewOf(chat) {
  const last = chat?.messages.at(-1);
  if (chat?.blocked) return "Blocked";
  if (!last) return "No messages yet";
  return last.direction === "outbound" ? `You: ${said(last)}` : said(last);
}

function whenLast(chat) {
  const last = chat?.messages.at(-1);
  if (!last) return "";
  return dayOf(last.timestamp) === "Today" ? timeOf(last.timestamp) : dayOf(last.timestamp);
}

function draw(person, opened, entry) {
  const { agent, chat } = entry;
  const link = make("a");
  link.href = `#${person}/${agent.address}`;
  if (agent.address === opened) link.setAttribute("aria-current", "page");
  const avatar = make("span");
  drawAvatar(avatar, { ...agent, isAgent: true });
  avatar.ariaHidden = "true";
  const lines = make("span", "lines");
  const first = make("span", "first");
  first.append(make("strong", "", agent.name), make("span", "when", whenLast(chat)));
  lines.append(first, make("span", "number", pretty(agent.address)), make("span", "preview", previewOf(chat)));
  link.append(avatar, lines);
  const count = agent.address === opened ? 0 : unreadIn(entry);
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

// Each entry is an agent, the person's chat with it, if there is one, and whether it can only be looked at.
export function drawList(person, opened, entries) {
  const state = JSON.stringify([
    person, opened, new Date().toDateString(),
    entries.map((each) => [each.agent, each.chat?.messages.at(-1), each.chat?.blocked, unreadIn(each)]),
  ]);
  if (state === drawn) return;
  drawn = state;
  const focused = document.activeElement?.getAttribute("href");
  const list = byId("conversations");
  list.replaceChildren(...entries.map((each) => draw(person, opened, each)));
  if (focused) [...list.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus();
}

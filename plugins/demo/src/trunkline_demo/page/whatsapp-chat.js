// One chat: bubbles with ticks, quotes and reactions. Whatever comes from outside is set as text only.

import { byId, dayOf, make, timeOf } from "./dom.js";
import { picture } from "./picture.js";

const NEAR_END_PX = 48;
const REACTIONS = ["👍", "❤️", "😂"];
const SVG = "http://www.w3.org/2000/svg";
const TICK = ["M2 7.5 5 10.5 11.5 3", "M8.5 10.2 9 10.5 15.5 3"];
const SEES = { sent: "sent, not on your phone yet", delivered: "on your phone", read: "read" };
const scroller = byId("scroller");
const messages = byId("messages");
const drawn = new Map(); // by the message's id: its element, and what it was drawn from
let isAtEnd = true;

export function toEnd() {
  scroller.scrollTop = scroller.scrollHeight;
  isAtEnd = true;
}
scroller.addEventListener("scroll", () => {
  isAtEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_END_PX;
});
const staying = new ResizeObserver(() => isAtEnd && toEnd());
staying.observe(scroller);
staying.observe(messages);

function ticks() {
  const made = document.createElementNS(SVG, "svg");
  made.setAttribute("viewBox", "0 0 17 13");
  made.setAttribute("class", "ticks");
  made.setAttribute("aria-hidden", "true");
  for (const line of TICK) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", line);
    made.append(path);
  }
  return made;
}

function metaOf(message, chat) {
  const meta = make("span", "meta", timeOf(message.timestamp));
  if (message.direction === "outbound") {
    if (message.status === "failed") meta.append(make("span", "", `Not delivered. ${message.reason ?? ""}`.trim()));
    else if (message.status === "sending") meta.append(make("span", "", "Sending…"));
    else meta.append(ticks(), make("span", "unseen", `delivered to ${chat.name}`));
    return meta;
  }
  const sees = make("span", "sees");
  sees.title = `${chat.name} sees: ${SEES[message.status]}`;
  sees.append(make("span", "", `${chat.name} sees`), ticks(), make("span", "unseen", SEES[message.status]));
  meta.append(sees);
  return meta;
}

export const said = (message) => message.body || "Attachment";

function quoteOf(message, chat, all) {
  const about = all.find((each) => each.id === message.quotes);
  const quote = make("span", "quote");
  const who = about?.direction === "outbound" ? "You" : chat.name;
  quote.append(make("strong", "", who), make("span", "", about ? said(about) : "An earlier message"));
  return quote;
}

// Up to three are buttons; more, or longer ones, are a list that opens.
function choicesOf(message, chat) {
  const buttons = message.choices.map(({ id, label }) => {
    const isPicked = message.picked === id;
    const made = make("button", "", label);
    made.type = "button";
    if (isPicked) made.prepend(make("span", "", "✓ "));
    made.ariaPressed = String(isPicked);
    made.disabled = chat.isForReading || Boolean(message.picked);
    made.addEventListener("click", () => {
      for (const each of buttons) each.disabled = true; // until it is drawn anew: one tap picks
      chat.onPick(message, id, () => buttons.forEach((each) => (each.disabled = false)));
    });
    return made;
  });
  const group = make(message.hasButtons ? "div" : "details", "choices");
  if (message.hasButtons) {
    group.role = "group";
    group.ariaLabel = "Choices";
  } else {
    const picked = message.choices.find((each) => each.id === message.picked);
    group.append(make("summary", "", picked ? `✓ ${picked.label}` : `Choose: ${buttons.length} choices`));
  }
  group.append(...buttons);
  return group;
}

function actionsOf(message, chat) {
  const row = make("span", "actions");
  const button = (label, name, act, isOn) => {
    const made = make("button", "", label);
    made.type = "button";
    made.ariaLabel = name;
    if (isOn !== undefined) made.ariaPressed = String(isOn);
    made.addEventListener("click", act);
    row.append(made);
  };
  button("Reply", `Reply to: ${said(message)}`, () => chat.onQuote(message));
  for (const emoji of REACTIONS) {
    const isOn = message.reaction === emoji;
    button(emoji, `React with ${emoji}`, () => chat.onReact(message, isOn ? "" : emoji), isOn);
  }
  return row;
}

function draw(message, chat, all) {
  if (message.direction === "inbound" && message.status === "failed") {
    return make("p", "gone", `A message of ${chat.name}’s did not arrive: you had blocked ${chat.name}. ${chat.name} is told that it failed.`);
  }
  const isOwn = message.direction === "outbound";
  const bubble = make("div", isOwn ? "bubble own" : "bubble");
  bubble.dataset.status = message.status;
  bubble.append(make("span", "unseen", isOwn ? "You: " : `${chat.name}: `));
  if (message.template) bubble.append(make("span", "made", `Template · ${message.template.name} · ${message.template.language}`));
  if (message.quotes) bubble.append(quoteOf(message, chat, all));
  if (message.body) bubble.append(make("p", "", message.body));
  if (message.mediaUrl) bubble.append(picture(message.mediaUrl, isOwn ? "you" : chat.name));
  bubble.append(metaOf(message, chat));
  if (message.choices) bubble.append(choicesOf(message, chat));
  if (message.reaction) {
    bubble.classList.add("reacted");
    const reaction = make("span", "reaction", message.reaction);
    reaction.prepend(make("span", "unseen", "Your reaction: "));
    bubble.append(reaction);
  }
  if (!isOwn && !chat.isForReading) bubble.append(actionsOf(message, chat));
  return bubble;
}

// `all` are the chat's messages, oldest first, and then those that are on their way.
export function drawChat(chat, all) {
  if (messages.dataset.key !== chat.key) {
    messages.dataset.key = chat.key;
    messages.replaceChildren();
    drawn.clear();
    isAtEnd = true;
  }
  const ids = new Set(all.flatMap((each) => [each.id, `day ${dayOf(each.timestamp)}`]));
  for (const [id, { element }] of drawn) {
    if (ids.has(id)) continue;
    element.remove();
    drawn.delete(id);
  }
  let day = "";
  let after = null; // what the next one comes after
  const put = (element) => {
    const next = after ? after.nextSibling : messages.firstChild;
    if (next !== element) messages.insertBefore(element, next);
    after = element;
  };
  for (const message of all) {
    const its = dayOf(message.timestamp);
    if (its !== day) {
      day = its;
      const id = `day ${day}`;
      const known = drawn.get(id) ?? { element: make("p", "day", day) };
      drawn.set(id, known);
      put(known.element);
    }
    const from = JSON.stringify([message, chat.isForReading]);
    const known = drawn.get(message.id);
    if (known?.from === from) {
      put(known.element);
      continue;
    }
    const element = draw(message, chat, all);
    if (known?.element.querySelector("details.choices[open]")) element.querySelector("details").open = !message.picked;
    if (known) known.element.replaceWith(element);
    drawn.set(message.id, { element, from });
    put(element);
  }
  if (isAtEnd) toEnd();
}

// The window's clock: for how long an agent may still write freely, by the network's own clock.

import { byId } from "./dom.js";

const DAY_MS = 864e5;

function leftOf(ms) {
  const minutes = Math.max(1, Math.ceil(ms / 6e4));
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  return [hours && `${hours} h`, (rest || !hours) && `${rest} min`].filter(Boolean).join(" ");
}

function set(id, words) {
  if (byId(id).textContent !== words) byId(id).textContent = words;
}

export function drawWindow(agent, chat) {
  const bar = byId("window");
  const leftMs = chat?.isOpen ? new Date(chat.closesAt) - Date.now() : 0;
  bar.dataset.state = chat?.isOpen ? "open" : chat?.closesAt ? "closed" : "never";
  bar.style.setProperty("--left", Math.min(1, leftMs / DAY_MS));
  byId("day").hidden = !chat?.isOpen;
  if (chat?.isOpen) {
    set("window-state", `Open for ${leftOf(leftMs)}.`);
    set("window-means", `${agent.name} may write freely.`);
  } else {
    set("window-state", chat?.closesAt ? "Closed: 24 hours have passed." : "Not open yet.");
    set("window-means", `${agent.name} may send templates only, until you write.`);
  }
}

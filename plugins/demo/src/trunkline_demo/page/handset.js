"use strict";

const POLL_MS = 1500;
const byId = (id) => document.getElementById(id);
const form = byId("reply");
let current = null;
let shown = { handsets: "", messages: "" };

async function get(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`The hub answered ${response.status}.`);
  return (await response.json()).items;
}

function element(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

function handsetItem(handset) {
  const button = element("button", `${handset.address} (${handset.messages})`);
  button.type = "button";
  if (handset.address === current) button.setAttribute("aria-current", "true");
  button.addEventListener("click", () => {
    current = handset.address;
    byId("outcome").textContent = "";
    refresh();
  });
  const item = document.createElement("li");
  item.append(button);
  return item;
}

// A link, and no picture: the page fetches nothing from outside.
function mediaLink(url) {
  const link = element("a", url);
  if (url.startsWith("https://")) link.href = url;
  link.target = "_blank";
  link.rel = "noopener noreferrer";
  return link;
}

function messageItem(message) {
  const other = message.direction === "inbound" ? `from ${message.from}` : `to ${message.to}`;
  const time = new Date(message.timestamp).toLocaleTimeString();
  const urls = message.mediaUrls ?? (message.mediaUrl ? [message.mediaUrl] : []);
  const item = document.createElement("li");
  item.className = message.direction;
  item.append(
    element("p", message.body),
    ...urls.map(mediaLink),
    element("small", `${other} · ${time} · ${message.status}`),
  );
  return item;
}

function changed(what, data) {
  const text = JSON.stringify([current, data]);
  const differs = shown[what] !== text;
  shown[what] = text;
  return differs;
}

async function refresh() {
  try {
    const handsets = await get("handsets"); // the one used last comes first
    current ??= handsets[0]?.address ?? null;
    handsets.sort((one, other) => (one.address < other.address ? -1 : 1));
    if (changed("handsets", handsets)) {
      byId("handsets").replaceChildren(...handsets.map(handsetItem));
      byId("address").textContent = current;
    }
    if (current === null) return;
    const address = current;
    const messages = await get(`handsets/${encodeURIComponent(address)}/messages`);
    if (address !== current || !changed("messages", messages)) return;
    byId("messages").replaceChildren(...messages.reverse().map(messageItem));
    byId("messages").lastElementChild?.scrollIntoView({ block: "nearest" });
  } catch (error) {
    byId("outcome").textContent = error.message;
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const input = { body: form.elements.body.value };
  const to = form.elements.to.value.replaceAll(/[\s()-]/g, "");
  if (to) input.to = to;
  const mediaUrl = form.elements.media.value.trim();
  if (mediaUrl) input.mediaUrl = mediaUrl;
  try {
    const response = await fetch(`handsets/${encodeURIComponent(current)}/reply`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(input),
    });
    const answer = await response.json();
    byId("outcome").textContent = response.ok ? `The hub ${answer.status} it.` : answer.detail;
    if (response.ok) form.elements.body.value = form.elements.media.value = "";
  } catch (error) {
    byId("outcome").textContent = error.message;
  }
  refresh();
});

async function poll() {
  await refresh();
  setTimeout(poll, POLL_MS);
}

poll();

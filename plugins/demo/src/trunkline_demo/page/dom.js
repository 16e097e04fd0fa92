// Making elements, and what numbers look like. Whatever comes from outside is set as text only.

export const byId = (id) => document.getElementById(id);

export function make(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

export function pretty(number) {
  const parts = /^\+1(\d{3})(\d{3})(\d{4})$/.exec(number);
  return parts ? ["+1", ...parts.slice(1)].join("\u00a0") : number;
}

const TONES = 6; // as many as handset.css has

export function drawAvatar(element, { name, address, isAgent }) {
  const tone = isAgent ? Number(address.slice(-2)) % TONES : "none";
  element.className = `avatar tone-${tone}`;
  element.textContent = isAgent ? [...name][0].toUpperCase() : "?";
}

export const timeOf = (timestamp) =>
  new Date(timestamp).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

export function dayOf(timestamp) {
  const day = new Date(timestamp);
  const daysAgo = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(day).setHours(0, 0, 0, 0)) / 864e5);
  if (daysAgo === 0) return "Today";
  if (daysAgo === 1) return "Yesterday";
  return day.toLocaleDateString([], { weekday: "long", day: "numeric", month: "long" });
}

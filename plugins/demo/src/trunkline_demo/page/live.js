// What every page of the network does: it loads again and again, and follows the address bar.

import { byId } from "./dom.js";

const POLL_MS = 1000;

export function say(trouble) {
  if (byId("trouble").textContent !== trouble) byId("trouble").textContent = trouble;
}

export function oneAtATime(load) {
  let loading = Promise.resolve();
  return () => (loading = loading.then(load)); // an old answer never comes last
}

export function live({ readAddress, draw, refresh, look, isWide }) {
  addEventListener("hashchange", () => {
    readAddress();
    draw();
    refresh();
  });
  document.addEventListener("visibilitychange", () => document.hidden || look());
  isWide.addEventListener("change", draw);

  async function poll() {
    await refresh();
    setTimeout(poll, POLL_MS);
  }

  readAddress();
  poll();
}

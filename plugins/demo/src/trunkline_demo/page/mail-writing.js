// The form in which a mail is written: a new one, an answer, or one passed on.

import { byId } from "./dom.js";

const [form, to, cc, bcc, title, body] = ["composer", "to", "cc", "bcc", "title", "body"].map(byId);

// `kind` is new, reply, forward or null; the page says what sending and discarding mean.
export const writing = { kind: null, mail: null, thread: null, send: null, discard: null };

const bare = (text) => text.split(/[\s,;]+/).filter(Boolean);

function showCopies(areShown) {
  for (const field of form.querySelectorAll("[data-more]")) field.hidden = !areShown;
  byId("copies").ariaExpanded = String(areShown);
}

export function startWriting(kind, { to: recipient = "", subject = "", text = "", mail = null, thread = null }) {
  Object.assign(writing, { kind, mail, thread });
  to.value = recipient;
  title.value = subject;
  cc.value = bcc.value = "";
  body.value = text;
  byId("fault").textContent = "";
  byId("about").hidden = kind === "reply"; // an answer keeps its subject
  showCopies(false);
  form.hidden = false;
  body.placeholder = kind === "reply" ? "Write your answer" : "Write your mail";
  setTimeout(() => (recipient ? body : to).focus());
}

export function stopWriting() {
  Object.assign(writing, { kind: null, mail: null, thread: null });
  form.hidden = true;
}

let isSending = false;

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (isSending) return; // a second click sends nothing
  isSending = true;
  byId("send").disabled = true;
  byId("fault").textContent = "";
  const about = { reply: { replyTo: writing.mail?.id }, forward: { forward: writing.mail?.id } }[writing.kind] ?? {};
  const content = { to: to.value.trim(), body: body.value, cc: bare(cc.value), bcc: bare(bcc.value), ...about };
  if (writing.kind !== "reply") content.subject = title.value;
  byId("fault").textContent = await writing.send(content);
  isSending = false;
  byId("send").disabled = false;
});
body.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});
byId("copies").addEventListener("click", () => {
  const areHidden = form.querySelector("[data-more]").hidden;
  showCopies(areHidden);
  if (areHidden) cc.focus();
});
byId("discard").addEventListener("click", () => writing.discard());

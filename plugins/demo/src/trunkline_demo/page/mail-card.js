// One thread: a card for each mail, the newest open. HTML is drawn in a frame that runs nothing.

import { byId, dayOf, make, timeOf } from "./dom.js";
import { avatarOf, glimpseOf, nameOf } from "./mail-list.js";

const SANDBOX = "allow-same-origin allow-popups allow-popups-to-escape-sandbox"; // and no scripts
const BAD = ["failed", "bounced", "complained"];
const holder = byId("mails");

function button(label, className, onClick) {
  const made = make("button", className, label);
  made.type = "button";
  made.addEventListener("click", onClick);
  return made;
}

// As high as the page in it: the frame is of this origin, and nothing in it can run.
function frame(src, onWrite) {
  const made = make("iframe");
  made.title = "The mail as its sender drew it";
  made.setAttribute("sandbox", SANDBOX);
  made.addEventListener("load", () => {
    const page = made.contentDocument?.documentElement;
    if (!page) return;
    page.addEventListener("click", (event) => {
      const link = event.target.closest("a[href^='mailto:' i]");
      if (!link) return;
      event.preventDefault();
      onWrite(new URL(link.href));
    });
    const fit = () => (made.style.height = `${page.scrollHeight + 2}px`);
    new ResizeObserver(fit).observe(page.querySelector("body"));
    fit();
  });
  made.src = src;
  return made;
}

function bodyOf(mail, src, onWrite) {
  const text = make("p", "written", mail.body.trimEnd());
  if (!mail.html) return [text];
  const page = frame(src, onWrite);
  text.hidden = true;
  const toggle = button("Show the text part", "show", () => {
    text.hidden = !text.hidden;
    page.hidden = !text.hidden;
    toggle.textContent = text.hidden ? "Show the text part" : "Show it as it was drawn";
  });
  return mail.body.trim() ? [page, text, toggle] : [page];
}

function filesOf(mail) {
  const list = make("ul", "files");
  list.ariaLabel = "Attachments";
  for (const file of mail.attachments) {
    const item = make("li");
    const isLink = file.url && URL.canParse(file.url) && new URL(file.url).protocol === "https:";
    const name = make(isLink ? "a" : "strong", "", file.name ?? "A file without a name");
    if (isLink) Object.assign(name, { href: file.url, target: "_blank", rel: "noopener noreferrer" });
    item.append(name, make("span", "", file.type));
    list.append(item);
  }
  return list;
}

function flagsOf(mail) {
  const flags = make("p", "flags");
  const add = (label, className = "flag") => flags.append(make("span", className, label));
  if (mail.hiddenCopy) add("You got a hidden copy");
  if (mail.automatic) add("A program wrote it");
  if (BAD.includes(mail.status)) add(mail.reason, "flag bad");
  return flags;
}

function menuOf(mail, does) {
  const more = make("details", "more");
  const menu = make("div", "menu");
  const choice = (label, onClick, className = "") =>
    menu.append(button(label, className, () => {
      more.open = false;
      onClick();
    }));
  if (mail.direction === "inbound") {
    choice("Answer automatically", () => does.act(mail, "auto-reply", {}));
    choice("Bounce: no such mailbox", () => does.act(mail, "trouble", { trouble: "no_mailbox" }), "bad");
    choice("Bounce for now: mailbox full", () => does.act(mail, "trouble", { trouble: "mailbox_full" }), "bad");
    choice("Report as spam", () => does.act(mail, "trouble", { trouble: "complaint" }), "bad");
  }
  choice("Raw source", () => does.showSource(mail));
  more.append(make("summary", "", "More"), menu);
  more.addEventListener("toggle", () => more.open && menu.scrollIntoView({ block: "nearest" }));
  return more;
}

function card(state, mail, thread, does) {
  const made = make("details", "mail");
  const head = make("summary");
  const name = nameOf(state, mail.from, mail.fromName);
  const lines = make("span", "lines");
  const from = make("span", "from");
  from.append(make("strong", "", name), make("span", "", mail.from));
  const copies = [mail.cc.length && `cc ${mail.cc.join(", ")}`, mail.bcc?.length && `bcc ${mail.bcc.join(", ")}`];
  lines.append(from, make("span", "for", ["to " + mail.to, ...copies.filter(Boolean)].join(" · ")));
  lines.append(make("span", "glimpse", glimpseOf(mail, 160)));
  const day = dayOf(mail.timestamp);
  const when = make("time", "when", `${day === "Today" ? "" : `${day}, `}${timeOf(mail.timestamp)}`);
  when.dateTime = mail.timestamp;
  head.append(avatarOf(state, mail.from, name), lines, when);
  const inside = make("div", "inside");
  const actions = make("div", "actions");
  actions.append(
    button("Reply", "first-action", () => does.answer(mail, thread)),
    button("Forward", "", () => does.pass(mail, thread)),
    menuOf(mail, does),
  );
  inside.append(flagsOf(mail));
  const fill = () => {
    if (!made.open || made.dataset.filled) return;
    made.dataset.filled = "yes"; // what is closed is not fetched
    inside.append(...bodyOf(mail, `${does.pathOf(mail.id)}/page`, (link) => does.write(link, mail, thread)));
    if (mail.attachments.length) inside.append(filesOf(mail));
    inside.append(actions);
  };
  made.addEventListener("toggle", fill);
  made.append(head, inside);
  made.fill = fill;
  made.dataset.id = mail.id;
  return made;
}

export function drawMails(state, thread, does) {
  const key = `${state.box} ${thread.id} ${state.agents.length}`;
  if (holder.dataset.key !== key) {
    holder.dataset.key = key;
    holder.replaceChildren();
  }
  const there = new Map([...holder.children].map((each) => [each.dataset.id, each]));
  let added = null;
  for (const mail of thread.mails) {
    let made = there.get(mail.id);
    if (!made) {
      made = card(state, mail, thread, does);
      holder.append(made);
      added = made;
    }
    there.delete(mail.id);
    if (made.dataset.status === mail.status) continue;
    made.dataset.status = mail.status;
    made.querySelector(".flags").replaceWith(flagsOf(mail));
  }
  for (const gone of there.values()) gone.remove();
  if (!added) return;
  added.open = true;
  added.fill();
  if (holder.children.length > 1) added.scrollIntoView({ block: "nearest" });
}

// A menu closes when something else is chosen.
document.addEventListener("click", (event) => {
  for (const more of document.querySelectorAll(".more[open]")) if (!more.contains(event.target)) more.open = false;
});
document.addEventListener("keydown", (event) => {
  const more = event.key === "Escape" && document.querySelector(".more[open]");
  if (!more) return;
  more.open = false;
  more.querySelector("summary").focus();
});

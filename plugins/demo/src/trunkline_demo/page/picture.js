// What came with a message: a picture, a sound or a file, which may lie anywhere.

import { make } from "./dom.js";

const isWebPage = (url) => URL.canParse(url) && new URL(url).protocol === "https:";
// What lies with the hub is beside this page, whatever name the hub is called by elsewhere.
const ownPath = (url) => /\/media\/med_[\w-]+$/.exec(url)?.[0];

function linkTo(url, label) {
  const link = make("a", "url", label);
  link.href = url;
  link.target = "_blank";
  link.rel = "noopener noreferrer";
  return link;
}

function drawPicture(url, whose) {
  const image = make("img");
  image.alt = `Picture from ${whose}`;
  image.referrerPolicy = "no-referrer";
  image.addEventListener("error", () => image.replaceWith(make("span", "fault", "This picture cannot be shown.")));
  image.src = url;
  return image;
}

function drawSound(url, whose) {
  const player = make("audio");
  player.controls = true;
  player.src = url;
  player.ariaLabel = `Voice message from ${whose}`;
  return player;
}

// What lies with the hub itself is fetched at once, and drawn as what it is.
async function fill(figure, url, whose) {
  try {
    const { ok, headers } = await fetch(url, { method: "HEAD" });
    if (!ok) throw new Error();
    const [kind] = headers.get("content-type").split("/");
    if (kind === "image") figure.append(drawPicture(url, whose));
    else figure.append(kind === "audio" ? drawSound(url, whose) : linkTo(url, "Open the file"));
  } catch {
    figure.append(make("span", "fault", "This file cannot be had any more."));
  }
}

// A picture elsewhere is fetched only when somebody asks for it.
export function picture(url, whose) {
  const figure = make("span", "media");
  const own = ownPath(url);
  if (own) {
    fill(figure, `..${own}`, whose);
    return figure;
  }
  if (!isWebPage(url)) {
    figure.append(make("span", "url", url));
    return figure;
  }
  const show = make("button", "show", "Show picture");
  show.type = "button";
  show.title = `Fetches it from ${new URL(url).host}`;
  show.addEventListener("click", () => show.replaceWith(drawPicture(url, whose)));
  figure.append(show, linkTo(url, url));
  return figure;
}

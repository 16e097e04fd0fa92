// A picture of a message, which may lie anywhere.

import { make } from "./dom.js";

function isWebPage(url) {
  return URL.canParse(url) && new URL(url).protocol === "https:";
}

// A picture is fetched from wherever it lies only when somebody asks for it.
export function picture(url, whose) {
  const figure = make("span", "media");
  if (!isWebPage(url)) {
    figure.append(make("span", "url", url));
    return figure;
  }
  const link = make("a", "url", url);
  link.href = url;
  link.target = "_blank";
  link.rel = "noopener noreferrer";
  const show = make("button", "show", "Show picture");
  show.type = "button";
  show.title = `Fetches it from ${new URL(url).host}`;
  show.addEventListener("click", () => {
    const image = make("img");
    image.alt = `Picture from ${whose}`;
    image.referrerPolicy = "no-referrer";
    image.addEventListener("error", () => image.replaceWith(make("span", "fault", "This picture cannot be shown.")));
    image.src = url;
    show.replaceWith(image);
  });
  figure.append(show, link);
  return figure;
}

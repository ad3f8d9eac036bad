"use strict";

// Everything works without scripts. This one adds keys and messages; grid.js loads more in place, upload.js sends
// pictures.
const root = document.documentElement;
root.classList.add("js");
const body = document.body;
const one = (selector, under = document) => under.querySelector(selector);
const all = (selector, under = document) => [...under.querySelectorAll(selector)];
// Where a proxy asks who comes, it answers with its login, which belongs to another site and is not shown to a script.
const NO_ANSWER = "The gallery does not answer. Is it still running? If you signed in to see it, load the page again.";

function fadeIn(under) {
  for (const image of all(".frame img", under)) {
    const done = () => image.classList.add("loaded");
    if (image.complete) done();
    image.addEventListener("load", done);
    image.addEventListener("error", done);
  }
}
fadeIn(document);
// What a map shows is around its middle, and of a long timeline the chosen month is to be seen.
for (const map of all(".map-scroll")) map.scrollLeft = (map.scrollWidth - map.clientWidth) / 2;
function showChosenMonth() {
  const [line, month] = [one(".timeline"), one(".timeline [aria-current]")];
  if (month) line.scrollLeft += month.getBoundingClientRect().left - line.getBoundingClientRect().left - line.clientWidth / 2;
}
showChosenMonth();

// Waiting: a bar at the top from a click until the next page is there. With a download the page stays.
const wait = (on) => body.classList.toggle("waiting", on);
document.addEventListener("submit", () => wait(true));
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  const plain = !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0 && !event.defaultPrevented;
  if (link && plain && !link.target && !link.hasAttribute("download") && !link.getAttribute("href").startsWith("#")) wait(true);
});
window.addEventListener("pageshow", () => wait(false));

// A message that stays until it is closed.
function toast(text, link, name) {
  const box = document.createElement("div");
  box.className = "toast";
  const words = document.createElement("span");
  words.textContent = text;
  box.append(words);
  if (link) {
    const anchor = document.createElement("a");
    anchor.href = link;
    anchor.textContent = name;
    box.append(anchor);
  }
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = "✕";
  close.setAttribute("aria-label", "Close");
  close.addEventListener("click", () => box.remove());
  box.append(close);
  one(".toasts").append(box);
  return words;
}

document.addEventListener("click", (event) => {
  const narrow = event.target.closest(".narrow");
  if (!narrow) return;
  const open = one("#facets").classList.toggle("open");
  narrow.setAttribute("aria-expanded", String(open));
});

// What narrows down stands beside the list, and on narrow screens below its button, which it would push away otherwise.
const narrowScreen = matchMedia("(max-width: 860px)");
function placeFacets(facets = one("#facets")) {
  const button = one(".narrow");
  if (!facets || !button) return;
  if (narrowScreen.matches) button.closest(".line").after(facets);
  else one(".columns").prepend(facets);
  button.setAttribute("aria-expanded", String(facets.classList.contains("open")));
}
narrowScreen.addEventListener("change", () => placeFacets());
placeFacets();

// How often something was changed from this tab: a list that was left before is asked for anew.
const CHANGES = "changes";
const changes = () => Number(sessionStorage.getItem(CHANGES));
const changed = () => sessionStorage.setItem(CHANGES, String(changes() + 1));
document.addEventListener("submit", (event) => event.target.method === "post" && !event.defaultPrevented && changed());

// The order of the results, so that one can step from picture to picture.
const ORDER = "order";
function remember() {
  const cards = all("main:not(.detail) .card");
  const links = cards.filter((card) => !card.hidden).map((card) => [card.dataset.key, one("a", card).getAttribute("href")]);
  if (cards.length) sessionStorage.setItem(ORDER, JSON.stringify(links));
}
remember();

const detail = one("main.detail");
function step(by) {
  const link = one(`[data-step="${by}"]`);
  if (link && !link.hidden) link.click();
}
function placeSteps() {
  if (!detail) return;
  const order = JSON.parse(sessionStorage.getItem(ORDER) || "[]");
  const place = order.findIndex(([key]) => key === detail.dataset.key);
  for (const link of all("[data-step]")) {
    const other = place < 0 ? undefined : order[place + Number(link.dataset.step)];
    if (other) {
      link.href = other[1];
      link.hidden = false;
    }
  }
}
placeSteps();

function move(key) {
  const links = all(".grid .card:not([hidden]) a");
  const place = links.indexOf(document.activeElement);
  if (place < 0) {
    if (links.length) links[0].focus();
    return links.length > 0;
  }
  const top = (link) => Math.round(link.getBoundingClientRect().top);
  const here = links[place].getBoundingClientRect();
  let target;
  if (key === "ArrowLeft") target = links[place - 1];
  if (key === "ArrowRight") target = links[place + 1];
  if (key === "ArrowUp" || key === "ArrowDown") {
    const down = key === "ArrowDown";
    const others = down ? links.slice(place + 1) : links.slice(0, place).reverse();
    const row = others.find((link) => (down ? top(link) > here.top + 1 : top(link) < here.top - 1));
    const line = row ? others.filter((link) => top(link) === top(row)) : [];
    const off = (link) => Math.abs(link.getBoundingClientRect().left - here.left);
    target = line.sort((a, b) => off(a) - off(b))[0];
  }
  if (target) target.focus();
  return Boolean(target);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.matches("input:not([type=checkbox]), textarea, select");
  if (event.key === "Escape") {
    const crop = one(".crop[open]");
    if (typing) event.target.blur();
    else if (crop) crop.open = false;
    else if (one("[data-back]")) one("[data-back]").click();
    // Where pictures are ticked, it takes the ticks away (selection.js), and one stays at the picture.
    else if (document.activeElement !== body && !chosen().length) document.activeElement.blur();
    return;
  }
  if (typing) {
    if (event.key === "ArrowDown" && event.target.id === "q" && move(event.key)) event.preventDefault();
    return;
  }
  const marks = all(".switches input");
  if (event.key === "b" && marks.length) {
    const some = marks.some((mark) => mark.checked);
    for (const mark of marks) mark.checked = !some;
  } else if (event.key === "/") {
    event.preventDefault();
    one("#q").focus();
    one("#q").select();
  } else if (event.key.startsWith("Arrow")) {
    const inGrid = document.activeElement.closest && document.activeElement.closest(".grid");
    if (detail && !inGrid && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
      step(event.key === "ArrowLeft" ? -1 : 1);
    } else if (inGrid || (!detail && document.activeElement === body)) {
      if (move(event.key)) event.preventDefault();
    }
  }
});

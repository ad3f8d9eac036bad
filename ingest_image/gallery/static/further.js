// Stepping from picture to picture goes beyond what was loaded of the list: the next ones are asked for in time.
import { PLACE, cardsOnly, fetchPage } from "./grid.js";

const NEAR = 4;
let asking = null;

// Asks for the next page of the list that one came from; returns what is new in the order of the results.
export function loadFurther() {
  asking ??= further().finally(() => (asking = null));
  return asking;
}

async function further() {
  const place = JSON.parse(sessionStorage.getItem(PLACE) || "null");
  if (!place?.more || place.address !== one("[data-back]")?.getAttribute("href")) return [];
  const page = await fetchPage(place.more, cardsOnly());
  const order = JSON.parse(sessionStorage.getItem(ORDER) || "[]");
  const known = new Set(order.map(([key]) => key));
  const cards = all("main .card", page).filter((card) => !known.has(card.dataset.key));
  const fresh = cards.map((card) => [card.dataset.key, one("a", card).getAttribute("href")]);
  const more = one(".more a", page)?.getAttribute("href") ?? null;
  // Whoever goes back to the list finds them there, too.
  const cardsNow = [...place.cards, ...cards.map((card) => card.outerHTML)];
  sessionStorage.setItem(PLACE, JSON.stringify({ ...place, cards: cardsNow, count: place.count + cards.length, more }));
  sessionStorage.setItem(ORDER, JSON.stringify([...order, ...fresh]));
  placeSteps();
  return fresh;
}

const order = JSON.parse(sessionStorage.getItem(ORDER) || "[]");
const at = detail ? order.findIndex(([key]) => key === detail.dataset.key) : -1;
// Without an answer one can step as far as the list was loaded.
if (at >= 0 && at >= order.length - NEAR) loadFurther().catch(() => {});

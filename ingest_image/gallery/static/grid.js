// The list of pictures: it loads as one scrolls, and one comes back to the place that one left.
const list = one("main[data-address]");
export const PLACE = "place";
const RETURN = "return";
// So many cards the gallery gives at once.
const MOST = 1000;

const keysOf = (cards) => new Set(cards.map((card) => card.dataset.key));
const shownCards = () => all(".card", list);
let firstPage = keysOf(list ? shownCards() : []);

// What fetchPage is told where only cards are wanted: a page of them, or so many.
export const cardsOnly = (count) => ({ headers: { "X-Part": "cards", ...(count ? { "X-Count": count } : {}) } });

// A page of ours, parsed. A page that says what is wrong becomes an error with that sentence.
export async function fetchPage(address, options) {
  let answer;
  try {
    answer = await fetch(address, options);
  } catch {
    throw new Error(NO_ANSWER);
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (!answer.ok) throw new Error(one(".notice, main p", page)?.textContent ?? `The gallery answered ${answer.status}.`);
  return page;
}

// Appends cards that are not there yet: after its point in time has expired, a page may begin with some that are.
function append(cards) {
  const shown = keysOf(shownCards());
  const fresh = cards.filter((card) => !shown.has(card.dataset.key)).map((card) => document.adoptNode(card));
  one(".grid", list).append(...fresh);
  fadeIn(list);
  remember();
  return fresh;
}

function setMore(address) {
  if (address) one(".more a", list).setAttribute("href", address);
  else one(".more", list)?.remove();
}

// Says under the pictures why there are no more yet; an empty sentence takes that back.
function sayAtTheEnd(sentence) {
  const more = one(".more", list);
  one(".notice", more)?.remove();
  one("a", more).textContent = sentence ? "Try again" : "Show more";
  if (!sentence) return;
  const notice = document.createElement("span");
  notice.className = "notice";
  notice.setAttribute("role", "alert");
  notice.textContent = `No more pictures could be loaded. ${sentence}`;
  more.prepend(notice);
}

let loading = false;
async function loadMore() {
  const link = one(".more a", list);
  if (!link || loading) return [];
  loading = true;
  link.textContent = "Loading …";
  let fresh = [];
  try {
    const page = await fetchPage(link.getAttribute("href"), cardsOnly());
    sayAtTheEnd("");
    fresh = append(all("main .card", page));
    setMore(one(".more a", page)?.getAttribute("href"));
  } catch (error) {
    sayAtTheEnd(error.message);
  }
  loading = false;
  return fresh;
}

// Loads before the end is seen. What failed is tried again only when it is asked for.
const end = new IntersectionObserver(async (entries) => {
  const seen = entries.some((entry) => entry.isIntersecting);
  if (!seen || one(".more .notice", list)) return;
  await loadMore();
  watchTheEnd();
}, { rootMargin: "800px 0px" });

function watchTheEnd() {
  end.disconnect();
  const more = one(".more", list);
  if (more) end.observe(more);
}

if (list) {
  list.addEventListener("click", async (event) => {
    if (!event.target.closest(".more a") || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const [card] = await loadMore();
    if (card) one("a", card).focus();
    watchTheEnd();
  });
}

// Says anew how many there are after some were deleted; the pictures that are shown stay where they are.
export async function countAgain() {
  const facets = one("#facets");
  if (!list || !facets) return;
  const page = await fetchPage(list.dataset.address);
  if (!all(".card:not([hidden])", list).length) return refreshList(page);
  one(".total", list).textContent = one(".total", page).textContent;
  for (const selector of [".saved", ".timeline"]) {
    const [before, now] = [one(selector, list), one(selector, page)];
    if (before && now) before.replaceWith(document.adoptNode(now));
  }
  showChosenMonth();
  facets.replaceChildren(...one("#facets", page).childNodes);
}

// Shows what is there now. Where more was loaded, what is new is put before it, so that nothing moves away.
export async function refreshList(fetched) {
  // The page of duplicates is looked for anew only when it is asked for.
  if (!list || !one("#facets")) return;
  const page = fetched ?? await fetchPage(list.dataset.address);
  const shown = keysOf(shownCards());
  const fresh = all("main .card", page);
  if (shown.size > firstPage.size) {
    const added = fresh.filter((card) => !shown.has(card.dataset.key)).map((card) => document.adoptNode(card));
    one(".grid", list).prepend(...added);
    one(".total", list).textContent = one(".total", page).textContent;
  } else {
    const ticked = new Set(all(".choose:checked", list).map((box) => box.value));
    // It may be within the list, which is replaced.
    const facets = one("#facets");
    list.replaceChildren(...one("main", page).childNodes);
    for (const box of all(".choose", list)) box.checked = ticked.has(box.value);
    facets.replaceChildren(...one("#facets", page).childNodes);
    placeFacets(facets);
  }
  firstPage = keysOf(fresh);
  hideLeaving();
  fadeIn(list);
  remember();
  watchTheEnd();
  showSelection();
}

// How much had been changed when the page was left; of a page that the browser had kept, and that is loaded anew as it is
// old, that stays.
let changesBefore = 0;
let isOld = false;
// The place is kept when the page is left, with the cards that were loaded after the first page. `left` is the picture
// that was opened.
function keepPlace() {
  // What is deleted by leaving is counted later.
  if (!isOld) changesBefore = changes();
  if (!one(".grid", list)) return;
  const place = { address: list.dataset.address, y: window.scrollY, cards: [], more: one(".more a", list)?.getAttribute("href") };
  Object.assign(place, { count: shownCards().length, changes: changesBefore });
  place.total = Number(one(".total", list).textContent.replace(/\D/g, ""));
  place.left = document.activeElement.closest(".card")?.dataset.key;
  try {
    const later = shownCards().filter((card) => !firstPage.has(card.dataset.key)).map((card) => card.outerHTML);
    sessionStorage.setItem(PLACE, JSON.stringify({ ...place, cards: later }));
  } catch {
    // The browser keeps no more than a few megabytes.
    sessionStorage.removeItem(PLACE);
  }
}

const placeLeft = () => JSON.parse(sessionStorage.getItem(PLACE) || "null");

// As many cards as there were, as they are now: those that were kept have titles, thumbnails and an order of before.
async function renew(count) {
  const page = await fetchPage(list.dataset.address, cardsOnly(count));
  const cards = all("main .card", page).map((card) => document.adoptNode(card));
  one(".grid", list).replaceChildren(...cards);
  setMore(one(".more a", page)?.getAttribute("href"));
  hideLeaving();
  fadeIn(list);
  remember();
}

async function comeBack(key) {
  const place = placeLeft();
  if (!place || place.address !== list.dataset.address) return;
  const isChanged = place.changes !== changes();
  if (place.cards.length && one(".grid", list) && one(".more", list)) {
    const kept = () => {
      append(all(".card", new DOMParser().parseFromString(`<ul>${place.cards.join("")}</ul>`, "text/html")));
      setMore(place.more);
    };
    if (!isChanged || place.count > MOST) kept();
    else await renew(place.count).catch(kept);
  }
  history.scrollRestoration = "manual";
  window.scrollTo({ top: place.y, behavior: "instant" });
  const seen = key && shownCards().find((card) => card.dataset.key === key);
  if (!seen) return;
  // One may have stepped to a picture far from there. One that was changed is the newest now: then the place stays.
  const { top, bottom } = seen.getBoundingClientRect();
  if (isChanged && key === place.left && (bottom < 0 || top > window.innerHeight)) return;
  one("a", seen).focus({ preventScroll: true });
  seen.scrollIntoView({ block: "nearest", behavior: "instant" });
}

if (list) {
  const came = performance.getEntriesByType("navigation")[0]?.type === "back_forward";
  const key = sessionStorage.getItem(RETURN);
  const back = key !== null || came ? comeBack(key) : Promise.resolve();
  window.addEventListener("pagehide", keepPlace);
  back.then(watchTheEnd);
  // The browser shows the page as it was.
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    // One steps through these results again, not through those of another list.
    remember();
    if (changesBefore === changes()) return;
    isOld = true;
    sessionStorage.setItem(RETURN, "");
    window.location.reload();
  });
}
sessionStorage.removeItem(RETURN);

for (const back of all("[data-back]")) {
  back.addEventListener("click", () => sessionStorage.setItem(RETURN, one("main").dataset.key ?? ""));
}

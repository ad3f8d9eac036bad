"use strict";

// Deleting: the pictures vanish at once, and are deleted when the time to undo it is over or the page is left.
const UNDO_SECONDS = 10;
// Browsers send about so many bytes when a page is left. More is asked for on a page of its own.
const MOST_BYTES = 60000;
const HANDED_OVER = "delete";
const leaving = new Set();

async function post(path, form) {
  if (!path.endsWith("/ask")) changed();
  let answer;
  try {
    answer = await fetch(path, { method: "POST", body: new URLSearchParams(form), headers: { Accept: "application/json" } });
  } catch {
    throw new Error(NO_ANSWER);
  }
  const result = await answer.json().catch(() => ({ error: `The gallery answered ${answer.status}.` }));
  if (!answer.ok) throw new Error(result.error);
  return result;
}

const keyOf = (version) => version.split(":").slice(2).join(":");
const cardsOf = (documents) => {
  const keys = new Set(documents.map((one) => keyOf(one.version)));
  return all(".card").filter((card) => keys.has(card.dataset.key));
};
const formOf = (documents) => documents.map((one) => ["version", one.version]);
// In a list that was made anew, too, what is being deleted is not seen.
const hideLeaving = () => [...leaving].flatMap(({ documents }) => cardsOf(documents)).forEach((card) => (card.hidden = true));

// The keyboard stays where it was: at the picture behind those that vanish, or before them.
function focusBehind(cards) {
  const active = document.activeElement;
  if (active !== body && !active.closest("#selection") && !cards.some((card) => card.contains(active))) return;
  const shown = all(".card:not([hidden])");
  const from = shown.indexOf(cards[0]);
  const left = shown.filter((card) => !cards.includes(card));
  const next = left.find((card) => shown.indexOf(card) > from) ?? left.at(-1);
  if (from >= 0 && next) one("a", next).focus({ preventScroll: true });
}

function deleteLater(documents) {
  focusBehind(cardsOf(documents));
  const many = documents.length > 1;
  const words = toast(many ? `${documents.length} pictures are being deleted.` : `“${documents[0].title}” is being deleted.`);
  // A toast goes away by itself; this one must not.
  const box = document.createElement("div");
  box.className = "toast";
  words.parentElement.replaceWith(box);
  box.append(words);
  const button = document.createElement("button");
  button.type = "button";
  button.className = "undo";
  button.textContent = "Undo";
  button.title = "Ctrl-Z";
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = "✕";
  close.setAttribute("aria-label", "Close, and delete now");
  box.append(button, close);
  const end = () => {
    window.clearInterval(timer);
    leaving.delete(pending);
    box.remove();
  };
  const undo = () => {
    end();
    show();
    const [card] = cardsOf(documents);
    if (card) one("a", card).focus();
  };
  const pending = { documents, end, undo };
  leaving.add(pending);
  hideLeaving();
  remember();
  let left = UNDO_SECONDS;
  // Whoever is about to undo it has the time to do so.
  const timer = window.setInterval(() => {
    if (!box.matches(":hover, :focus-within")) left -= 1;
    if (left <= 0) finish();
  }, 1000);
  const show = () => {
    for (const card of cardsOf(documents)) card.hidden = false;
    remember();
  };
  const finish = async () => {
    end();
    try {
      const result = await post("/delete", formOf(documents));
      if (result.changed || result.failed.length) {
        show();
        toast(`${result.sentence}.`);
      } else for (const card of cardsOf(documents)) card.remove();
      // While others can still be brought back, they would be missing among what is counted.
      if (!leaving.size) await import("./grid.js").then(({ countAgain }) => countAgain());
    } catch (error) {
      show();
      toast(error.message);
    }
  };
  close.addEventListener("click", finish);
  button.addEventListener("click", undo);
}

// The message is at the end of the page: whoever uses keys would not be there in time.
document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input:not([type=checkbox]), textarea");
  if (event.key !== "z" || !(event.ctrlKey || event.metaKey) || event.shiftKey || typing || !leaving.size) return;
  event.preventDefault();
  [...leaving].at(-1).undo();
});

// A browser may keep the page as it is and show it again, when there is nothing left to be undone.
window.addEventListener("pagehide", () => {
  for (const { documents, end } of leaving) {
    navigator.sendBeacon("/delete", new URLSearchParams(formOf(documents)));
    changed();
    end();
    for (const card of cardsOf(documents)) card.remove();
  }
});

// Asks at `path` for documents; `then` gets them with their versions. With too many, a page asks, to which the form leads.
async function askToDelete(form, docs, path, then) {
  try {
    const { documents } = await post(path, docs.map((doc) => ["doc", doc]));
    if (!documents.length) toast("It is not there any more.");
    else if (new URLSearchParams(formOf(documents)).toString().length > MOST_BYTES) {
      const before = form.getAttribute("action");
      form.setAttribute("action", path);
      form.submit();
      // The browser may show this page again as it was left.
      form.setAttribute("action", before);
    }
    else then(documents);
  } catch (error) {
    toast(error.message);
  }
  wait(false);
}

// On the page of a picture, the results are shown, and it can be undone there.
for (const form of all("form[data-delete]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    askToDelete(form, new FormData(form).getAll("doc"), form.action, (documents) => {
      sessionStorage.setItem(HANDED_OVER, JSON.stringify(documents));
      window.location.assign(one("[data-back]").href);
    });
  });
}
const handedOver = sessionStorage.getItem(HANDED_OVER);
if (handedOver) {
  sessionStorage.removeItem(HANDED_OVER);
  deleteLater(JSON.parse(handedOver));
}

"use strict";

// Selecting pictures in the grid: ticks, with Shift from one to another, and what is done with them. The list and its
// bar are made anew when pictures were added, so nothing here is bound to them.
const boxes = () => all(".card:not([hidden]) .choose");
const chosen = () => boxes().filter((box) => box.checked);
let lastChosen = null;

function showSelection() {
  const count = chosen().length;
  const bar = one("#selection");
  body.classList.toggle("choosing", count > 0);
  if (!bar) return;
  bar.classList.toggle("some", count > 0);
  one(".chosen", bar).textContent = count ? `${count} selected` : "";
}

function choose(some, on) {
  for (const box of some) box.checked = on;
  showSelection();
}

document.addEventListener("click", (event) => {
  const target = event.target.closest?.(".choose, #selection [data-all], #selection [data-none]");
  if (!target) return;
  if (target.dataset.all !== undefined) choose(boxes(), true);
  else if (target.dataset.none !== undefined) choose(boxes(), false);
  else {
    const shown = boxes();
    const [from, to] = [shown.indexOf(lastChosen), shown.indexOf(target)].sort((a, b) => a - b);
    if (event.shiftKey && from >= 0) choose(shown.slice(from, to + 1), target.checked);
    lastChosen = target;
    showSelection();
  }
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input:not([type=checkbox]), textarea")) return;
  const card = document.activeElement.closest(".card");
  if (event.key === "x" && card) one(".choose", card)?.click();
  else if (event.key === "Escape" && chosen().length) choose(boxes(), false);
  else if (event.key === "Delete" && chosen().length) one("[data-delete-chosen]")?.click();
});

async function addTags(form, address, docs) {
  try {
    const result = await post(address, [...docs.map((doc) => ["doc", doc]), ["tags", one("[name=tags]", form).value]]);
    toast(`${result.sentence}.`);
    for (const line of result.failed.slice(0, 3)) toast(line);
    if (!result.failed.length) choose(boxes(), false);
  } catch (error) {
    toast(error.message);
  }
  wait(false);
}

// After the bar at the top has appeared, which every form lets appear.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.id !== "selection") return;
  const button = event.submitter;
  const docs = chosen().map((box) => box.value);
  if (!docs.length) {
    event.preventDefault();
    wait(false);
    toast("No picture is selected.");
  } else if (!button || button.dataset.download !== undefined) {
    // The answer is a file, so the page stays.
    wait(false);
  } else if (button.dataset.deleteChosen !== undefined) {
    event.preventDefault();
    askToDelete(form, docs, button.formAction, (documents) => {
      deleteLater(documents);
      choose(all(".choose"), false);
    });
  } else {
    event.preventDefault();
    addTags(form, button.formAction, docs);
  }
});
// A browser may remember ticks.
showSelection();
window.addEventListener("pageshow", showSelection);

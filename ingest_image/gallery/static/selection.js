"use strict";

// Selecting pictures in the grid: ticks, with Shift from one to another, and what is done with them.
const selection = one("#selection");
if (selection) {
  const boxes = () => all(".card:not([hidden]) .choose");
  const chosen = () => boxes().filter((box) => box.checked);
  const docs = () => chosen().map((box) => box.value);
  let last = null;

  const show = () => {
    const count = chosen().length;
    selection.classList.toggle("some", count > 0);
    body.classList.toggle("choosing", count > 0);
    one(".chosen", selection).textContent = count ? `${count} selected` : "";
  };
  const choose = (some, on) => {
    for (const box of some) box.checked = on;
    show();
  };
  // Others are loaded later.
  document.addEventListener("click", (event) => {
    const box = event.target;
    if (!box.matches || !box.matches(".choose")) return;
    const shown = boxes();
    const [from, to] = [shown.indexOf(last), shown.indexOf(box)].sort((a, b) => a - b);
    if (event.shiftKey && from >= 0) choose(shown.slice(from, to + 1), box.checked);
    last = box;
    show();
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input:not([type=checkbox]), textarea")) return;
    const card = document.activeElement.closest(".card");
    if (event.key === "x" && card) one(".choose", card).click();
    else if (event.key === "Escape" && chosen().length) choose(boxes(), false);
    else if (event.key === "Delete" && chosen().length) one("[data-delete-chosen]")?.click();
  });
  one("[data-all]", selection).addEventListener("click", () => choose(boxes(), true));
  one("[data-none]", selection).addEventListener("click", () => choose(boxes(), false));

  selection.addEventListener("submit", async (event) => {
    const button = event.submitter;
    const some = docs();
    if (!some.length) {
      event.preventDefault();
      toast("No picture is selected.");
    } else if (!button || button.dataset.download !== undefined) {
      // The answer is a file, so the page stays.
      wait(false);
    } else if (button.dataset.deleteChosen !== undefined) {
      event.preventDefault();
      askToDelete(selection, some, button.formAction, (documents) => {
        deleteLater(documents);
        choose(all(".choose"), false);
      });
    } else {
      event.preventDefault();
      try {
        const result = await post(button.formAction, [...some.map((doc) => ["doc", doc]), ["tags", one("[name=tags]", selection).value]]);
        toast(`${result.sentence}.`);
        for (const line of result.failed.slice(0, 3)) toast(line);
        if (!result.failed.length) choose(boxes(), false);
      } catch (error) {
        toast(error.message);
      }
      wait(false);
    }
  });
  // A browser may remember ticks.
  show();
  window.addEventListener("pageshow", show);
}

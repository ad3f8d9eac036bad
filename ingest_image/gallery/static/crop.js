"use strict";

// Cropping: a box is drawn in the picture; the numbers in the form say the same.
const crop = one(".crop");
const cropped = one("figure .shown");
if (crop && cropped) {
  const sides = ["left", "top", "right", "bottom"];
  const input = (side) => one(`input[name=${side}]`, crop);
  const box = document.createElement("div");
  box.className = "cropbox";
  const link = cropped.closest("a");

  const show = () => {
    for (const side of sides) box.style[side] = `${Math.min(99, Math.max(0, Number(input(side).value) || 0))}%`;
  };
  const set = (values) => {
    for (const side of sides) input(side).value = String(Math.round(values[side] * 10) / 10);
    show();
  };
  crop.addEventListener("toggle", () => {
    cropped.classList.toggle("cropping", crop.open);
    if (crop.open) cropped.append(box);
    else box.remove();
    show();
  });
  crop.addEventListener("input", show);
  // The viewer leads here.
  const openIfAsked = () => {
    if (window.location.hash !== "#crop") return;
    crop.open = true;
    window.history.replaceState(null, "", window.location.pathname + window.location.search);
  };
  window.addEventListener("hashchange", openIfAsked);
  openIfAsked();

  let start = null;
  const place = (event) => {
    const within = cropped.getBoundingClientRect();
    const percent = (value, whole) => Math.min(100, Math.max(0, (100 * value) / whole));
    return { x: percent(event.clientX - within.left, within.width), y: percent(event.clientY - within.top, within.height) };
  };
  cropped.addEventListener("pointerdown", (event) => {
    if (!crop.open || event.button !== 0) return;
    event.preventDefault();
    start = place(event);
    cropped.setPointerCapture(event.pointerId);
  });
  cropped.addEventListener("pointermove", (event) => {
    if (!start) return;
    const end = place(event);
    set({
      left: Math.min(start.x, end.x),
      top: Math.min(start.y, end.y),
      right: 100 - Math.max(start.x, end.x),
      bottom: 100 - Math.max(start.y, end.y),
    });
  });
  for (const kind of ["pointerup", "pointercancel"]) cropped.addEventListener(kind, () => (start = null));
  cropped.addEventListener("dragstart", (event) => event.preventDefault());
  // While a box is drawn, a click does not open the picture.
  link.addEventListener(
    "click",
    (event) => {
      if (!crop.open) return;
      event.preventDefault();
      event.stopImmediatePropagation();
    },
    true,
  );
}

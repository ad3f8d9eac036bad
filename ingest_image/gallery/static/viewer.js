"use strict";

// The viewer: a picture alone, with zoom, full screen, steps through the results, and a slideshow.
const viewer = one(".viewer");
const figures = all("figure .shown > img");
if (viewer && figures.length) {
  const SECONDS = 5;
  const MOST = 12;
  const NEAR = 4;
  const area = one(".field-of-view", viewer);
  const image = one("img", area);
  const button = (name) => one(`[data-view="${name}"]`, viewer);

  // The results as gallery.js remembers them, with this page's own pictures in their place.
  const own = figures.map((shown) => ({ src: shown.getAttribute("src"), alt: shown.alt, href: null, shown }));
  const other = ([key, href]) => {
    const slash = key.indexOf("/");
    const [index, id] = [key.slice(0, slash), key.slice(slash + 1)].map(encodeURIComponent);
    return { key, href, src: `/image/${index}/0?id=${id}`, alt: "" };
  };
  const results = () => {
    const others = JSON.parse(sessionStorage.getItem("order") || "[]").map(other);
    const here = others.findIndex((item) => item.key === one("main.detail").dataset.key);
    return here < 0 ? own : [...others.slice(0, here), ...own, ...others.slice(here + 1)];
  };
  // All results, of which the list may have loaded the first ones.
  const total = () => {
    const place = JSON.parse(sessionStorage.getItem("place") || "null");
    return place?.more && place.address === one("[data-back]").getAttribute("href") ? place.total + own.length - 1 : 0;
  };
  let items = own;
  let at = 0;

  // How much larger, and how far moved, in pixels of the window.
  let [scale, x, y] = [1, 0, 0];
  const apply = () => {
    const { width, height } = area.getBoundingClientRect();
    x = Math.min(0, Math.max(width * (1 - scale), x));
    y = Math.min(0, Math.max(height * (1 - scale), y));
    image.style.transform = scale === 1 ? "" : `translate(${x}px, ${y}px) scale(${scale})`;
    area.classList.toggle("zoomed", scale > 1);
  };
  const zoom = (wanted, left, top) => {
    const { width, height } = area.getBoundingClientRect();
    const [px, py] = [left ?? width / 2, top ?? height / 2];
    const next = Math.min(MOST, Math.max(1, wanted));
    x = px - ((px - x) * next) / scale;
    y = py - ((py - y) * next) / scale;
    scale = next;
    apply();
  };

  let timer = null;
  const wait = () => {
    window.clearTimeout(timer);
    if (button("play").getAttribute("aria-pressed") === "true") timer = window.setTimeout(() => go(1), SECONDS * 1000);
  };
  const say = (text) => (one(".where", viewer).textContent = text);
  const place = () => (items.length > 1 ? `${at + 1} of ${Math.max(items.length, total())}` : "");
  const go = async (by) => {
    window.clearTimeout(timer);
    // Whoever is quicker than the list waits for it, and does not begin again.
    if (by > 0 && at === items.length - 1 && total() > items.length) await goFurther();
    at = (at + by + items.length) % items.length;
    zoom(1);
    image.src = items[at].src;
    image.alt = items[at].alt || `Picture ${place()}`;
    say(place());
    if (at >= items.length - NEAR && items.length > own.length) goFurther();
  };
  // Without an answer it begins again at the first one.
  const goFurther = async () => {
    const fresh = await import("./further.js").then(({ loadFurther }) => loadFurther()).catch(() => []);
    const known = new Set(items.map((item) => item.key));
    items.push(...fresh.map(other).filter((item) => !known.has(item.key)));
    if (fresh.length) say(place());
  };
  image.addEventListener("load", () => {
    wait();
    // The next one is there when it is asked for.
    if (items.length > 1) new Image().src = items[(at + 1) % items.length].src;
  });
  image.addEventListener("error", () => {
    say(`${place()} This picture cannot be shown.`.trim());
    wait();
  });

  const open = (from) => {
    items = results();
    for (const name of ["-1", "1", "play"]) button(name).disabled = items.length < 2;
    at = items.findIndex((item) => item.shown === from);
    viewer.showModal();
    // Not by `autofocus`: the browser complains of it where the page has a focus before it is loaded.
    button("close").focus();
    go(0);
  };
  const play = () => {
    const on = button("play").getAttribute("aria-pressed") !== "true";
    button("play").setAttribute("aria-pressed", String(on));
    wait();
  };
  const full = () => {
    if (document.fullscreenElement) document.exitFullscreen();
    else one(".viewing", viewer).requestFullscreen().catch(() => say("This browser shows no full screen here."));
  };

  // The page of each picture has the form for its turns, and says why there is none.
  let isTurned = false;
  let isTurning = false;
  const setTurning = (on) => {
    isTurning = on;
    // Not `disabled`: the keyboard would be lost to the page below.
    for (const name of ["left", "right", "crop"]) button(name).setAttribute("aria-disabled", String(on));
  };
  const turned = async (item, name) => {
    const { fetchPage } = await import("./grid.js");
    item.page ??= item.href ? await fetchPage(item.href) : document;
    const form = one(".turns", item.page);
    if (!form || one(`[value=${name}]`, form).disabled) {
      throw new Error(one("#refused", item.page)?.textContent ?? "This picture cannot be turned here.");
    }
    const values = new URLSearchParams(new FormData(form));
    values.set("operation", name);
    changed();
    item.page = await fetchPage(form.getAttribute("action"), { method: "POST", body: values });
    isTurned ||= !item.href;
    const shown = one("figure .shown > img", item.page);
    if (!shown) throw new Error(one(".large-missing p", item.page)?.textContent ?? "This picture cannot be shown.");
    item.src = shown.getAttribute("src");
  };
  const turn = async (name) => {
    if (isTurning) return;
    const item = items[at];
    const isShown = () => viewer.open && items[at] === item;
    setTurning(true);
    window.clearTimeout(timer);
    say("Turning …");
    try {
      await turned(item, name);
      if (isShown()) go(0);
    } catch (error) {
      if (item.href) delete item.page;
      if (isShown()) {
        say(error.message);
        wait();
      }
    }
    setTurning(false);
    // Closed meanwhile, with the picture on the page as it was.
    if (!viewer.open && isTurned && !items[at].href) window.location.reload();
  };
  const cropHere = () => {
    if (isTurning) return;
    const { href } = items[at];
    if (href) window.location.assign(`${href}#crop`);
    else if (!one(".crop")) say(one("#refused")?.textContent ?? "This picture cannot be cropped here.");
    else {
      window.history.replaceState(null, "", "#crop");
      viewer.close();
      if (!isTurned) window.dispatchEvent(new Event("hashchange"));
    }
  };
  document.addEventListener("fullscreenchange", () => {
    button("full").setAttribute("aria-pressed", String(Boolean(document.fullscreenElement)));
    apply();
  });
  viewer.addEventListener("close", () => {
    window.clearTimeout(timer);
    button("play").setAttribute("aria-pressed", "false");
    image.removeAttribute("src");
    // What was looked at last is the page to be on.
    if (items[at].href) window.location.assign(items[at].href);
    else if (isTurned) window.location.reload();
  });

  const actions = {
    "-1": () => go(-1),
    1: () => go(1),
    in: () => zoom(scale * 1.5),
    out: () => zoom(scale / 1.5),
    play,
    full,
    left: () => turn("left"),
    right: () => turn("right"),
    crop: cropHere,
    close: () => viewer.close(),
  };
  // A gallery that only shows has no buttons that change something.
  for (const [name, act] of Object.entries(actions)) button(name)?.addEventListener("click", act);
  const keys = { ArrowLeft: "-1", ArrowRight: "1", "+": "in", "=": "in", "-": "out", s: "play", f: "full", l: "left", r: "right", c: "crop" };
  viewer.addEventListener("keydown", (event) => {
    // Not for the page below.
    event.stopPropagation();
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "0") zoom(1);
    else if (button(keys[event.key])?.disabled === false) actions[keys[event.key]]();
    else return;
    event.preventDefault();
  });

  // Pointers: one moves a large picture, or swipes to another; two pinch.
  const pointers = new Map();
  let swipe = null;
  let pinch = null;
  const apart = () => {
    const [a, b] = [...pointers.values()];
    return { far: Math.hypot(a.x - b.x, a.y - b.y), x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
  };
  area.addEventListener("pointerdown", (event) => {
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    swipe = pointers.size === 1 && scale === 1 ? { x: event.clientX, y: event.clientY } : null;
    pinch = pointers.size === 2 ? { ...apart(), scale } : null;
    area.setPointerCapture?.(event.pointerId);
  });
  area.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (pinch && pointers.size === 2) {
      const now = apart();
      zoom((pinch.scale * now.far) / pinch.far, now.x, now.y);
    } else if (scale > 1) {
      x += event.clientX - before.x;
      y += event.clientY - before.y;
      apply();
    }
  });
  const lift = (event) => {
    if (!pointers.delete(event.pointerId)) return;
    if (swipe && event.type === "pointerup" && items.length > 1) {
      const [dx, dy] = [event.clientX - swipe.x, event.clientY - swipe.y];
      if (Math.abs(dx) > 60 && Math.abs(dx) > 2 * Math.abs(dy)) go(dx < 0 ? 1 : -1);
    }
    swipe = pinch = null;
  };
  for (const kind of ["pointerup", "pointercancel"]) area.addEventListener(kind, lift);
  area.addEventListener("dblclick", (event) => (scale > 1 ? zoom(1) : zoom(3, event.clientX, event.clientY)));
  area.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      zoom(scale * Math.exp(-event.deltaY / 400), event.clientX, event.clientY);
    },
    { passive: false },
  );

  for (const shown of figures) {
    shown.closest("a").addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.defaultPrevented) return;
      event.preventDefault();
      open(shown);
    });
  }
  const opener = one("[data-open-viewer]");
  opener.hidden = false;
  opener.addEventListener("click", () => open(figures[0]));
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input, textarea, select");
    if (event.key === "f" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) open(figures[0]);
  });
}

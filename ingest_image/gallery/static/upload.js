// Sending pictures: to be looked at, or to be stored. Files and folders come from a form, a drop or the clipboard.
import { refreshList } from "./grid.js";

// When an answer takes longer than this, it is asked whether the processor service answers at all. Milliseconds.
const PATIENCE = 1000;
const MOST_LINES = 20;
const JSON_PLEASE = { Accept: "application/json" };
const pictureNames = new RegExp(`\\.(${(body.dataset.extensions ?? "").replaceAll(" ", "|")})$`, "i");

// The answer as an object. What is wrong becomes an error; `isOver` says that other pictures would fare no better.
async function post(path, form) {
  if (path === "/upload") changed();
  let answer;
  try {
    answer = await fetch(path, { method: "POST", body: form, headers: JSON_PLEASE });
  } catch {
    throw Object.assign(new Error(NO_ANSWER), { isOver: true });
  }
  const result = await answer.json().catch(() => ({ error: `The gallery answered ${answer.status}.` }));
  if (!answer.ok) throw Object.assign(new Error(result.error), { isOver: [403, 502, 503, 507].includes(answer.status) });
  return result;
}

// Says that the service does not answer, while a picture waits for it; what was said is closed when it is done.
async function send(kind, file) {
  if (file.size > Number(body.dataset.maxBytes)) throw new Error(`${file.name} is too large.`);
  const form = new FormData();
  form.append("file", file);
  let warning = null;
  let isDone = false;
  const timer = window.setTimeout(async () => {
    const sentence = await post("/service").then(() => "", (error) => error.message);
    if (sentence && !isDone) warning = toast(`${sentence} Still trying …`).parentElement;
  }, PATIENCE);
  try {
    return await post(`/${kind}`, form);
  } finally {
    isDone = true;
    window.clearTimeout(timer);
    warning?.remove();
  }
}

async function lookAt(file) {
  wait(true);
  try {
    window.location.assign((await send("look", file)).url);
  } catch (error) {
    wait(false);
    toast(error.message);
  }
}

function list(box, lines) {
  const items = document.createElement("ul");
  const more = lines.length > MOST_LINES ? [`and ${lines.length - MOST_LINES} more`] : [];
  for (const line of [...lines.slice(0, MOST_LINES), ...more]) {
    items.append(Object.assign(document.createElement("li"), { textContent: line }));
  }
  box.append(items);
}

const counted = (count, what) => `${count} ${what}${count === 1 ? "" : "s"}`;

// The page is left only if that is meant, as the rest would not be stored.
let storing = 0;
const askBefore = (event) => {
  event.preventDefault();
  // Whoever stays has no page to wait for. While the browser asks, timers rest.
  window.setTimeout(() => wait(false));
};

function setStoring(by) {
  storing += by;
  body.classList.toggle("storing", storing > 0);
  // Only then, as browsers may not keep pages that listen to this.
  if (storing) window.addEventListener("beforeunload", askBefore);
  else window.removeEventListener("beforeunload", askBefore);
}

// A message with a button that stops it instead of closing the message.
function stoppable(text, stop) {
  const words = toast(text);
  const button = Object.assign(document.createElement("button"), { type: "button", className: "undo", textContent: "Stop" });
  button.addEventListener("click", () => {
    button.disabled = true;
    stop();
  });
  one("button", words.parentElement).replaceWith(button);
  return words;
}

async function store(files, skipped) {
  setStoring(1);
  let isStopped = false;
  const words = files.length === 1
    ? toast(`Storing ${files[0].name} …`)
    : stoppable(`Storing ${counted(files.length, "picture")} …`, () => (isStopped = true));
  const stored = [];
  const there = [];
  const problems = [];
  const failed = [];
  let left = 0;
  for (const [number, file] of files.entries()) {
    try {
      const { state, url, reason } = await send("upload", file);
      if (state === "stored") stored.push(url);
      else if (state === "there") there.push([file.name, url]);
      else problems.push([`${file.name}: ${reason}`, url]);
    } catch (error) {
      failed.push(error.message.includes(file.name) ? error.message : `${file.name}: ${error.message}`);
      isStopped ||= error.isOver;
    }
    if (isStopped) {
      left = files.length - number - 1;
      break;
    }
    words.textContent = `${number + 1} of ${files.length} sent`;
  }
  words.parentElement.remove();
  setStoring(-1);
  if (stored.length || problems.length) await refreshList().catch((error) => failed.push(error.message));
  report({ stored, there, problems, failed, left, skipped });
}

function report({ stored, there, problems, failed, left, skipped }) {
  if (stored.length) toast(`Stored ${counted(stored.length, "picture")}.`, stored.length === 1 ? stored[0] : "/", "Show");
  if (there.length === 1) toast(`${there[0][0]} is there already.`, there[0][1], "Show");
  if (there.length > 1) toast(`${there.length} pictures are there already.`);
  if (problems.length === 1) toast(problems[0][0], problems[0][1], "Show");
  if (problems.length > 1) {
    const words = toast(`${problems.length} pictures were stored with a problem.`, "/?f=error:*&order=newest", "Show");
    list(words.parentElement, problems.map(([line]) => line));
  }
  const rest = left ? `${counted(left, "other")} ${left === 1 ? "was" : "were"} not sent.` : "";
  if (rest && !failed.length) toast(`Stopped: ${rest}`);
  if (failed.length === 1 && !left) toast(failed[0]);
  else if (failed.length) {
    list(toast(`${counted(failed.length, "picture")} could not be stored. ${rest}`).parentElement, failed);
  }
  if (skipped) toast(`${counted(skipped, "file")} left out: no pictures by their names.`);
}

// Of a folder only the pictures are taken; a file that was chosen itself is sent whatever it is.
function take(kind, chosen, ofFolders = []) {
  const pictures = ofFolders.filter((file) => pictureNames.test(file.name));
  const files = [...chosen, ...pictures];
  if (!files.length) {
    if (ofFolders.length) toast("There is no picture in this folder.");
    return;
  }
  if (kind === "upload") store(files, ofFolders.length - pictures.length);
  else lookAt(files[0]);
}

for (const form of all("form.pick")) {
  const input = one("input[type=file]", form);
  const isFolder = input.webkitdirectory;
  if (form.hidden) form.hidden = !("webkitdirectory" in input);
  input.addEventListener("change", () => {
    if (isFolder) take(form.dataset.kind, [], [...input.files]);
    else take(form.dataset.kind, [...input.files]);
    input.value = "";
  });
}

// All files in and below a dropped folder. A reader gives a hundred entries at a time.
async function filesIn(entry) {
  if (entry.isFile) return [await new Promise((done, fail) => entry.file(done, fail))];
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const entries = await new Promise((done, fail) => reader.readEntries(done, fail));
    if (!entries.length) return found;
    for (const inner of entries) found.push(...await filesIn(inner));
  }
}

async function takeDropped(kind, transfer) {
  // Entries have to be asked for before anything is waited for.
  const folders = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter((entry) => entry?.isDirectory);
  const names = new Set(folders.map((entry) => entry.name));
  const files = [...transfer.files].filter((file) => !names.has(file.name));
  const inFolders = [];
  for (const folder of folders) {
    try {
      inFolders.push(...await filesIn(folder));
    } catch {
      toast(`The folder ${folder.name} cannot be read.`);
    }
  }
  take(kind, files, inFolders);
}

const drop = one(".drop");
if (drop) {
  const hasFiles = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files");
  const zoneOf = (event) => event.target.closest && event.target.closest(".zone");
  const hide = () => {
    drop.hidden = true;
    all(".zone", drop).forEach((zone) => zone.classList.remove("over"));
  };
  document.addEventListener("dragenter", (event) => {
    if (hasFiles(event)) drop.hidden = false;
  });
  document.addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    const over = zoneOf(event);
    all(".zone", drop).forEach((zone) => zone.classList.toggle("over", zone === over));
    event.dataTransfer.dropEffect = over ? "copy" : "none";
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) hide();
  });
  document.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    const zone = zoneOf(event);
    hide();
    if (zone) takeDropped(zone.dataset.kind, event.dataTransfer);
  });
  document.addEventListener("paste", (event) => {
    const files = [...event.clipboardData.files];
    if (files.length) take("look", files);
  });
}

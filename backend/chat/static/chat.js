// The chat page: what the server knows, plus what has not reached it yet, drawn as bubbles.

import { fetchView, listen, markRead, sendFile, sendMessage } from "./api.js";
import { bubble, dayKey, dayLabel, element, maxBytes, sizeOf, texts } from "./view.js";

const $ = (id) => document.getElementById(id);
const [scroller, log, typing, banner, newer, unreadBadge, input, status] =
  ["scroller", "log", "typing", "banner", "newer", "unread", "text", "status"].map($);
const title = document.title;

const known = new Map(); // key → entry, as the server tells it
let unsent = JSON.parse(recall("unsent") || "[]"); // entries, oldest first
const uploads = new Map(); // client id → File
const drawn = new Map(); // key → {node, signature}
let loaded = false;
let lastId = 0;
let lastRead = 0;
let unread = 0;
let busy = false; // an entry is on its way
let agent = null;

const newId = () => crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
const keyOf = (entry) => (entry.client_id ? `c:${entry.client_id}` : `m:${entry.id}`);
const nearEnd = () => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 90;

// Where storage is forbidden the chat works all the same, only that a reload forgets.
function recall(name) {
  try { return localStorage.getItem(name); } catch { return null; }
}

function keep(name, value) {
  try { localStorage.setItem(name, value); } catch { /* forbidden or full */ }
}

function save() {
  // files cannot be kept over a reload
  keep("unsent", JSON.stringify(unsent.filter((entry) => !entry.files.length)));
}

// --- drawing -----------------------------------------------------------------------------

function ordered() {
  const entries = [...known.values()];
  const handled = entries.filter((entry) => entry.id !== null).sort((a, b) => a.id - b.id);
  const waiting = entries.filter((entry) => entry.id === null);
  return [...handled, ...waiting, ...unsent.filter((entry) => !known.has(keyOf(entry)))];
}

function draw() {
  const atEnd = nearEnd();
  const entries = ordered();
  const wanted = [];
  let previous = null;
  entries.forEach((entry, index) => {
    if (!previous || dayKey(previous.at) !== dayKey(entry.at)) {
      wanted.push([`d:${dayKey(entry.at)}`, dayLabel(entry.at), () => element("li", "day", dayLabel(entry.at))]);
    }
    const look = { turn: previous?.author !== entry.author, open: index === entries.length - 1 };
    wanted.push([keyOf(entry), JSON.stringify([entry, look]), () => bubble(entry, look, { choose, resend, discard })]);
    previous = entry;
  });
  let place = log.firstChild;
  for (const [key, signature, make] of wanted) {
    let item = drawn.get(key);
    if (item && item.signature !== signature) {
      const node = make();
      if (place === item.node) place = node;
      item.node.replaceWith(node);
      drawn.set(key, (item = { node, signature }));
    } else if (!item) {
      drawn.set(key, (item = { node: make(), signature }));
    }
    if (item.node === place) place = place.nextSibling;
    else log.insertBefore(item.node, place);
  }
  while (place) { const gone = place; place = place.nextSibling; gone.remove(); }
  const keys = new Set(wanted.map(([key]) => key));
  for (const key of drawn.keys()) if (!keys.has(key)) drawn.delete(key);
  $("intro").hidden = !loaded || entries.length > 0;
  status.textContent = agent ? texts.attended_by.replace("{name}", agent) : status.dataset.online;
  if (atEnd) scroller.scrollTop = scroller.scrollHeight;
  drawNewer();
}

function drawNewer() {
  if (nearEnd() && !document.hidden) unread = 0;
  newer.hidden = nearEnd();
  unreadBadge.hidden = unread === 0;
  unreadBadge.textContent = unread;
  document.title = document.hidden && unread ? `(${unread}) ${title}` : title;
}

function warn(text) {
  banner.textContent = text;
  banner.hidden = !text;
}

// --- receiving ---------------------------------------------------------------------------

let syncing = null;
let again = false;

async function sync() {
  if (syncing) { again = true; return syncing; }
  syncing = (async () => {
    do {
      again = false;
      const asked = Date.now();
      try { take(await fetchView(lastId), asked); } catch { warn(texts.offline); return; }
      warn("");
      flush();
    } while (again);
  })();
  try { await syncing; } finally { syncing = null; }
}

function take(view, asked) {
  const before = lastId;
  for (const [key, entry] of known) if (entry.id === null) known.delete(key);
  for (const entry of view.messages) {
    if (entry.id > before && loaded && entry.author !== "client") unread += 1;
    const old = unsent.find((other) => keyOf(other) === keyOf(entry));
    if (old?.preview && entry.id === null) entry.preview = old.preview;
    known.set(keyOf(entry), entry);
    lastId = Math.max(lastId, entry.id ?? 0);
  }
  // what was accepted before we asked and is not there is another visitor's, long ago
  const left = unsent.filter((entry) => {
    const told = known.get(keyOf(entry));
    return told ? told.id === null : !(entry.accepted < asked);
  });
  if (left.length !== unsent.length) { unsent = left; save(); }
  agent = view.agent;
  loaded = true;
  typing.hidden = !view.typing;
  draw();
  read();
}

async function read() {
  const last = Math.max(0, ...[...known.values()].filter((e) => e.author !== "client").map((e) => e.id));
  if (document.hidden || last <= lastRead) return;
  lastRead = last;
  try { await markRead(last); } catch { lastRead = 0; }
}

// --- sending -----------------------------------------------------------------------------

function add(entry, file) {
  const made = {
    id: null, client_id: newId(), author: "client", name: null, kind: "text", text: "", payload: null,
    choices: [], files: [], at: new Date().toISOString(), state: "sending", ...entry,
  };
  if (file) uploads.set(made.client_id, file);
  unsent.push(made);
  save();
  draw();
  scroller.scrollTop = scroller.scrollHeight;
  flush();
}

const write = (text, payload = null) => text.trim() && add({ text: text.trim(), payload });
const choose = (choice) => { write(choice.label, choice.id); input.focus(); };

// One after the other, so that they arrive in the order of writing. A repeat has the same id, so
// sending again what may have arrived is harmless.
async function flush() {
  if (busy) return;
  const entry = unsent.find((other) => other.state === "sending");
  if (!entry) return;
  busy = true;
  let pause = 0;
  try {
    await deliver(entry);
    entry.state = "received";
    entry.accepted = Date.now();
    delete entry.progress;
    warn("");
  } catch (fault) {
    pause = fail(entry, fault);
  }
  busy = false;
  save();
  draw();
  if (pause) setTimeout(flush, pause * 1000);
  else { sync(); flush(); }
}

function deliver(entry) {
  if (!entry.files.length) return sendMessage({ id: entry.client_id, text: entry.text, payload: entry.payload });
  const file = uploads.get(entry.client_id);
  return sendFile({ id: entry.client_id, file, text: entry.text }, (share) => {
    entry.progress = share;
    draw();
  });
}

// The seconds after which to try again by itself, 0 for never.
function fail(entry, fault) {
  entry.tries = (entry.tries || 0) + 1;
  if (fault.status === 401) { sync(); return 1; }
  if (fault.status === 429) { warn(texts.wait); return fault.after; }
  if (fault.retry && entry.tries < 4) { warn(texts.offline); return 2 * entry.tries; }
  Object.assign(entry, { state: "failed", retry: fault.retry, fault: fault.retry ? "" : fault.message });
  delete entry.progress;
  return 0;
}

function resend(entry) {
  const mine = unsent.find((other) => other.client_id === entry.client_id);
  Object.assign(mine, { state: "sending", tries: 0 });
  draw();
  flush();
}

function discard(entry) {
  unsent = unsent.filter((other) => other.client_id !== entry.client_id);
  uploads.delete(entry.client_id);
  save();
  draw();
}

function attach(file) {
  if (!file) return;
  if (file.size > maxBytes) return warn(texts.too_large.replace("{size}", sizeOf(maxBytes)));
  if (!file.size) return warn(texts.empty_file);
  const image = ["image/png", "image/jpeg", "image/gif", "image/webp"].includes(file.type);
  add({
    text: input.value.trim(),
    files: [{ id: null, name: file.name, content_type: file.type, size: file.size, image }],
    preview: image ? URL.createObjectURL(file) : undefined,
    progress: 0,
  }, file);
  input.value = "";
  grow();
}

// --- the page ----------------------------------------------------------------------------

function grow() {
  if (!CSS.supports("field-sizing", "content")) {
    input.style.height = "auto";
    input.style.height = `${Math.min(input.scrollHeight + 2, 132)}px`;
  }
  $("send").disabled = !input.value.trim();
  keep("draft", input.value);
}

$("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  write(input.value);
  input.value = "";
  grow();
  input.focus();
});
input.addEventListener("keydown", (event) => {
  // on a phone's keyboard Enter is a new line, the button sends
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || matchMedia("(pointer: coarse)").matches) return;
  event.preventDefault();
  $("composer").requestSubmit();
});
input.addEventListener("input", grow);
input.addEventListener("paste", (event) => {
  const file = event.clipboardData?.files[0];
  if (file) { event.preventDefault(); attach(file); }
});
$("attach").addEventListener("click", () => $("file").click());
$("file").addEventListener("change", (event) => { attach(event.target.files[0]); event.target.value = ""; });
for (const button of document.querySelectorAll(".starters button")) {
  button.addEventListener("click", () => { write(button.textContent); input.focus(); });
}
document.addEventListener("dragover", (event) => { event.preventDefault(); document.body.classList.add("dropping"); });
document.addEventListener("dragleave", () => document.body.classList.remove("dropping"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dropping");
  attach(event.dataTransfer?.files[0]);
});
newer.addEventListener("click", () => scroller.scrollTo({ top: scroller.scrollHeight, behavior: "smooth" }));
scroller.addEventListener("scroll", drawNewer, { passive: true });
scroller.addEventListener("load", () => { if (!unread) scroller.scrollTop = scroller.scrollHeight; }, true);
document.addEventListener("visibilitychange", () => { if (!document.hidden) { sync(); drawNewer(); } });
window.addEventListener("offline", () => warn(texts.offline));
window.addEventListener("online", () => {
  for (const entry of unsent) if (entry.state === "failed" && entry.retry) Object.assign(entry, { state: "sending", tries: 0 });
  sync();
});

input.value = recall("draft") || "";
grow();
await sync();
listen(sync);

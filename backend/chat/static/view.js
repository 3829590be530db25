// Bubbles. Text always enters the page as text, never as markup.

const settings = JSON.parse(document.getElementById("settings").textContent);
export const { texts, language, maxBytes } = settings;

const clock = new Intl.DateTimeFormat(language, { hour: "numeric", minute: "2-digit" });
const dayName = new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long" });
const number = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });

export function element(tag, className = "", ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#i-${name}`);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

export function sizeOf(bytes) {
  if (bytes >= 1048576) return `${number.format(bytes / 1048576)} MB`;
  return bytes >= 1024 ? `${number.format(bytes / 1024)} kB` : `${bytes} B`;
}

export const dayKey = (at) => new Date(at).toDateString();

export function dayLabel(at) {
  const days = Math.round((new Date(dayKey(Date.now())) - new Date(dayKey(at))) / 86400000);
  if (days === 0) return texts.today;
  return days === 1 ? texts.yesterday : dayName.format(new Date(at));
}

function linked(text) {
  const words = element("span", "words");
  for (const part of text.split(/(https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]])/)) {
    if (!/^https?:\/\//.test(part)) { words.append(part); continue; }
    const link = element("a", "", part);
    link.href = part;
    link.target = "_blank";
    link.rel = "noopener noreferrer nofollow";
    words.append(link);
  }
  return words;
}

function fileOf(file, preview) {
  const address = file.id === null ? preview : `/chat/files/${file.id}`;
  if (file.image && address) {
    const link = element("a", "picture");
    const image = element("img");
    image.src = address;
    image.alt = file.name;
    image.loading = "lazy";
    link.href = address;
    link.target = "_blank";
    link.append(image);
    return link;
  }
  const chip = element(file.id === null ? "span" : "a", "file", icon("file"));
  const name = element("span", "", element("b", "", file.name));
  if (file.size) name.append(element("small", "", sizeOf(file.size)));
  chip.append(name);
  if (file.id !== null) { chip.href = address; chip.download = file.name; }
  return chip;
}

function metaOf(entry) {
  const meta = element("span", "meta");
  const time = element("time", "", clock.format(new Date(entry.at)));
  time.dateTime = entry.at;
  meta.append(time);
  if (entry.author === "client" && entry.state !== "failed") {
    const tick = element("span", entry.state, icon(entry.state), element("span", "visually-hidden", texts[entry.state]));
    tick.title = texts[entry.state];
    meta.append(tick);
  }
  return meta;
}

function choicesOf(entry, onChoose) {
  const scale = entry.choices.length > 3 && entry.choices.every((choice) => choice.label.length <= 3);
  const short = entry.choices.length <= 5;
  const group = element("div", scale ? `choices scale${short ? " short" : ""}` : "choices");
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", texts.choose);
  for (const choice of entry.choices) {
    const button = element("button", "choice", choice.label);
    button.type = "button";
    if (choice.description) button.append(element("small", "", choice.description));
    button.addEventListener("click", () => onChoose(choice));
    group.append(button);
  }
  return group;
}

function faultOf(entry, actions) {
  const line = element("div", "fault", element("span", "", entry.fault || texts.failed));
  const button = (label, act) => {
    const node = element("button", "", label);
    node.type = "button";
    node.addEventListener("click", () => act(entry));
    line.append(node);
  };
  if (entry.retry) button(texts.resend, actions.resend);
  button(texts.discard, actions.discard);
  return line;
}

// `turn`: another author spoke before; `open`: its choices can still be tapped
export function bubble(entry, { turn, open }, actions) {
  const mine = entry.author === "client";
  const node = element("li", ["entry", mine && "mine", turn && "turn"].filter(Boolean).join(" "));
  const body = element("div", "bubble");
  const who = mine ? texts.you : entry.name || texts.assistant;
  if (turn && entry.author === "agent" && entry.name) body.append(element("span", "author", entry.name));
  else body.append(element("span", "visually-hidden", `${who}: `));
  for (const file of entry.files) body.append(fileOf(file, entry.preview));
  if (entry.progress !== undefined) {
    const bar = element("progress");
    bar.value = entry.progress;
    bar.setAttribute("aria-label", texts.sending);
    body.append(bar);
  }
  if (entry.text) body.append(mine ? element("span", "words", entry.text) : linked(entry.text));
  body.append(metaOf(entry));
  node.append(body);
  if (open && entry.choices.length) node.append(choicesOf(entry, actions.choose));
  if (entry.state === "failed") node.append(faultOf(entry, actions));
  return node;
}

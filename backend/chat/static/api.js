// The chat's requests. Every failure is a Fault that says whether trying again makes sense.

export class Fault extends Error {
  constructor(message, { retry, after = 0, status = 0 }) {
    super(message);
    this.retry = retry;
    this.after = after; // seconds to wait first
    this.status = status;
  }
}

function faultOf(status, text, retryAfter) {
  let problem = {};
  try { problem = JSON.parse(text); } catch { /* a proxy's page */ }
  const detail = typeof problem.detail === "string" ? problem.detail : "";
  const after = Number(problem.retry_after || retryAfter) || 5;
  return new Fault(detail, { retry: status >= 500 || [401, 408, 429].includes(status), after, status });
}

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, { ...options, signal: AbortSignal.timeout(15000) });
  } catch {
    throw new Fault("", { retry: true });
  }
  if (!response.ok) throw faultOf(response.status, await response.text(), response.headers.get("Retry-After"));
  return response.status === 204 ? null : response.json();
}

const post = (path, body) =>
  ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

export const fetchView = (after) => ask("/chat/messages" + (after ? `?after=${after}` : ""));

export const sendMessage = ({ id, text, payload }) => post("/chat/messages", payload ? { id, text, payload } : { id, text });

export const markRead = (id) => post("/chat/read", { id });

// fetch() cannot tell how far an upload is; XMLHttpRequest can
export function sendFile({ id, file, text }, onProgress) {
  const form = new FormData();
  form.append("id", id);
  form.append("text", text || "");
  form.append("file", file, file.name);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/chat/files");
    request.timeout = 180000;
    request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    request.onload = () =>
      request.status < 300
        ? resolve(JSON.parse(request.responseText))
        : reject(faultOf(request.status, request.responseText, request.getResponseHeader("Retry-After")));
    request.onerror = request.ontimeout = () => reject(new Fault("", { retry: true }));
    request.send(form);
  });
}

// Calls back on news and every few seconds, sooner while the stream is away.
export function listen(onNews) {
  let source;
  const open = () => {
    source = new EventSource("/chat/events");
    source.addEventListener("news", onNews);
    source.addEventListener("tick", onNews);
  };
  open();
  setInterval(() => {
    if (source.readyState === EventSource.OPEN) return;
    if (source.readyState === EventSource.CLOSED) open();
    onNews();
  }, 4000);
}

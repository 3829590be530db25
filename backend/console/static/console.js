// The little that htmx does not do by itself: keep what is being written, keep the place, say when
// the connection is gone.
(() => {
  "use strict";
  const notice = () => document.getElementById("notice");
  const scroller = () => document.getElementById("scroll");
  const session = {
    get(key) { try { return sessionStorage.getItem(key) || ""; } catch { return ""; } },
    set(key, value) { try { value ? sessionStorage.setItem(key, value) : sessionStorage.removeItem(key); } catch { /* forbidden */ } },
  };

  function say(text) {
    const line = document.createElement("p");
    line.className = "notice";
    line.textContent = `${text} `;
    const close = document.createElement("button");
    close.type = "button";
    close.className = "link";
    close.dataset.close = "";
    close.textContent = "Cerrar";
    line.append(close);
    notice().replaceChildren(line);
  }

  // --- what is being written -------------------------------------------------------------

  function restore() {
    for (const form of document.querySelectorAll("form[data-draft]")) {
      const field = form.querySelector("textarea");
      if (!field.value) field.value = session.get(`draft-${form.dataset.draft}`);
    }
  }

  document.addEventListener("input", (event) => {
    const form = event.target.closest?.("form[data-draft]");
    if (form) session.set(`draft-${form.dataset.draft}`, event.target.value);
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    const form = event.target.closest?.("form[hx-post]");
    if (form && event.target.matches("textarea")) { event.preventDefault(); form.requestSubmit(); }
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-close]")) notice().replaceChildren();
  });

  const beingWritten = (part) =>
    [...part.querySelectorAll("textarea")].some((field) => field.value || field === document.activeElement);

  // --- what comes ------------------------------------------------------------------------

  let wasAtEnd = true;
  const nearEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < 120;
  const toEnd = () => { const box = scroller(); if (box) box.scrollTop = box.scrollHeight; };

  document.addEventListener("htmx:beforeSwap", (event) => {
    const target = event.detail.target;
    if (target.id === "thread" && scroller()) wasAtEnd = nearEnd(scroller());
    // never take a half-written note away; the part asks again at the next event
    if (target.classList.contains("live") && beingWritten(target)) event.detail.shouldSwap = false;
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id === "thread" && wasAtEnd) toEnd();
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    const { successful, elt, requestConfig } = event.detail;
    if (successful && requestConfig.verb === "post") notice().replaceChildren();
    if (successful && elt.matches("form[data-draft]")) {
      session.set(`draft-${elt.dataset.draft}`, "");
      toEnd();
      document.getElementById("answer")?.focus();
    }
  });

  const away = (event) => {
    const asked = event.detail.requestConfig?.verb === "post";
    if (asked) say("No hay conexión con el servidor. Lo que escribió sigue aquí; vuelva a intentar.");
  };
  document.addEventListener("htmx:sendError", away);
  document.addEventListener("htmx:timeout", away);
  document.addEventListener("htmx:responseError", (event) => {
    const { xhr } = event.detail;
    const explained = xhr.getResponseHeader("HX-Retarget") || xhr.getResponseHeader("HX-Redirect");
    if (!explained) say("El servidor no pudo hacerlo ahora. Lo que escribió sigue aquí; vuelva a intentar.");
  });
  // an answer that is no fragment of ours must not take a form's place
  document.addEventListener("htmx:beforeSwap", (event) => {
    const type = event.detail.xhr.getResponseHeader("Content-Type") || "";
    if (!type.startsWith("text/html")) event.detail.shouldSwap = false;
  });

  document.addEventListener("load", (event) => {
    if (event.target.closest?.("#thread") && wasAtEnd) toEnd();
  }, true);

  restore();
  toEnd();
})();

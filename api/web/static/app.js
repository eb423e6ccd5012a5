// What pages do beyond plain HTML. Every page works without it.
"use strict";

const byId = (id) => document.getElementById(id);
const announce = (text) => { byId("announcer").textContent = text; };

// --- Times: in the reader's zone, with UTC as the title that the server wrote.

function showLocalTimes(root) {
  const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  for (const time of root.querySelectorAll("time[title]")) {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.getTime())) time.textContent = format.format(at);
  }
}

// --- Commands: a copy button each; a destructive one asks first, with what the document warns of.

async function copyText(text, button, what = "Command") {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without TLS a browser has no clipboard API, except on this machine.
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    if (!copied) { announce(`${what} could not be copied. Select it instead.`); return; }
  }
  announce(`${what} copied`);
  const label = button.textContent;
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = label; }, 1500);
}

function askBeforeCopying(command, button) {
  const open = command.parentElement.querySelector(".confirm");
  if (open) { open.querySelector("button").focus(); return; }
  const box = document.createElement("div");
  box.className = "confirm";
  box.setAttribute("role", "alertdialog");
  box.setAttribute("aria-label", "Confirm copying a destructive command");
  const warning = document.createElement("p");
  warning.textContent = command.dataset.warning
    ? `This command is destructive. The document warns: ${command.dataset.warning}`
    : "This command is destructive. Check what it will act on.";
  const copy = makeButton("Copy anyway", "danger", () => { close(); copyText(command.dataset.copy, button); });
  const keep = makeButton("Cancel", "", () => { close(); });
  const close = () => { box.remove(); button.focus(); };
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { event.stopPropagation(); close(); }
  });
  box.append(warning, copy, keep);
  if (command.tagName === "CODE") command.after(box); else command.append(box);
  keep.focus();
}

function makeButton(text, className, act) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = className;
  button.textContent = text;
  button.addEventListener("click", act);
  return button;
}

function addCopyButtons(root) {
  for (const command of root.querySelectorAll("[data-copy]")) {
    const next = command.tagName === "CODE" ? command.nextElementSibling : command.querySelector(".copy");
    if (next && next.classList.contains("copy")) continue;
    const button = makeButton("Copy", "copy", () => {
      if (command.dataset.risk === "destructive") askBeforeCopying(command, button);
      else copyText(command.dataset.copy, button);
    });
    button.setAttribute("aria-label", `Copy ${command.dataset.name ?? "command"} ${command.dataset.copy.slice(0, 80)}`);
    if (command.tagName === "CODE") command.after(" ", button); else command.append(button);
  }
}

// --- Answers as they are written. The server sends sanitized markup; this policy is the only place
// where a page turns text into markup itself.

const answersPolicy = window.trustedTypes
  ? trustedTypes.createPolicy("answers", { createHTML: (markup) => markup })
  : { createHTML: (markup) => markup };

function setMarkup(element, markup) {
  element.innerHTML = answersPolicy.createHTML(markup);
}

async function* serverSentEvents(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let waiting = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const parts = (waiting + value).split("\n\n");
    waiting = parts.pop();
    for (const part of parts) {
      const [, name, data] = /^event: (\w+)\ndata: (.*)$/s.exec(part) ?? [];
      if (name) yield { name, markup: JSON.parse(data) };
    }
  }
}

let asking = null; // the request in progress, which the next question ends

async function ask(form) {
  asking?.abort();
  const request = new AbortController();
  asking = request;
  const place = byId("answer");
  const text = document.createElement("div");
  const sources = document.createElement("div");
  text.className = "text waiting";
  const card = document.createElement("article");
  card.className = "card answer";
  card.append(text, sources);
  place.replaceChildren(card);
  place.setAttribute("aria-busy", "true");
  try {
    const response = await fetch("/ask/stream", {
      method: "POST", body: new URLSearchParams(new FormData(form)), signal: request.signal,
    });
    if (!response.headers.get("content-type")?.startsWith("text/event-stream")) {
      form.submit(); // the page of the plain form says what is wrong
      return;
    }
    for await (const event of serverSentEvents(response.body)) {
      if (asking !== request) return;
      text.classList.remove("waiting");
      if (event.name === "text") setMarkup(text, event.markup);
      else if (event.name === "sources") setMarkup(sources, event.markup);
      else setMarkup(place, event.markup);
    }
    announce("The answer is complete");
  } catch (error) {
    if (error.name === "AbortError") return;
    const failure = document.createElement("p");
    failure.className = "error";
    failure.setAttribute("role", "alert");
    failure.textContent = "The answer broke off: the service cannot be reached. Ask again.";
    card.append(failure);
  } finally {
    if (asking === request) {
      place.setAttribute("aria-busy", "false");
      prepare(place);
    }
  }
}

function askFrom(form) {
  const main = byId("ask");
  if (form !== main) {
    main.elements.q.value = form.elements.q.value;
    main.elements.earlier.value = form.elements.earlier.value;
  }
  main.elements.detail.value = form === main ? "" : form.elements.detail?.value ?? "";
  history.replaceState(null, "", `/ask?${new URLSearchParams({ q: main.elements.q.value })}`);
  ask(main);
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  const elsewhere = event.submitter?.hasAttribute("formaction");
  if (!byId("ask") || !form.matches("#ask, .follow-up") || elsewhere) return;
  event.preventDefault();
  askFrom(form);
});

// --- Feedback, without leaving the page.

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches(".feedback, .tell")) return;
  event.preventDefault();
  const response = await fetch(form.action, {
    method: "POST", headers: { "HX-Request": "true" }, body: new URLSearchParams(new FormData(form)),
  }).catch(() => null);
  const said = document.createElement("p");
  said.className = response?.ok ? "notice" : "error";
  said.textContent = response?.ok
    ? "Thank you. Your feedback was recorded for the owners."
    : "Your feedback could not be recorded. Reload the page and try again.";
  form.replaceChildren(said);
  announce(said.textContent);
});

// --- Drafts: a copy button each. Files: dropped on a field, or chosen.

function addDraftButtons(root) {
  for (const draft of root.querySelectorAll(".draft")) {
    const button = makeButton("Copy", "copy", () => copyText(draft.textContent, button, "Draft"));
    button.setAttribute("aria-label", `Copy ${draft.closest("details").querySelector("summary").textContent}`);
    draft.before(button);
  }
}

async function fillFrom(file, field) {
  field.value = await file.text();
  const name = field.form.elements[field.dataset.drop];
  if (name) name.value = file.name;
  announce(`${file.name} was read`);
}

function acceptFiles(field) {
  const dropping = (is) => (event) => { event.preventDefault(); field.classList.toggle("dropping", is); };
  field.addEventListener("dragover", dropping(true));
  field.addEventListener("dragleave", dropping(false));
  field.addEventListener("drop", (event) => {
    dropping(false)(event);
    const [file] = event.dataTransfer.files;
    if (file) fillFrom(file, field);
  });
  const label = document.createElement("label");
  const chooser = document.createElement("input");
  chooser.type = "file";
  chooser.addEventListener("change", () => { if (chooser.files[0]) fillFrom(chooser.files[0], field); });
  label.className = "chooser";
  label.append("Or drop a file on the field, or choose one ", chooser);
  field.after(label);
}

function prepare(root) {
  showLocalTimes(root);
  addDraftButtons(root);
  for (const field of root.querySelectorAll("[data-drop]")) acceptFiles(field);
  addCopyButtons(root);
}

prepare(document);
if (byId("ask")?.hasAttribute("data-start")) askFrom(byId("ask"));

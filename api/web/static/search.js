// The search box, its results as one types, the searches that the browser keeps, and the keys.
"use strict";

const searchBox = () => byId("q");

// --- Searches that this browser keeps: recent and pinned ones, never sent anywhere.

const SAVED = "runbook-searches";
const MAX_RECENT = 8;

function savedSearches() {
  try { return JSON.parse(localStorage.getItem(SAVED)) ?? []; } catch { return []; }
}

function keepSearches(searches) {
  const pinned = searches.filter((one) => one.pinned);
  const recent = searches.filter((one) => !one.pinned).slice(0, MAX_RECENT);
  try { localStorage.setItem(SAVED, JSON.stringify([...pinned, ...recent])); } catch { /* full or refused */ }
}

function rememberSearch() {
  const question = new URLSearchParams(location.search).get("q");
  if (location.pathname !== "/search" || !question) return;
  const known = savedSearches();
  const same = known.find((one) => one.address === location.search);
  const others = known.filter((one) => one !== same);
  keepSearches([{ question, address: location.search, pinned: same?.pinned ?? false }, ...others]);
}

function savedItem(one, searches) {
  const link = document.createElement("a");
  link.href = `/search${one.address}`;
  link.textContent = one.question;
  const pin = makeButton(one.pinned ? "Unpin" : "Pin", "quiet", () => {
    keepSearches(searches.map((item) => item === one ? { ...item, pinned: !item.pinned } : item));
    showSavedSearches();
  });
  pin.setAttribute("aria-label", `${pin.textContent} ${one.question}`);
  const item = document.createElement("li");
  item.append(link, pin);
  return item;
}

function showSavedSearches() {
  const place = byId("saved");
  const searches = savedSearches();
  if (!place || searches.length === 0) return;
  const list = document.createElement("ul");
  list.className = "saved-list";
  list.append(...searches.map((one) => savedItem(one, searches)));
  const title = document.createElement("h2");
  title.textContent = "Pinned and recent searches";
  place.replaceChildren(title, list);
  place.hidden = false;
}

// --- The box as a combobox. Its options are the documents that were found, or the saved searches
// while nothing is asked. Each option stands for a link on the page, which is marked while the
// option is active; the focus stays in the box.

const OPTIONS = "suggestions";
const choices = () => [...document.querySelectorAll("#results .title, #saved a")];
let active = -1;

function makeCombobox(box) {
  const list = document.createElement("ul");
  list.id = OPTIONS;
  list.className = "visually-hidden";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Suggestions");
  box.after(list);
  box.type = "text"; // a search field may have no other role
  box.setAttribute("role", "combobox");
  box.setAttribute("aria-autocomplete", "list");
  box.setAttribute("aria-controls", OPTIONS);
  box.addEventListener("focus", showOptions);
  box.addEventListener("blur", hideOptions);
  box.addEventListener("input", () => setActive(-1));
  box.addEventListener("keydown", onBoxKey);
  hideOptions();
}

function optionOf(link, at) {
  const option = document.createElement("li");
  const section = link.closest(".result")?.querySelector(".heading")?.textContent ?? "";
  option.id = `suggestion-${at}`;
  option.setAttribute("role", "option");
  option.setAttribute("aria-selected", "false");
  option.textContent = section ? `${link.textContent}, ${section}` : link.textContent;
  option.addEventListener("click", () => link.click());
  return option;
}

function showOptions() {
  const list = byId(OPTIONS);
  if (!list || document.activeElement !== searchBox()) return;
  const options = choices().map(optionOf);
  list.replaceChildren(...options);
  list.hidden = options.length === 0;
  searchBox().setAttribute("aria-expanded", String(options.length > 0));
  setActive(-1);
}

function hideOptions() {
  setActive(-1);
  byId(OPTIONS).hidden = true;
  searchBox().setAttribute("aria-expanded", "false");
}

function setActive(at) {
  active = at;
  const options = [...byId(OPTIONS).children];
  options.forEach((option, index) => option.setAttribute("aria-selected", String(index === at)));
  if (at < 0) searchBox().removeAttribute("aria-activedescendant");
  else searchBox().setAttribute("aria-activedescendant", options[at].id);
  choices().forEach((link, index) => {
    const card = link.closest(".result, li");
    card.classList.toggle("active", index === at);
    if (index === at) card.scrollIntoView({ block: "nearest" });
  });
}

function onBoxKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const links = choices();
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && links.length) {
    event.preventDefault();
    if (byId(OPTIONS).hidden) showOptions();
    const places = links.length + 1; // one of them is the box itself
    setActive((active + 1 + step + places) % places - 1);
  } else if (event.key === "Enter" && active >= 0) {
    event.preventDefault();
    links[active].click();
  } else if (event.key === "Tab" && !event.shiftKey && active >= 0) {
    event.preventDefault();
    links[active].focus();
  } else if (event.key === "Escape") {
    event.preventDefault();
    event.stopPropagation();
    leaveOrEmpty();
  }
}

function leaveOrEmpty() {
  const box = searchBox();
  if (active >= 0) { setActive(-1); return; }
  if (!box.value) { box.blur(); return; }
  box.value = "";
  box.dispatchEvent(new Event("input", { bubbles: true }));
}

// --- Keys outside the box.

function moveTo(step) {
  const all = choices();
  const at = all.indexOf(document.activeElement?.closest(".result, #saved li")?.querySelector("a"));
  const next = at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step;
  if (next < 0) searchBox()?.focus();
  else all[Math.min(next, all.length - 1)].focus();
}

function copyFirstCommand() {
  const place = document.activeElement?.closest(".result") ?? document.querySelector(".result") ?? document;
  const command = place.querySelector("[data-copy]");
  const button = command?.tagName === "CODE" ? command.nextElementSibling : command?.querySelector(".copy");
  if (button) button.click(); else announce("There is no command here");
}

function goToBox() {
  const box = searchBox();
  if (!box) { location.assign("/"); return; }
  box.focus();
  box.select();
}

const KEYS = {
  "/": goToBox,
  "Escape": goToBox,
  "c": copyFirstCommand,
  "?": () => byId("keys")?.showModal(),
  "ArrowDown": () => moveTo(1),
  "ArrowUp": () => moveTo(-1),
};

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    goToBox();
    return;
  }
  const isTaken = event.ctrlKey || event.metaKey || event.altKey
    || document.querySelector("dialog[open]") || event.target.closest("input, textarea, select, [data-keys]");
  const act = KEYS[event.key];
  if (isTaken || !act) return;
  if (event.key === "Escape" && !searchBox()) return;
  if (event.key.startsWith("Arrow") && choices().length === 0) return; // it scrolls
  event.preventDefault();
  act();
});

// --- Results as one types. A late answer never replaces a newer one: htmx drops the older request,
// and what arrives all the same is compared with what stands in the box now.

document.addEventListener("htmx:before:swap", (event) => {
  const source = event.detail.ctx?.sourceElement;
  if (source?.id !== "search") return;
  const asked = new URL(event.detail.ctx.request.action, location.href).searchParams.get("q") ?? "";
  if (asked !== searchBox().value) event.preventDefault();
});

document.addEventListener("htmx:after:swap", () => {
  const results = byId("results");
  if (!results) return;
  prepare(results);
  showSavedSearches();
  showOptions();
  const summary = results.querySelector(".summary, .nothing h2");
  if (summary) announce(summary.textContent.replace(/\s+/g, " ").trim());
});

if (byId("search")) makeCombobox(searchBox());
showSavedSearches();
rememberSearch();
if (byId("search") && document.activeElement === searchBox()) showOptions();

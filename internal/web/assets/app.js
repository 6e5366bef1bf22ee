// All that the pages do with a script. Each of it can be missing: without scripts the colours follow the system, there
// is no button to copy, and everything else is plain forms and links.
"use strict";

// Light or dark: what was chosen here, else what the system prefers. This part runs before the page is drawn.
const preference = matchMedia("(prefers-color-scheme: dark)");
const chosen = () => {
  try { return localStorage.getItem("lanyard-theme"); } catch { return null; }
};
const dark = () => (chosen() ?? (preference.matches ? "dark" : "light")) === "dark";

function paint() {
  const root = document.documentElement;
  root.classList.add("js");
  root.classList.toggle("dark", dark());
  root.classList.toggle("light", !dark());
  document.getElementById("theme")?.setAttribute("aria-label", dark() ? "Use light colours" : "Use dark colours");
}
paint();
preference.addEventListener("change", paint);
addEventListener("storage", paint);

// A choice that is the system's own is forgotten, so that the page follows the system again.
function choose(theme) {
  try {
    if (theme === (preference.matches ? "dark" : "light")) localStorage.removeItem("lanyard-theme");
    else localStorage.setItem("lanyard-theme", theme);
  } catch { /* without storage nothing is remembered */ }
  paint();
}

const say = (text) => { document.getElementById("status").textContent = text; };

async function copy(button) {
  const from = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(from.textContent);
  } catch {
    // Without https there is no clipboard: the text is selected, for the person to copy.
    getSelection().selectAllChildren(from);
    say("Selected. Copy it with the keyboard.");
    return;
  }
  say("Copied.");
  button.classList.add("done");
  setTimeout(() => button.classList.remove("done"), 2000);
}

// The palette is the search page in a dialog, opened by / or Ctrl+K. Arrow keys walk through what was found.
function openPalette() {
  const palette = document.getElementById("palette");
  document.getElementById("side").hidePopover();
  palette.showModal();
  palette.querySelector("input").select();
  if (palette.querySelector("#palette-found").childElementCount === 0) htmx.trigger(palette.querySelector("form"), "submit");
}

function walkPalette(event) {
  if (event.key === "Escape") { // which in a search field would only clear it
    event.preventDefault();
    event.currentTarget.close();
    return;
  }
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp" && event.key !== "Enter") return;
  const palette = event.currentTarget;
  const stops = [palette.querySelector("input"), ...palette.querySelectorAll("#palette-found a")];
  const at = stops.indexOf(document.activeElement);
  if (event.key === "Enter") {
    if (at > 0 || stops.length < 2) return;
    event.preventDefault();
    stops[1].click();
    return;
  }
  event.preventDefault();
  stops[(at + (event.key === "ArrowDown" ? 1 : -1) + stops.length) % stops.length].focus();
}

const typing = (e) => e.closest("input, textarea, select, [contenteditable]") !== null;

document.addEventListener("DOMContentLoaded", () => {
  paint();
  const palette = document.getElementById("palette");
  palette?.addEventListener("keydown", walkPalette);
  palette?.addEventListener("click", (event) => { if (event.target === palette) palette.close(); });

  // One listener for the whole page, so that parts which come in later need none of their own.
  document.addEventListener("click", (event) => {
    const at = (selector) => event.target.closest(selector);
    if (at("#theme")) choose(dark() ? "light" : "dark");
    else if (at("[data-copy]")) copy(at("[data-copy]"));
    else if (at("[data-palette]") && palette && !event.ctrlKey && !event.metaKey && !event.shiftKey) { event.preventDefault(); openPalette(); }
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    const menu = document.querySelector("details.menu[open]");
    if (event.key === "Escape" && menu) { menu.open = false; menu.querySelector("summary").focus(); }
    const asked = (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !typing(event.target)) || (event.key === "k" && (event.ctrlKey || event.metaKey));
    if (palette && !palette.open && asked) { event.preventDefault(); openPalette(); }
  });

  // A search field tells of each letter, so that it is left is no news. Otherwise the list would be asked for once more
  // while something in it is being pressed, and the press lost.
  document.addEventListener("change", (event) => {
    if (event.target.matches('form[hx-get] input[type="search"]')) event.stopPropagation();
  }, true);

  // A part of a page that comes with an error status is still the part when it is in the answer. Anything else, such as
  // being signed out meanwhile, is opened as the page that it is.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, target, requestConfig } = event.detail;
    if (xhr.status < 400) return;
    const wanted = target.id && new DOMParser().parseFromString(xhr.responseText, "text/html").getElementById(target.id);
    event.detail.isError = false;
    event.detail.shouldSwap = wanted !== null && wanted !== "" && wanted !== undefined;
    if (!event.detail.shouldSwap) {
      if (requestConfig.verb === "get" && !target.closest("dialog")) location.assign(requestConfig.path);
      else say("That did not work. Reload the page and try again.");
    }
  });
  document.addEventListener("htmx:sendError", () => say("Lanyard cannot be reached. Check the network and try again."));

  // A provider's answer that was refused leaves its code and state in the address: take them out of bar and history.
  if (location.pathname.startsWith("/oauth/callback/")) history.replaceState(null, "", location.pathname);
});

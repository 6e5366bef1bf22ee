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

async function copy(button) {
  const text = document.getElementById(button.dataset.copy).textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without https there is no clipboard: the text is selected, for the person to copy.
    getSelection().selectAllChildren(document.getElementById(button.dataset.copy));
    document.getElementById("status").textContent = "Selected. Copy it with the keyboard.";
    return;
  }
  document.getElementById("status").textContent = "Copied.";
  button.classList.add("done");
  setTimeout(() => button.classList.remove("done"), 2000);
}

document.addEventListener("DOMContentLoaded", () => {
  const theme = document.getElementById("theme");
  theme.hidden = false;
  theme.addEventListener("click", () => choose(dark() ? "light" : "dark"));
  paint();
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
  // A provider's answer that was refused leaves its code and state in the address: take them out of bar and history.
  if (location.pathname.startsWith("/oauth/callback/")) history.replaceState(null, "", location.pathname);
});

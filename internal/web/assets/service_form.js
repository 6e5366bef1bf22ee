// The form of a service: fields follow the type that is chosen, rows come and go without a round trip, and link name and
// hosts are proposed. Without this script, each of these is a button that the server answers.
"use strict";

{
  const form = document.getElementById("service-form");
  const input = (name) => form.elements.namedItem(name);
  const tell = (text) => { document.getElementById("status").textContent = text; };

  // Another type shows its own fields. What was typed for the others stays where it is.
  function followType() {
    const chosen = form.querySelector("input[name=type]:checked");
    if (!chosen) return;
    for (const block of form.querySelectorAll(".block")) block.hidden = block.dataset.type !== chosen.value;
  }

  // A new row is the list's template with the next number in it.
  function addRow(list) {
    const numbers = [...list.querySelectorAll(".entry [name]")].map((e) => Number(e.name.split(".")[1])).filter(Number.isInteger);
    const frozen = list.querySelectorAll(".frozen-list > li").length;
    const next = String(Math.max(frozen - 1, ...numbers) + 1);
    const row = list.querySelector("template").content.firstElementChild.cloneNode(true);
    for (const e of [row, ...row.querySelectorAll("*")]) {
      for (const a of [...e.attributes]) if (a.value.includes("{n}")) e.setAttribute(a.name, a.value.replaceAll("{n}", next));
    }
    list.querySelector(".entries").append(row);
    row.querySelector("input, select, textarea").focus();
  }

  function removeRow(button) {
    const list = button.closest("[data-list]"), row = button.closest(".entry");
    const near = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    (near?.querySelector("input, select, textarea") ?? list.querySelector("button[value^='add ']")).focus();
    tell("Removed.");
  }

  // The link name follows the name until somebody types one.
  let proposedName = "";
  const asLinkName = (name) => name.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^[^a-z]+|_+$/g, "").slice(0, 50);
  function proposeLinkName() {
    const link = input("link_name");
    if (!link || (link.value !== "" && link.value !== proposedName)) return;
    link.value = proposedName = asLinkName(input("name").value);
    showCallback();
  }

  function showCallback() {
    const link = input("link_name");
    if (!link) return;
    for (const code of form.querySelectorAll(".callback code")) {
      code.textContent = code.textContent.replace(/[^/]*$/, link.value || "link_name");
    }
  }

  // Hosts are proposed from the URLs that calls go to; lines that somebody typed stay.
  let proposedHosts = [];
  const hostOf = (url) => /^https?:\/\/([^/?#\\\s]+)/i.exec(url.trim())?.[1];
  function proposeHosts() {
    const hosts = input("hosts");
    const lines = hosts.value.split("\n").map((l) => l.trim()).filter((l) => l !== "" && !proposedHosts.includes(l));
    const wanted = [...new Set(["base_url", "verify_url"].map((name) => hostOf(input(name).value)).filter(Boolean))];
    proposedHosts = wanted.filter((host) => !lines.includes(host));
    hosts.value = [...lines, ...proposedHosts].join("\n");
    let note = document.getElementById("hosts-proposed");
    if (!note) {
      note = document.createElement("p");
      note.id = "hosts-proposed";
      hosts.closest(".field").append(note);
    }
    note.textContent = proposedHosts.length > 0 ? `Proposed from the URLs: ${proposedHosts.join(", ")}. Change it as you need.` : "";
  }

  const content = () => new URLSearchParams(new FormData(form)).toString();
  const opened = content();

  form.addEventListener("change", (event) => { if (event.target.name === "type") followType(); });
  form.addEventListener("input", (event) => {
    if (event.target.name === "name") proposeLinkName();
    if (event.target.name === "link_name") showCallback();
    // At each key, not on leaving the field: then a button that is being pressed would move away.
    if (event.target.name === "base_url" || event.target.name === "verify_url") proposeHosts();
  });
  form.addEventListener("click", (event) => {
    const button = event.target.closest("button[name=do], [data-close]");
    if (!button) return;
    if (button.matches("[data-close]")) button.closest("dialog").close();
    else if (button.value.startsWith("add ")) { event.preventDefault(); addRow(button.closest("[data-list]")); }
    else if (button.value.startsWith("remove ")) { event.preventDefault(); removeRow(button); }
  });
  // Saving asks first, here and not on the next page, so that a secret need not be typed again.
  form.addEventListener("submit", (event) => {
    const ask = document.getElementById("ask");
    if (!ask || event.submitter?.value !== "save" || content() === opened) return;
    event.preventDefault();
    ask.showModal();
  });
  followType();
  showCallback();
}

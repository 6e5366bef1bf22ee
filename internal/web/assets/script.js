// The editor of a script: colours, line numbers, what is wrong, and completion, over a plain text area. Without this
// script the text area is all there is, and the server says what is wrong when it is saved or executed.
"use strict";

{
  const editor = document.getElementById("editor");
  const form = document.getElementById("script-form");
  const area = document.getElementById("script");
  const layer = editor.querySelector(".layer");
  const numbers = editor.querySelector(".numbers");
  const list = document.getElementById("completions");
  const problemList = document.getElementById("problems");
  const tell = (text) => { document.getElementById("status").textContent = text; };

  // Lines and colours. A text can go on over lines and so can a comment, so each line is remembered with what it begins in.
  let lines = [];
  let begins = []; // "" or what the line begins inside of: "comment" or a quote
  const keywords = new Set(["if", "else", "for", "each", "in", "index", "break", "continue", "info", "return", "try", "catch", "true", "false", "null", "void", "string", "int", "float", "bool", "date", "map", "list", "file", "invokeurl", "sendmail"]);
  const token = /(\/\/.*)|(\/\*)|(")|(')|(\d+(?:\.\d+)?)|([A-Za-z_][A-Za-z0-9_]*)(?=(\s*\()?)|([-+*/%=<>!&|]+)/g;

  // tokens calls found(class, from, to) for each coloured stretch of a line, and gives what the next line begins in.
  function tokens(text, state, found) {
    let at = 0;
    if (state === "comment") {
      const end = text.indexOf("*/");
      at = end < 0 ? text.length : end + 2;
      found?.("comment", 0, at);
      if (end < 0) return "comment";
    } else if (state) {
      at = quoted(text, 0, state);
      found?.("text", 0, Math.abs(at));
      if (at < 0) return state;
    }
    token.lastIndex = at;
    for (let m; (m = token.exec(text)); ) {
      const from = m.index;
      if (m[1] !== undefined) { found?.("comment", from, text.length); return ""; }
      if (m[2] !== undefined) {
        const end = text.indexOf("*/", from + 2);
        found?.("comment", from, end < 0 ? text.length : end + 2);
        if (end < 0) return "comment";
        token.lastIndex = end + 2;
      } else if (m[3] !== undefined || m[4] !== undefined) {
        const quote = m[3] ?? m[4];
        const end = quoted(text, from + 1, quote);
        found?.("text", from, Math.abs(end));
        if (end < 0) return quote;
        token.lastIndex = end;
      } else if (found) {
        if (m[5] !== undefined) found("number", from, token.lastIndex);
        else if (m[6] !== undefined) {
          const word = m[6], rest = text.slice(token.lastIndex);
          if (keywords.has(word.toLowerCase()) && text[from - 1] !== ".") found("keyword", from, token.lastIndex);
          else if (m[7] !== undefined) found("function", from, token.lastIndex);
          else if (/^\s*:/.test(rest) && /^\s*[\w-]*$/.test(text.slice(0, from))) found("attribute", from, token.lastIndex);
        }
      }
    }
    return "";
  }

  // quoted gives where a text ends; the negative end of the line when it goes on.
  function quoted(text, from, quote) {
    for (let i = from; i < text.length; i++) {
      if (text[i] === "\\") i++;
      else if (text[i] === quote) return i + 1;
    }
    return -text.length || -1;
  }

  function read() {
    lines = area.value.split("\n");
    begins = new Array(lines.length + 1);
    let state = "";
    for (let i = 0; i < lines.length; i++) {
      begins[i] = state;
      state = tokens(lines[i], state, null);
    }
  }

  // Marks are what is wrong: by line, from the last answer of the server.
  let marks = new Map();

  function drawLine(i) {
    const row = document.createElement("span");
    row.className = "line";
    const text = lines[i];
    const mark = marks.get(i + 1);
    const [from, to] = mark ? markedIn(text, mark) : [-1, -1];
    let at = 0;
    const put = (name, begin, end) => {
      if (begin >= end) return;
      const pieces = mark ? [[begin, Math.min(end, from), false], [Math.max(begin, from), Math.min(end, to), true], [Math.max(begin, to), end, false]] : [[begin, end, false]];
      for (const [b, e, marked] of pieces) {
        if (b >= e) continue;
        const span = document.createElement("span");
        if (name || marked) span.className = [name, marked ? "marked " + mark.tone : ""].join(" ").trim();
        span.textContent = text.slice(b, e);
        row.append(span);
      }
    };
    tokens(text, begins[i], (name, b, e) => { put("", at, b); put(name, b, e); at = e; });
    put("", at, text.length);
    if (mark && from >= text.length) {
      const span = document.createElement("span");
      span.className = "marked " + mark.tone;
      span.textContent = " ";
      row.append(span);
    }
    return row;
  }

  // A problem names where it begins; the word that stands there is marked. Columns count characters, not units of UTF-16.
  function markedIn(text, mark) {
    const from = unitsOf(text, mark.column - 1);
    const word = /^[\w.]+|^\S/.exec(text.slice(from));
    return [from, from + (word ? word[0].length : 1)];
  }
  const unitsOf = (text, characters) => [...text].slice(0, characters).join("").length;

  // Only the lines in sight are drawn, so that long scripts stay quick.
  let height = 20;
  function draw() {
    const style = getComputedStyle(area);
    height = parseFloat(style.lineHeight);
    const top = area.scrollTop, spare = 10;
    const first = Math.max(0, Math.floor(top / height) - spare);
    const last = Math.min(lines.length, Math.ceil((top + area.clientHeight) / height) + spare);
    const rows = [], figures = [];
    for (let i = first; i < last; i++) {
      rows.push(drawLine(i));
      const figure = document.createElement("span");
      figure.textContent = String(i + 1);
      const mark = marks.get(i + 1);
      if (mark) { figure.className = mark.tone; figure.title = mark.message; }
      figures.push(figure);
    }
    layer.replaceChildren(...rows);
    numbers.replaceChildren(...figures);
    layer.dataset.first = first;
    layer.style.transform = `translate(${-area.scrollLeft}px, ${first * height - top}px)`;
    numbers.style.setProperty("--shift", `${first * height - top}px`);
    numbers.style.setProperty("--digits", String(Math.max(2, String(lines.length).length)));
  }
  let waiting = false;
  function drawSoon() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; draw(); });
  }

  // What is wrong, as one types. The last question counts; an answer to an earlier one is thrown away.
  let asking = null, timer = 0;
  function checkSoon() {
    clearTimeout(timer);
    timer = setTimeout(check, 350);
  }
  async function check() {
    asking?.abort();
    asking = new AbortController();
    const { signal } = asking;
    const data = new URLSearchParams();
    for (const hidden of form.querySelectorAll("input[type=hidden]")) data.append(hidden.name, hidden.value);
    data.append("script", area.value);
    try {
      const answer = await fetch(editor.dataset.check, { method: "POST", body: data, signal, headers: { Accept: "application/json" } });
      if (!answer.ok) return;
      const found = await answer.json();
      if (signal.aborted) return;
      showProblems(found.problems ?? [], found.warnings ?? []);
      if (!found.problems?.length) showArguments(found); // else nobody knows what it takes
    } catch { /* typed on, or nobody answers: the server says it all when saving */ }
  }

  function showProblems(problems, warnings) {
    marks = new Map();
    for (const p of warnings) marks.set(p.line, { ...p, tone: "warned" });
    for (const p of problems.toReversed()) marks.set(p.line, { ...p, tone: "bad" });
    const items = [];
    for (const [tone, all] of [["bad", problems], ["warn", warnings]]) {
      for (const p of all) {
        const item = document.getElementById("problem-" + tone).content.firstElementChild.cloneNode(true);
        const link = item.querySelector("a");
        link.href = "#script";
        link.dataset.line = p.line;
        link.dataset.column = p.column;
        link.textContent = `Line ${p.line}, column ${p.column}`;
        item.querySelector("bdi").textContent = p.message;
        items.push(item);
      }
    }
    let ul = problemList.querySelector("ul");
    if (!items.length) ul?.remove();
    else {
      if (!ul) { ul = document.createElement("ul"); ul.className = "problems"; problemList.append(ul); }
      if (ul.textContent !== items.map((i) => i.textContent).join("")) ul.replaceChildren(...items);
    }
    if (problems.length) area.setAttribute("aria-invalid", "true");
    else area.removeAttribute("aria-invalid");
    drawSoon();
  }

  function goTo(line, column) {
    const at = lines.slice(0, line - 1).reduce((n, l) => n + l.length + 1, 0) + unitsOf(lines[line - 1] ?? "", Math.max(column, 1) - 1);
    area.focus();
    area.setSelectionRange(at, at);
    const middle = (line - 1) * height - area.clientHeight / 2;
    if (middle < area.scrollTop - area.clientHeight / 2 || middle > area.scrollTop + area.clientHeight / 2) area.scrollTop = Math.max(0, middle);
    drawSoon();
  }

  // The fields of the arguments follow the header of the function; what was typed stays.
  function showArguments(found) {
    const declared = document.getElementById("declared"), free = document.getElementById("free");
    declared.hidden = !found.declared;
    free.hidden = found.declared;
    const wanted = (found.parameters ?? []).map((p) => p.type + " " + p.name).join(", ");
    if (declared.dataset.shown === wanted) return;
    declared.dataset.shown = wanted;
    const typed = new Map([...declared.querySelectorAll("input, textarea")].map((e) => [e.name, e.value]));
    const fields = (found.parameters ?? []).map((p) => {
      const field = document.getElementById("argument-field").content.firstElementChild.cloneNode(true);
      const input = field.querySelector("input"), label = field.querySelector("label");
      input.id = label.htmlFor = "argument-" + p.name;
      input.name = "argument." + p.name;
      input.value = typed.get(input.name) ?? "";
      label.textContent = p.name;
      const note = field.querySelector("p");
      note.id = input.id + "-help";
      note.textContent = p.help ?? "";
      input.setAttribute("aria-describedby", note.id);
      return field;
    });
    declared.replaceChildren(...fields);
  }

  // Completion.
  let words = null, loading = null;
  function load() {
    loading ??= fetch(editor.dataset.words, { headers: { Accept: "application/json" } }).then((r) => (r.ok ? r.json() : null)).then((w) => { words = w; }).catch(() => { loading = null; });
    return loading;
  }

  let offered = [], chosen = 0, replaced = 0; // how many letters before the caret a choice takes the place of

  // What stands before the caret says what may come: inside connection: "…" a link name, after "[" an attribute, else
  // functions, tasks and keywords.
  function candidates(explicit) {
    const caret = area.selectionStart;
    const row = area.value.slice(0, caret).split("\n").length - 1;
    const text = area.value.slice(area.value.lastIndexOf("\n", caret - 1) + 1, caret);
    let inside = "", opened = 0;
    const after = tokens(text, begins[row], (name, from, to) => { if (name === "comment" && to === text.length) inside = "comment"; });
    if (after === "comment" || inside) return null;
    if (after) { // inside a text
      opened = text.lastIndexOf(after) + 1;
      const typed = text.slice(opened);
      if (!/^\w*$/.test(typed)) return null;
      const attribute = /\bconnection\s*:\s*"$/i.test(text.slice(0, opened)), argument = /[,(]\s*"$/.test(text.slice(0, opened));
      if (!attribute && !(argument && (explicit || typed)) && !(explicit && after === '"')) return null;
      return ranked(words.connections, typed, attribute || explicit);
    }
    const typed = /[A-Za-z_][\w.]*$/.exec(text)?.[0] ?? "";
    if (!typed && !explicit && !text.endsWith(".")) return null;
    const method = /(?:[\w)\]"]\.)(\w*)$/.exec(text);
    const dotted = typed.includes(".");
    if (inBlock(caret) && /^\s*[\w-]*$/.test(text)) {
      const part = /[\w-]*$/.exec(text)[0];
      return ranked(words.attributes, part, explicit).map((w) => ({ ...w, put: w.text + ": " }));
    }
    const calls = dotted ? ranked([...words.tasks, ...words.saved], typed, explicit) : [];
    if (method) {
      const known = calls.length ? [] : ranked(words.functions, method[1], explicit || method[1] === "");
      return [...calls, ...known.map((w) => ({ ...w, put: w.text + "(" }))];
    }
    if (!typed && !explicit) return null;
    return [...ranked(words.keywords, typed, explicit), ...ranked(words.functions, typed, explicit).map((w) => ({ ...w, put: w.text + "(" })), ...ranked([...words.tasks, ...words.saved], typed, false)];
  }

  // inBlock: does the caret stand between the brackets of invokeurl?
  function inBlock(caret) {
    const before = area.value.slice(Math.max(0, caret - 4000), caret);
    const open = Math.max(before.toLowerCase().lastIndexOf("invokeurl"), before.toLowerCase().lastIndexOf("sendmail"));
    if (open < 0) return false;
    const since = before.slice(open).replace(/"(?:\\.|[^"\\])*"/g, "");
    return since.includes("[") && !since.includes("]");
  }

  function ranked(from, typed, all) {
    const low = typed.toLowerCase();
    if (!low && !all) return [];
    return from.filter((w) => w.text.toLowerCase().startsWith(low) && w.text.toLowerCase() !== low).slice(0, 60).map((w) => ({ ...w, typed: typed.length }));
  }

  async function complete(explicit) {
    await load();
    if (!words || document.activeElement !== area || area.selectionStart !== area.selectionEnd) return close();
    offered = candidates(explicit) ?? [];
    if (!offered.length) {
      if (explicit) tell("There is nothing to complete here.");
      return close();
    }
    chosen = 0;
    list.replaceChildren(...offered.map((w, i) => {
      const item = document.createElement("li");
      item.id = "completion-" + i;
      item.role = "option";
      item.setAttribute("aria-selected", String(i === 0));
      const text = document.createElement("b"), usage = document.createElement("code"), about = document.createElement("small");
      text.textContent = w.text;
      usage.textContent = w.usage ?? "";
      about.textContent = w.about ?? "";
      item.append(text, usage, about);
      return item;
    }));
    list.hidden = false;
    place();
    area.setAttribute("aria-activedescendant", "completion-0");
  }

  function place() {
    const box = caretBox();
    const paper = area.parentElement.getBoundingClientRect();
    const below = paper.bottom - box.bottom, above = box.top - paper.top;
    list.style.maxBlockSize = Math.max(120, Math.min(260, Math.max(below, above) - 8)) + "px";
    const left = Math.max(0, Math.min(box.left - paper.left, paper.width - list.offsetWidth - 8));
    list.style.insetInlineStart = left + "px";
    list.style.insetBlockStart = (below >= Math.min(200, list.offsetHeight) || below >= above ? box.bottom - paper.top + 2 : box.top - paper.top - list.offsetHeight - 2) + "px";
  }

  // The caret's place is that of the same letter in the layer.
  function caretBox() {
    draw();
    const before = area.value.slice(0, area.selectionStart);
    const row = before.split("\n").length - 1, column = before.length - before.lastIndexOf("\n") - 1;
    const line = layer.children[row - Number(layer.dataset.first)];
    const range = document.createRange();
    let left = column;
    for (const node of textsOf(line)) {
      if (left <= node.length) { range.setStart(node, left); range.setEnd(node, left); break; }
      left -= node.length;
    }
    const box = range.getBoundingClientRect();
    if (box.height) return box;
    const edge = line.getBoundingClientRect();
    return { left: edge.left, top: edge.top, bottom: edge.top + height };
  }
  function* textsOf(node) {
    const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) yield walker.currentNode;
  }

  function close() {
    list.hidden = true;
    offered = [];
    area.removeAttribute("aria-activedescendant");
  }

  function choose(step) {
    list.children[chosen]?.setAttribute("aria-selected", "false");
    chosen = (chosen + step + offered.length) % offered.length;
    const item = list.children[chosen];
    item.setAttribute("aria-selected", "true");
    item.scrollIntoView({ block: "nearest" });
    area.setAttribute("aria-activedescendant", item.id);
  }

  function accept(i) {
    const word = offered[i];
    let text = word.put ?? word.text;
    const caret = area.selectionStart;
    if (text.endsWith("(") && area.value[caret] === "(") text = text.slice(0, -1);
    close();
    insert(text, caret - word.typed, caret);
  }

  // insert keeps the browser's own undo.
  function insert(text, from, to) {
    area.focus();
    area.setSelectionRange(from, to);
    if (!document.execCommand("insertText", false, text)) {
      area.setRangeText(text, from, to, "end");
      area.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }

  // Keys. Tab indents, as long as Escape was not pressed before it: nobody is to be caught in here.
  let leaves = false;
  area.addEventListener("keydown", (event) => {
    const { key } = event, open = !list.hidden;
    const command = event.ctrlKey || event.metaKey;
    if (open && (key === "ArrowDown" || key === "ArrowUp")) { event.preventDefault(); choose(key === "ArrowDown" ? 1 : -1); return; }
    if (open && (key === "Enter" || key === "Tab") && !command) { event.preventDefault(); accept(chosen); return; }
    if (key === "Escape") {
      if (open) { event.preventDefault(); close(); } else { leaves = true; tell("Tab leaves the editor now."); }
      return;
    }
    if (command && key === " ") { event.preventDefault(); complete(true); return; }
    if (command && key === "Enter") { event.preventDefault(); execute.click(); return; }
    if (command && key.toLowerCase() === "s") { event.preventDefault(); document.getElementById("save")?.click(); return; }
    if (key === "Tab" && !command && !leaves) { event.preventDefault(); indent(event.shiftKey); return; }
    if (key === "Enter" && !command) { event.preventDefault(); newline(); }
    else if (key === "}" || key === "]") outdent(event);
    if (key !== "Tab" && key !== "Shift") leaves = false;
  });
  area.addEventListener("blur", () => { leaves = false; close(); });

  function indent(back) {
    const from = area.selectionStart, to = area.selectionEnd;
    const begin = area.value.lastIndexOf("\n", from - 1) + 1;
    if (from === to && !back) { insert("\t", from, to); return; }
    const text = area.value.slice(begin, to);
    const changed = back ? text.replace(/^(?:\t| {1,4})/gm, "") : text.replace(/^(?=.)/gm, "\t");
    if (changed === text) return;
    insert(changed, begin, to);
    if (from === to) area.setSelectionRange(Math.max(begin, from + changed.length - text.length), Math.max(begin, from + changed.length - text.length));
    else area.setSelectionRange(begin, begin + changed.length);
  }

  // A new line stands as far in as the one before, and one further after a bracket.
  function newline() {
    const from = area.selectionStart, to = area.selectionEnd;
    const line = area.value.slice(area.value.lastIndexOf("\n", from - 1) + 1, from);
    const margin = /^[\t ]*/.exec(line)[0], opens = /[{[(]\s*$/.test(line);
    const closes = opens && /^[}\])]/.test(area.value.slice(to));
    insert("\n" + margin + (opens ? "\t" : "") + (closes ? "\n" + margin : ""), from, to);
    if (closes) area.setSelectionRange(area.selectionStart - margin.length - 1, area.selectionStart - margin.length - 1);
  }

  function outdent(event) {
    const from = area.selectionStart;
    const begin = area.value.lastIndexOf("\n", from - 1) + 1;
    const before = area.value.slice(begin, from);
    if (from !== area.selectionEnd || !/^[\t ]+$/.test(before)) return;
    event.preventDefault();
    insert(before.replace(/(?:\t| {1,4})$/, "") + event.key, begin, from);
  }

  // What is not saved is said, and asked about before it is left.
  let sending = false;
  const changed = () => "changed" in editor.dataset || area.value !== area.defaultValue;
  function showChanged() {
    document.getElementById("unsaved").hidden = !changed() || !document.getElementById("save");
  }
  addEventListener("beforeunload", (event) => { if (area.value !== area.defaultValue && !sending) event.preventDefault(); });
  form.addEventListener("submit", () => { sending = true; });
  addEventListener("pageshow", () => { sending = false; });

  area.addEventListener("input", (event) => {
    read();
    marks = new Map([...marks].filter(([line]) => line <= lines.length));
    drawSoon();
    checkSoon();
    showChanged();
    if (event.inputType === "insertText" && /[\w."]/.test(event.data ?? "") || (!list.hidden && event.inputType === "deleteContentBackward")) complete(false);
    else close();
  });
  area.addEventListener("scroll", () => { drawSoon(); if (!list.hidden) place(); });
  area.addEventListener("click", close);
  new ResizeObserver(drawSoon).observe(area);
  list.addEventListener("mousedown", (event) => {
    event.preventDefault(); // the caret stays where it is
    const item = event.target.closest("li");
    if (item) accept([...list.children].indexOf(item));
  });

  // A line that is named anywhere on the page leads to it in the editor.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-line]");
    if (link) { event.preventDefault(); goTo(Number(link.dataset.line), Number(link.dataset.column ?? 1)); }
    if (event.target.closest("#cancel")) running?.abort();
  });
  document.getElementById("arguments").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("input")) { event.preventDefault(); execute.click(); }
  });

  // Executing. The answer is the whole page, of which the outcome is taken. While it runs there is a way to stop it: the
  // server ends a run that nobody waits for.
  const execute = document.getElementById("execute");
  let running = null;
  execute.addEventListener("click", (event) => {
    event.preventDefault();
    if (!running) run();
  });
  async function run() {
    running = new AbortController();
    form.classList.add("executing");
    execute.disabled = true;
    try {
      const answer = await fetch(execute.formAction, { method: "POST", body: new URLSearchParams(new FormData(form)), signal: running.signal });
      const outcome = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("outcome");
      if (outcome) showOutcome(outcome.childNodes);
      else tell("That did not work. Reload the page and try again.");
    } catch (error) {
      if (error.name !== "AbortError") tell("Lanyard cannot be reached. Check the network and try again.");
      else showOutcome([cancelled()]);
    }
    running = null;
    form.classList.remove("executing");
    execute.disabled = false;
    execute.focus();
  }
  function showOutcome(nodes) {
    document.getElementById("outcome").replaceChildren(...nodes);
    markError();
  }
  function cancelled() {
    const p = document.createElement("p");
    p.className = "quiet";
    p.role = "status";
    p.textContent = "The run was cancelled. Calls that it had made by then were made.";
    return p;
  }
  function markError() {
    const error = document.querySelector("#outcome [data-error-line]");
    if (!error) return;
    const line = Number(error.dataset.errorLine);
    marks.set(line, { line, column: Number(error.dataset.errorColumn) || firstColumn(line), message: error.querySelector("h2").textContent, tone: "bad" });
    drawSoon();
  }
  const firstColumn = (line) => (/^\s*/.exec(lines[line - 1] ?? "")[0].length) + 1;

  read();
  editor.classList.add("live");
  area.setAttribute("aria-autocomplete", "list");
  area.setAttribute("aria-haspopup", "listbox");
  area.setAttribute("aria-controls", "completions");
  draw();
  showChanged();
  for (const link of problemList.querySelectorAll("li")) {
    const a = link.querySelector("a"), line = Number(a.dataset.line);
    if (!marks.has(line)) marks.set(line, { line, column: Number(a.dataset.column), message: link.textContent, tone: link.dataset.tone === "bad" ? "bad" : "warned" });
  }
  markError();
  document.fonts?.ready.then(drawSoon);
}

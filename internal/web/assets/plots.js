// The plots of an activity. All that is drawn is read from the table beneath them, which is there without this script,
// and which is folded away once there is a drawing.
"use strict";

{
  const drawn = new Set(); // of plots on the page
  const height = 13; // of a text in an axis, in pixels

  // The table as columns, by the names in its head.
  function columns(table) {
    const heads = [...table.tHead.rows[0].cells].map((cell) => cell.dataset.series);
    const data = Object.fromEntries(heads.filter(Boolean).map((name) => [name, []]));
    for (const row of table.tBodies[0].rows) {
      heads.forEach((name, i) => {
        if (!name) return;
        const cell = row.cells[i].firstElementChild;
        if (name === "at") data.at.push(Date.parse(cell.dateTime) / 1000);
        else data[name].push(cell ? Number(cell.value) : null);
      });
    }
    return data;
  }

  // The words of one line of the table, for the place under the pointer.
  function words(table, index) {
    const heads = [...table.tHead.rows[0].cells];
    const cells = [...table.tBodies[0].rows[index].cells];
    const read = {};
    heads.forEach((head, i) => { if (head.dataset.series) read[head.dataset.series] = cells[i].textContent; });
    return read;
  }

  const two = (n) => String(n).padStart(2, "0");
  const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

  // Times are UTC, as in the table.
  function times(_, splits) {
    const long = splits.length > 1 && splits[1] - splits[0] >= 86400;
    return splits.map((s) => {
      const at = new Date(s * 1000);
      const midnight = at.getUTCHours() === 0 && at.getUTCMinutes() === 0;
      return long || midnight ? `${at.getUTCDate()} ${months[at.getUTCMonth()]}` : `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`;
    });
  }

  const compact = new Intl.NumberFormat("en", { notation: "compact" });
  const lengths = (ms) => ms >= 60000 ? `${+(ms / 60000).toFixed(1)} min` : ms >= 1000 ? `${+(ms / 1000).toFixed(1)} s` : `${+ms.toFixed(1)} ms`;

  class Plot {
    constructor(figure, table) {
      this.figure = figure;
      this.table = table;
      this.box = figure.querySelector(".canvas");
      this.at = document.createElement("span");
      this.at.className = "at";
      this.at.hidden = true;
      this.names = [...figure.querySelectorAll("[data-series]")].map((item) => {
        const value = document.createElement("b");
        item.append(value);
        return { name: item.dataset.series, item, value };
      });
      this.draw();
      this.sizes = new ResizeObserver(() => this.resize());
      this.sizes.observe(this.box);
    }

    size() { return { width: Math.max(this.box.clientWidth, 120), height: Math.max(this.box.clientHeight, 80) }; }

    resize() {
      const { width, height } = this.size();
      if (width !== this.plot.width || height !== this.plot.height) this.plot.setSize({ width, height });
    }

    // The colours are those of the page's theme. A canvas knows no custom properties, so each goes through an element.
    colour(value) {
      const probe = document.createElement("i");
      probe.style.color = value;
      this.figure.append(probe);
      const colour = getComputedStyle(probe).color;
      probe.remove();
      return colour;
    }

    draw() {
      this.plot?.destroy();
      const kind = this.figure.dataset.plot;
      const data = columns(this.table);
      const text = this.colour("var(--muted-foreground)");
      const grid = this.colour("var(--border)");
      const values = kind === "stack" ? (_, v) => v.map((n) => compact.format(n)) : kind === "share" ? (_, v) => v.map((n) => `${n}%`) : (_, v) => v.map(lengths);
      const axis = { stroke: text, font: `${height - 2}px ${getComputedStyle(this.figure).fontFamily}`, ticks: { show: false }, border: { show: false } };
      const series = [{}];
      const rows = [data.at];
      for (const [i, { name, item }] of this.names.entries()) {
        const colour = this.colour(getComputedStyle(item).getPropertyValue("--series"));
        if (kind === "stack") {
          // Each is drawn over the one before, from the top of the pile down.
          rows.push(data.at.map((_, n) => this.names.slice(i).reduce((sum, s) => sum + data[s.name][n], 0)));
          series.push({ fill: colour, stroke: colour, width: 0, points: { show: false }, paths: uPlot.paths.bars({ size: [0.75, 40], radius: 0 }) });
        } else {
          rows.push(data[name]);
          series.push({ stroke: colour, width: 1.75, fill: kind === "share" ? this.colour(`color-mix(in oklab, ${colour} 14%, transparent)`) : undefined, points: { show: undefined, size: 4, fill: colour } });
        }
      }
      const step = data.at.length > 1 ? data.at[1] - data.at[0] : 60;
      this.plot = new uPlot({
        ...this.size(),
        legend: { show: false },
        padding: [8, 18, 0, 0],
        tzDate: (s) => uPlot.tzDate(new Date(s * 1000), "Etc/UTC"),
        cursor: { y: false, drag: { x: false, y: false }, points: { show: kind !== "stack" } },
        scales: {
          x: { range: () => [data.at[0] - step / 2, data.at.at(-1) + step / 2] },
          y: { range: (_, low, high) => [0, kind === "share" ? Math.min(100, Math.max(1, (high ?? 0) * 1.15)) : Math.max(1, (high ?? 0) * 1.08)] },
        },
        axes: [
          { ...axis, grid: { show: false }, values: times, size: 26, space: 64 },
          { ...axis, grid: { stroke: grid, width: 1 }, values, size: 56, space: 34, incrs: kind === "stack" ? [1, 2, 5].flatMap((n) => [...Array(13).keys()].map((e) => n * 10 ** e)).sort((a, b) => a - b) : undefined },
        ],
        series,
        hooks: { setCursor: [(u) => this.read(u.cursor.idx)] },
      }, rows, this.box);
      this.box.append(this.at);
    }

    // What is under the pointer is read out of the table.
    read(index) {
      const read = index == null ? undefined : words(this.table, index);
      this.at.hidden = !read;
      this.at.textContent = read?.at ?? "";
      for (const { name, value } of this.names) value.textContent = read?.[name] ?? "";
    }

    end() {
      this.sizes.disconnect();
      this.plot.destroy();
    }
  }

  function drawAll() {
    for (const plot of drawn) {
      if (plot.figure.isConnected) continue;
      plot.end();
      drawn.delete(plot);
    }
    for (const plots of document.querySelectorAll(".plots:not([data-drawn])")) {
      plots.dataset.drawn = "";
      const table = plots.querySelector("table");
      for (const figure of plots.querySelectorAll("[data-plot]")) drawn.add(new Plot(figure, table));
      plots.querySelector("details").open = false;
    }
  }

  drawAll();
  document.addEventListener("htmx:afterSettle", drawAll);
  // Light and dark: the class that app.js sets, or the system's preference where there is none.
  const redraw = () => { for (const plot of drawn) plot.draw(); };
  new MutationObserver(redraw).observe(document.documentElement, { attributeFilter: ["class"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
}

"use strict";
// Draws what the page carries: `.plot[data-spec]` by plotly, `.grid[data-rows]` as a table to sort,
// filter and turn over. Text from the study only ever becomes the text of an element.
(() => {
  const root = document.documentElement;
  const ROWS = 25;
  const LONG = 40; // characters, from which a cell may have several lines
  const config = { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["select2d", "lasso2d"] };

  // ---------- light and dark ----------

  const dark = () => root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;

  function themed(spec, isDark) {
    const ink = isDark ? "#e8eaed" : "#1c2026";
    const rule = isDark ? "#313842" : "#e6e8eb";
    const axis = { gridcolor: rule, linecolor: rule, tickcolor: rule, zerolinecolor: rule };
    const family = getComputedStyle(document.body).fontFamily;
    const layout = { xaxis: axis, yaxis: axis, font: { family, size: 12, color: ink } };
    layout.paper_bgcolor = layout.plot_bgcolor = "rgba(0,0,0,0)";
    layout.hoverlabel = { font: { family } };
    const bar = { outlinewidth: 0, thickness: 12, tickfont: { color: ink } };
    const data = { heatmap: [{ colorbar: bar }], parcoords: [{ line: { colorbar: bar } }] };
    data.bar = [{ error_x: { color: ink, thickness: 1.2, width: 4 } }];
    return { ...spec.layout, autosize: true, template: { layout, data } };
  }

  // The blue of the palette is made for paper; on a dark ground it is one step lighter.
  function lighten(trace) {
    for (const part of [trace.marker, trace.marker?.line, trace.line]) {
      if (part?.color === "#0072B2") part.color = "#4a9fe0";
    }
  }

  // Parallel axes need room: on a narrow screen the most important ones stay.
  function fit(trace, width) {
    if (trace.type === "parcoords") trace.dimensions.splice(Math.max(3, Math.floor(width / 75)));
  }

  const drawn = new WeakMap(); // plot -> what was drawn: the text of its specification
  function draw(plot, again = false) {
    const text = plot.dataset.spec;
    if (!again && drawn.get(plot) === text) return;
    drawn.set(plot, text);
    const spec = JSON.parse(text);
    const isDark = dark() && root.dataset.printing !== "yes";
    spec.data.forEach((trace) => { fit(trace, plot.clientWidth); if (isDark) lighten(trace); });
    Plotly.react(plot, spec.data, themed(spec, isDark), config);
  }

  const seen = new Set();
  const redraw = () => seen.forEach((plot) => plot.isConnected ? draw(plot, true) : seen.delete(plot));
  const watcher = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      seen.add(target);
      draw(target);
    }
  }, { rootMargin: "500px" });

  function name() {
    const button = document.getElementById("theme");
    const now = dark() ? "Light" : "Dark";
    if (!button || button.textContent === now) return;
    button.textContent = now;
    button.setAttribute("aria-label", dark() ? "Use light colours" : "Use dark colours");
    button.setAttribute("aria-pressed", String(dark()));
  }
  document.addEventListener("click", (event) => {
    if (event.target !== document.getElementById("theme")) return;
    root.dataset.theme = dark() ? "light" : "dark";
    name();
    redraw();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { name(); redraw(); });
  name();

  addEventListener("beforeprint", () => {
    root.dataset.printing = "yes";
    root.dataset.before = root.dataset.theme || "";
    root.dataset.theme = "light";
    document.querySelectorAll(".plot").forEach((plot) => { seen.add(plot); draw(plot, true); });
  });
  addEventListener("afterprint", () => {
    root.dataset.printing = "no";
    if (root.dataset.before) root.dataset.theme = root.dataset.before;
    else delete root.dataset.theme;
    redraw();
  });

  // ---------- tables ----------

  function make(tag, text = "", attributes = {}) {
    const element = document.createElement(tag);
    element.textContent = text;
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  }

  const shown = (value) => {
    if (value === null || value === undefined) return "";
    if (typeof value !== "number") return String(value);
    if (Number.isInteger(value)) return String(value);
    const digits = Math.abs(value) >= 1e-4 && Math.abs(value) < 1e9;
    return digits ? String(Number(value.toPrecision(5))) : value.toExponential(3);
  };

  const order = (a, b) => {
    const [left, right] = [a === null || a === "", b === null || b === ""];
    if (left || right) return left - right || 0;
    return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
  };

  // A word must stand in the row; `column>2`, `column=word` ask one column.
  function test(word, columns) {
    const asked = /^(.+?)(>=|<=|=|>|<)(.+)$/.exec(word);
    const at = asked ? columns.findIndex((column) => column.toLowerCase() === asked[1]) : -1;
    if (at < 0) return (row) => row.some((value) => shown(value).toLowerCase().includes(word));
    const [, , sign, text] = asked;
    if (sign === "=") return (row) => shown(row[at]).toLowerCase() === text;
    const limit = Number(text);
    const holds = { ">": (v) => v > limit, "<": (v) => v < limit, ">=": (v) => v >= limit, "<=": (v) => v <= limit };
    return (row) => typeof row[at] === "number" && holds[sign](row[at]);
  }

  const grids = new WeakMap(); // element -> its state, which outlives new rows
  function fill(element) {
    const source = element.dataset.source;
    const of = source ? document.querySelector(`#${source} .grid[data-rows]`) : element;
    if (!of) return;
    const state = grids.get(element) ?? { sort: -1, up: true, filter: "", page: 0 };
    if (state.text === of.dataset.rows && element.firstChild) return;
    state.text = of.dataset.rows;
    const { columns, data: packed } = JSON.parse(state.text);
    const data = packed.map((column) => column.of ? column.at.map((at) => column.of[at]) : column);
    state.columns = columns;
    state.rows = data.length ? data[0].map((_, i) => data.map((column) => column[i])) : [];
    state.numeric = data.map((column) => column.some((v) => typeof v === "number"));
    if (!grids.has(element)) {
      grids.set(element, state);
      build(element, state);
    } else if (state.head.childElementCount !== columns.length) heads(state);
    show(state);
  }

  function build(element, state) {
    const tools = make("div", "", { class: "tools" });
    const label = make("label", "Filter");
    state.input = make("input", "", { type: "search", placeholder: "pruned score>0.9" });
    state.input.addEventListener("input", () => { state.filter = state.input.value; state.page = 0; show(state); });
    label.append(state.input);
    state.back = make("button", "Previous", { type: "button" });
    state.next = make("button", "Next", { type: "button" });
    state.back.addEventListener("click", () => { state.page -= 1; show(state); });
    state.next.addEventListener("click", () => { state.page += 1; show(state); });
    state.status = make("output", "", { "aria-live": "polite" });
    tools.append(label, state.status, state.back, state.next);
    const table = make("table");
    state.head = make("tr");
    state.body = make("tbody");
    const thead = make("thead");
    thead.append(state.head);
    table.append(make("caption", element.dataset.caption), thead, state.body);
    const scroll = make("div", "", { class: "scroll", tabindex: "0" });
    scroll.append(table);
    element.replaceChildren(tools, scroll);
    heads(state);
  }

  function heads(state) {
    state.head.replaceChildren(...state.columns.map((column, at) => {
      const cell = make("th", "", { scope: "col", "aria-sort": "none" });
      if (state.numeric[at]) cell.className = "number";
      const press = make("button", column, { type: "button" });
      press.addEventListener("click", () => {
        state.up = state.sort === at ? !state.up : true;
        state.sort = at;
        state.page = 0;
        show(state);
      });
      cell.append(press);
      return cell;
    }));
  }

  function show(state) {
    const tests = state.filter.toLowerCase().split(/\s+/).filter(Boolean).map((word) => test(word, state.columns));
    let rows = state.rows.filter((row) => tests.every((holds) => holds(row)));
    if (state.sort >= 0) {
      const empty = (row) => row[state.sort] === null || row[state.sort] === "";
      const way = state.up ? 1 : -1; // what is missing stays last
      rows = [...rows].sort((a, b) => empty(a) || empty(b)
        ? empty(a) - empty(b) : way * order(a[state.sort], b[state.sort]));
    }
    const pages = Math.max(1, Math.ceil(rows.length / ROWS));
    state.page = Math.min(Math.max(state.page, 0), pages - 1);
    const first = state.page * ROWS;
    state.body.replaceChildren(...rows.slice(first, first + ROWS).map((row) => {
      const line = make("tr");
      row.forEach((value, at) => {
        const text = shown(value);
        const kind = state.numeric[at] ? "number" : text.length > LONG ? "long" : "";
        line.append(make("td", text, kind ? { class: kind } : {}));
      });
      return line;
    }));
    [...state.head.children].forEach((cell, at) => cell.setAttribute(
      "aria-sort", at !== state.sort ? "none" : state.up ? "ascending" : "descending"));
    const last = Math.min(first + ROWS, rows.length);
    state.status.textContent = rows.length
      ? `${first + 1} to ${last} of ${rows.length.toLocaleString("en")}` : "no row fits";
    state.back.disabled = state.page === 0;
    state.next.disabled = state.page >= pages - 1;
  }

  // ---------- where the reader is ----------

  const places = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      document.querySelectorAll(".contents a").forEach((link) => {
        if (link.getAttribute("href") === `#${entry.target.id}`) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
      });
    }
  }, { rootMargin: "-10% 0px -75% 0px" });

  // ---------- the page, and what a live one becomes ----------

  const observed = new WeakSet();
  function update() {
    document.querySelectorAll(".plot").forEach((plot) => {
      if (!observed.has(plot)) { observed.add(plot); watcher.observe(plot); }
      else if (seen.has(plot)) draw(plot);
    });
    document.querySelectorAll(".grid[data-rows]").forEach(fill);
    document.querySelectorAll("details[open] .grid[data-source]").forEach(fill);
    document.querySelectorAll("section[id]").forEach((section) => {
      if (!observed.has(section)) { observed.add(section); places.observe(section); }
    });
  }
  document.addEventListener("toggle", (event) => {
    event.target.querySelectorAll?.(".grid").forEach(fill);
    event.target.querySelectorAll?.(".plot").forEach((plot) => watcher.observe(plot));
  }, true);

  let waiting = 0;
  const live = new MutationObserver(() => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => { name(); update(); });
  });
  if (document.getElementById("react-entry-point")) {
    live.observe(document.body, { subtree: true, childList: true, attributeFilter: ["data-spec", "data-rows"] });
  }
  update();
})();

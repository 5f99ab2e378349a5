"use strict";

// A click on a heading sorts its table: numbers from the highest, words from A, missing ones last.
const words = new Intl.Collator("en", { numeric: true });

function holdsNumbers(table, column) {
  return Array.from(table.tBodies[0].rows).some((row) => "value" in row.cells[column].dataset);
}

function sortBy(table, column, falling) {
  const body = table.tBodies[0];
  const numeric = holdsNumbers(table, column);
  const key = ({ cells }) => {
    const { dataset, textContent } = cells[column];
    if (!numeric) return textContent;
    return "value" in dataset ? Number(dataset.value) : null;
  };
  const compare = (a, b) => {
    if (a === null || b === null) return (a === null) - (b === null);
    const order = numeric ? a - b : words.compare(a, b);
    return falling ? -order : order;
  };
  body.append(...Array.from(body.rows).sort((a, b) => compare(key(a), key(b))));
  markRepeats(table);
}

// A name that repeats that of the row above is set back.
function markRepeats(table) {
  let above = null;
  for (const row of table.tBodies[0].rows) {
    if (row.hidden) continue;
    const [name, second] = row.cells;
    const repeats = second?.nodeName === "TH" && name.textContent === above;
    name.classList.toggle("again", repeats);
    above = name.textContent;
  }
}

for (const table of document.querySelectorAll("table.sortable")) {
  const heads = Array.from(table.querySelectorAll("th[data-column]"));
  for (const head of heads) {
    const column = Number(head.dataset.column);
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const before = head.getAttribute("aria-sort");
      const falling = before ? before === "ascending" : holdsNumbers(table, column);
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", falling ? "descending" : "ascending");
      sortBy(table, column, falling);
    });
  }
}

// A filter above a long table keeps rows whose columns of text contain every word typed. A table
// may name columns that have a choice of their values as well.
const LONG = 8;

function choice(table, column, rows) {
  const label = document.createElement("label");
  const select = document.createElement("select");
  label.className = "filter";
  select.setAttribute("aria-controls", table.id);
  select.append(new Option("all", ""));
  const values = new Set(rows.map((row) => textOf(row.cells[column])));
  for (const value of Array.from(values).sort(words.compare)) select.append(new Option(value, value));
  label.append(table.querySelector(`th[data-column="${column}"]`).textContent, " ", select);
  return { label, select, keeps: (row) => ["", textOf(row.cells[column])].includes(select.value) };
}

function filters(table) {
  const rows = Array.from(table.tBodies[0].rows);
  const label = document.createElement("label");
  const box = document.createElement("input");
  const count = document.createElement("span");
  label.className = "filter";
  box.type = "search";
  box.placeholder = "part of a name";
  box.setAttribute("aria-controls", table.id);
  count.setAttribute("role", "status");
  label.append("Filter rows ", box, count);
  const namesOf = (row) =>
    Array.from(row.cells, (cell) => ("value" in cell.dataset ? "" : cell.textContent)).join(" ");
  const names = new Map(rows.map((row) => [row, namesOf(row).toLowerCase()]));
  const columns = (table.dataset.filters ?? "").split(" ").filter(Boolean);
  const choices = columns.map((column) => choice(table, Number(column), rows));
  const update = () => {
    const wanted = box.value.toLowerCase().split(/\s+/);
    for (const row of rows) {
      const named = wanted.every((word) => names.get(row).includes(word));
      row.hidden = !named || !choices.every(({ keeps }) => keeps(row));
    }
    markRepeats(table);
    const shown = rows.filter((row) => !row.hidden).length;
    if (shown === rows.length) count.textContent = "";
    else count.textContent = shown ? ` ${shown} of ${rows.length}` : " no row matches";
  };
  box.addEventListener("input", update);
  for (const { select } of choices) select.addEventListener("change", update);
  // A link to a row that is left out shows all rows.
  window.addEventListener("hashchange", () => {
    const row = rows.find(({ id }) => id && `#${id}` === window.location.hash);
    if (!row?.hidden) return;
    for (const field of [box, ...choices.map(({ select }) => select)]) field.value = "";
    update();
    row.scrollIntoView();
  });
  return [label, ...choices.map((each) => each.label)];
}

// A table is saved with the rows that are shown, in their order.
const textOf = (node) =>
  Array.from(node.childNodes, (child) => (child.nodeName === "SMALL" ? "" : child.textContent))
    .join("")
    .trim();
const smallOf = (node) => node.querySelector("small")?.textContent ?? "";

function headingsOf(table) {
  const grid = Array.from(table.tHead.rows, () => []);
  Array.from(table.tHead.rows).forEach((row, level) => {
    let column = 0;
    for (const head of row.cells) {
      const label = head.querySelector("button") ?? head;
      while (grid[level][column] !== undefined) column += 1;
      for (let down = 0; down < head.rowSpan; down += 1) {
        for (let across = 0; across < head.colSpan; across += 1) {
          grid[level + down][column + across] = down ? "" : textOf(label);
        }
      }
    }
  });
  return grid[0].map((_, column) => grid.map((row) => row[column]).filter(Boolean).join(" "));
}

function contentsOf(table) {
  const heads = headingsOf(table);
  const rows = Array.from(table.tBodies[0].rows).filter((row) => !row.hidden);
  const cells = rows.map((row) =>
    Array.from(row.cells, (cell) => ({ text: textOf(cell), small: smallOf(cell) })),
  );
  return { heads, cells };
}

function asCsv(table) {
  const { heads, cells } = contentsOf(table);
  const beside = heads.map((_, column) => cells.some((row) => row[column].small));
  // Spreadsheets would run a name such as "=A1" as a formula.
  const quoted = (text) => `"${text.replace(/^[=+@-](?=.*[^\d.])/, "'$&").replaceAll('"', '""')}"`;
  const line = (fields) => fields.map(quoted).join(",");
  const head = heads.flatMap((text, column) => (beside[column] ? [text, `${text} interval`] : text));
  const lines = cells.map((row) =>
    line(row.flatMap(({ text, small }, column) => (beside[column] ? [text, small] : text))),
  );
  return [line(head), ...lines].join("\r\n") + "\r\n";
}

const LATEX = {
  "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}",
  "\u2013": "--", "\u2212": "$-$", "\u00d7": "$\\times$", "\u2192": "$\\to$",
};

function asLatex(table) {
  const { heads, cells } = contentsOf(table);
  const escaped = (text) =>
    text.replace(/[\\~^\u2013\u2212\u00d7\u2192]|[&%$#_{}]/g, (sign) => LATEX[sign] ?? `\\${sign}`);
  const line = (fields) => `${fields.join(" & ")} \\\\`;
  const body = cells.map((row) =>
    line(row.map(({ text, small }) => escaped(text) + (small && ` {\\scriptsize ${escaped(small)}}`))),
  );
  const stub = table.tBodies[0].rows[0]?.querySelectorAll("th").length ?? 1;
  return [
    "% \\usepackage{booktabs}",
    `\\begin{tabular}{${"l".repeat(stub)}${"r".repeat(heads.length - stub)}}`,
    "\\toprule", line(heads.map(escaped)), "\\midrule", ...body, "\\bottomrule", "\\end{tabular}", "",
  ].join("\n");
}

function saver(label, what, file, contents) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "save";
  button.textContent = label;
  button.setAttribute("aria-label", `Save as ${label}: ${what}`);
  button.addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([contents()], { type: "text/plain" }));
    link.download = file;
    link.click();
    // The browser reads the address after this function returns.
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
  return button;
}

for (const table of document.querySelectorAll("table.sortable")) {
  markRepeats(table);
  const tools = document.createElement("div");
  tools.className = "tools";
  if (table.tBodies[0].rows.length >= LONG || table.dataset.filters) tools.append(...filters(table));
  for (const [label, suffix, contents] of [["CSV", "csv", asCsv], ["LaTeX", "tex", asLatex]]) {
    const what = table.caption.textContent;
    tools.append(saver(label, what, `${table.id}.${suffix}`, () => contents(table)));
  }
  table.closest(".scroll").before(tools);
}

for (const text of document.querySelectorAll(".listing pre")) {
  const file = text.getAttribute("aria-label");
  text.before(saver("Save", file, file, () => text.textContent));
}

// Tooltips of headings also appear on keyboard focus and touch.
const tip = document.createElement("div");
tip.className = "tip";
tip.id = "tip";
tip.setAttribute("role", "tooltip");
tip.hidden = true;
document.body.append(tip);

function showTip(element) {
  tip.textContent = element.dataset.tip;
  tip.hidden = false;
  const place = element.getBoundingClientRect();
  const left = Math.min(place.left, document.documentElement.clientWidth - tip.offsetWidth - 8);
  tip.style.left = `${Math.max(8, left) + window.scrollX}px`;
  tip.style.top = `${place.bottom + 6 + window.scrollY}px`;
}

function hideTip() {
  tip.hidden = true;
}

for (const element of document.querySelectorAll("th[title]")) {
  const target = element.querySelector("button") ?? element;
  target.dataset.tip = element.title;
  target.setAttribute("aria-describedby", tip.id);
  element.removeAttribute("title");
  target.addEventListener("pointerenter", () => showTip(target));
  target.addEventListener("focus", () => showTip(target));
  target.addEventListener("pointerleave", hideTip);
  target.addEventListener("blur", hideTip);
}

// CSS enlarges pictures; the arrow keys step through them and the Escape key closes them.
const STEPS = { ArrowLeft: -1, ArrowRight: 1 };
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") hideTip();
  else if (!(event.key in STEPS)) return;
  const boxes = Array.from(document.querySelectorAll(".zoom"));
  const now = boxes.findIndex((box) => box.checked);
  if (now < 0) return;
  boxes[now].checked = false;
  if (event.key === "Escape") return;
  event.preventDefault();
  const next = boxes[(now + STEPS[event.key] + boxes.length) % boxes.length];
  next.checked = true;
  next.focus();
});

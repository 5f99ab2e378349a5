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

// A filter above a long table keeps rows whose columns of text contain every word typed.
const LONG = 8;

function filterable(table) {
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
  table.closest(".scroll").before(label);
  const namesOf = (row) =>
    Array.from(row.cells, (cell) => ("value" in cell.dataset ? "" : cell.textContent)).join(" ");
  const names = new Map(rows.map((row) => [row, namesOf(row).toLowerCase()]));
  box.addEventListener("input", () => {
    const wanted = box.value.toLowerCase().split(/\s+/);
    for (const row of rows) row.hidden = !wanted.every((word) => names.get(row).includes(word));
    const shown = rows.filter((row) => !row.hidden).length;
    count.textContent = shown < rows.length ? ` ${shown} of ${rows.length}` : "";
  });
}

for (const table of document.querySelectorAll("table.sortable")) {
  if (table.tBodies[0].rows.length >= LONG) filterable(table);
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

// CSS enlarges pictures; the Escape key closes them.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  hideTip();
  for (const box of document.querySelectorAll(".zoom:checked")) box.checked = false;
});

"use strict";

// A click on a heading sorts its table: numbers fall first, words rise first, gaps stay last.
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

// Pictures are enlarged by style alone; the Escape key closes them as well.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const box of document.querySelectorAll(".zoom:checked")) box.checked = false;
});

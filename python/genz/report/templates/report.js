"use strict";

// Without this script the report is complete; with it, columns can be sorted, and printing unfolds
// what is folded.

function sortKey(group, column) {
  const cell = (group.rows ? group.rows[0] : group).cells[column];
  if (!("value" in cell.dataset)) return cell.textContent.trim();
  const value = cell.dataset.value;
  return value === "" || !Number.isFinite(Number(value)) ? null : Number(value);
}

function compare(a, b) {
  return typeof a === "string" ? a.localeCompare(b) : a - b;
}

function sortBy(table, header) {
  const current = header.getAttribute("aria-sort");
  const opposite = { ascending: "descending", descending: "ascending" };
  const order = opposite[current] || header.dataset.sort;
  const sign = order === "ascending" ? 1 : -1;
  const column = header.cellIndex;
  // A feature is a group of rows with its examples; elsewhere each row stands for itself.
  const isGrouped = table.dataset.sortable === "groups";
  const groups = isGrouped ? table.tBodies : table.tBodies[0].rows;
  const keyed = Array.from(groups, (group) => [sortKey(group, column), group]);
  keyed.sort(([a], [b]) =>
    a === null || b === null ? (a === null) - (b === null) : sign * compare(a, b),
  );
  for (const other of header.parentElement.cells) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", order);
  (isGrouped ? table : table.tBodies[0]).append(...keyed.map(([, group]) => group));
}

for (const table of document.querySelectorAll("table[data-sortable]")) {
  for (const header of table.querySelectorAll("th[data-sort]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    header.append(button);
    button.addEventListener("click", () => sortBy(table, header));
  }
}

let unfolded = [];
window.addEventListener("beforeprint", () => {
  unfolded = Array.from(document.querySelectorAll("details:not([open])"));
  for (const details of unfolded) details.open = true;
});
window.addEventListener("afterprint", () => {
  for (const details of unfolded) details.open = false;
});

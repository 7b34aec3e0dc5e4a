"use strict";
// Tables whose rows a click on a head sorts. Without this they are in the order of most requests.
const sorting = new Map();

function sortable(root) {
  for (const table of root.querySelectorAll("table.sortable")) {
    for (const head of table.tHead.rows[0].cells) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
    }
    const order = sorting.get(table.id);
    if (order) sort(table, order);
  }
}

function sort(table, order) {
  const body = table.tBodies[0];
  const value = (row) => {
    const cell = row.cells[order.column];
    return cell.dataset.value === undefined ? cell.textContent.trim() : Number(cell.dataset.value);
  };
  // What has no number comes last, whichever way round.
  const nothing = (it) => Number.isNaN(it);
  const compare = (a, b) => {
    if (nothing(a) || nothing(b)) return nothing(a) - nothing(b);
    const difference = Number(a > b) - Number(a < b);
    return order.ascending ? difference : -difference;
  };
  const rows = Array.from(body.rows, (row) => [value(row), row]);
  body.append(...rows.sort((a, b) => compare(a[0], b[0])).map((it) => it[1]));
  for (const head of table.tHead.rows[0].cells) head.removeAttribute("aria-sort");
  const head = table.tHead.rows[0].cells[order.column];
  head.setAttribute("aria-sort", order.ascending ? "ascending" : "descending");
}

document.addEventListener("click", (event) => {
  const head = event.target.closest("table.sortable thead th");
  if (!head) return;
  const table = head.closest("table");
  const before = sorting.get(table.id);
  const column = head.cellIndex;
  // Most first, of numbers; names from A.
  const ascending = before?.column === column ? !before.ascending : !head.classList.contains("n");
  const order = { column, ascending };
  sorting.set(table.id, order);
  sort(table, order);
});

sortable(document);

"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
  heads.forEach((head, column) => {
    const cells = [...body.rows].map(row => row.cells[column]);
    const numeric = cells.some(cell => cell.dataset.value !== undefined);
    if (numeric) head.classList.add("right");
    head.querySelector("button").addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      const value = row => { const cell = row.cells[column]; return numeric ? parseFloat(cell.dataset.value) : cell.textContent; };
      const isKnown = value => numeric ? !Number.isNaN(value) : value !== "";
      const sorted = [...body.rows].sort((a, b) => {
        const [x, y] = [value(a), value(b)];
        if (isKnown(x) !== isKnown(y)) return isKnown(x) ? -1 : 1;
        if (!isKnown(x)) return 0;
        return (x < y ? -1 : x > y ? 1 : 0) * (down ? -1 : 1);
      });
      heads.forEach(other => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      body.append(...sorted);
    });
  });
}

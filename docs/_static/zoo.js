// The gallery's and the leaderboard's filters, and tables that a click on a heading sorts.

function filter(list) {
  const form = list.querySelector(".zoo-filters");
  if (!form) return;
  const items = [...list.querySelectorAll("[data-family]")];
  const selects = [...form.querySelectorAll("select")];
  const show = () => {
    for (const item of items) {
      item.hidden = selects.some((select) => select.value && item.dataset[select.name] !== select.value);
    }
    const shown = items.filter((item) => !item.hidden).length;
    const all = `${items.length} ${list.dataset.noun}`;
    form.querySelector("output").textContent = shown === items.length ? all : `${shown} of ${all}`;
  };
  form.addEventListener("change", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  show(); // a browser that comes back keeps what was chosen
}

function sort(table, column, order) {
  const body = table.tBodies[0];
  const value = (row) => row.cells[column].dataset.value;
  const sign = order === "ascending" ? 1 : -1;
  const compare = (a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === "" || y === "") return (x === "") - (y === ""); // what was not measured comes last, either way
    const numbers = [Number(x), Number(y)];
    return sign * (numbers.some(Number.isNaN) ? x.localeCompare(y, "en", { numeric: true }) : numbers[0] - numbers[1]);
  };
  body.append(...[...body.rows].sort(compare));
  [...table.tHead.rows[0].cells].forEach((cell, i) => {
    if (i === column) cell.setAttribute("aria-sort", order);
    else cell.removeAttribute("aria-sort");
  });
}

function sortable(table) {
  [...table.tHead.rows[0].cells].forEach((cell, column) => {
    cell.querySelector("button").addEventListener("click", () => {
      const other = { ascending: "descending", descending: "ascending" };
      sort(table, column, other[cell.getAttribute("aria-sort")] ?? cell.dataset.first);
    });
  });
}

document.querySelectorAll(".zoo-list").forEach(filter);
document.querySelectorAll(".zoo-board").forEach(sortable);

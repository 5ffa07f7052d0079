// Tables that a click on a column's name sorts, and that keep only the rows with what is typed.

const FEWEST_ROWS = 3;      // that are worth sorting
const FILTERED_ROWS = 8;    // from which on rows can be filtered
const SECONDS = { ms: 1e-3, s: 1, min: 60, h: 3600, d: 86400 };
const ORDERS = ["none", "ascending", "descending"];

/** A number, or a time such as "0:08.3", "36:20 min" or "17 h 02 min" in seconds; NaN where there is none. */
function valueOf(text) {
  const plain = text.trim().replaceAll(",", "").replace("−", "-");
  const clock = plain.match(/^(\d+):([\d.]+)$/);
  if (clock) return 60 * clock[1] + Number(clock[2]);
  const parts = [...plain.matchAll(/([\d.]+)(?::(\d+))?\s*(ms|s|min|h|d)\b/g)];
  if (parts.length === 0) return parseFloat(plain);
  return parts.reduce((sum, [, whole, sixtieths, unit]) =>
    sum + (Number(whole) + Number(sixtieths ?? 0) / 60) * SECONDS[unit], 0);
}

/** What stands first in a cell, without its interval or spread. */
const numberIn = (cell) => valueOf(cell.firstChild?.textContent ?? "");

/** Which of two cells comes first; what is no number comes last in either order. */
function compared(first, second, words, sign) {
  if (words) return sign * first.textContent.localeCompare(second.textContent, "en", { numeric: true });
  const [a, b] = [numberIn(first), numberIn(second)];
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b);
  return sign * (a - b);
}

/** A name that stands right below the same name is not shown again. */
function markRepeats(table) {
  let above = null;
  for (const row of table.tBodies[0].rows) {
    if (row.hidden) continue;
    const cell = row.cells[0];
    cell.classList.toggle("repeat", above === cell.textContent);
    above = cell.textContent;
  }
}

function sortable(table, changed) {
  const body = table.tBodies[0];
  const given = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const words = head.classList.contains("word");
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    head.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => {
      const steps = words ? ORDERS : [ORDERS[0], ORDERS[2], ORDERS[1]];
      const order = steps[(steps.indexOf(head.getAttribute("aria-sort")) + 1) % 3];
      for (const other of heads) other.setAttribute("aria-sort", "none");
      head.setAttribute("aria-sort", order);
      const sign = order === "descending" ? -1 : 1;
      const rows = order === "none" ? given : [...given].sort(
        (a, b) => compared(a.cells[column], b.cells[column], words, sign));
      body.append(...rows);
      changed();
    });
  });
}

function filterable(table, changed) {
  const rows = [...table.tBodies[0].rows];
  const line = document.createElement("p");
  const field = document.createElement("input");
  const count = document.createElement("output");
  line.className = "filter";
  field.type = "search";
  field.placeholder = "Rows with …";
  field.ariaLabel = "Keep the rows with these words";
  field.addEventListener("input", () => {
    const wanted = field.value.toLowerCase().split(/\s+/);
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !wanted.every((word) => text.includes(word));
    }
    const kept = rows.filter((row) => !row.hidden).length;
    count.value = kept < rows.length ? `${kept} of ${rows.length} rows` : "";
    changed();
  });
  line.append(field, count);
  table.closest(".wide").before(line);
}

for (const table of document.querySelectorAll(".wide table")) {
  const body = table.tBodies[0];
  const repeats = body.querySelector(".repeat") !== null;
  const changed = () => repeats && markRepeats(table);
  if (table.tHead && body.rows.length >= FEWEST_ROWS) sortable(table, changed);
  if (body.rows.length >= FILTERED_ROWS) filterable(table, changed);
}

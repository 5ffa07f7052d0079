// A slider along the axis of a figure of curves: what each series comes to where the slider stands.

const made = (name, options = {}, ...children) => {
  const element = Object.assign(document.createElement(name), options);
  element.append(...children);
  return element;
};
const shown = (value) => value.toLocaleString("en", { maximumSignificantDigits: 6 });

/** A series at a point of the axis, such as "0.812 ± 0.013". */
function valueAt({ at, mean, deviation, seeds }, point) {
  const place = at.indexOf(point);
  if (place < 0 || mean[place] === null) return "–";
  const several = seeds && Object.keys(seeds).length > 1 && deviation?.[place] !== null;
  return mean[place].toFixed(3) + (several ? ` ± ${deviation[place].toFixed(3)}` : "");
}

function slider({ axis, unit, series }) {
  const points = [...new Set(series.flatMap(({ at }) => at))].sort((a, b) => a - b);
  if (points.length < 2) return null;
  const position = made("output"), values = made("dl", { className: "counts" });
  const range = made("input", { type: "range", min: 0, max: points.length - 1, value: 0 });
  const move = () => {
    const point = points[range.value];
    position.value = `${shown(point)} ${unit ?? axis}`;
    range.setAttribute("aria-valuetext", position.value);
    values.replaceChildren(...series.map((one) =>
      made("div", {}, made("dt", {}, one.name), made("dd", {}, valueAt(one, point)))));
  };
  range.addEventListener("input", move);
  move();
  return made("div", { className: "along" }, made("label", {}, range, position), values);
}

for (const data of document.querySelectorAll("script.curve")) {
  const told = JSON.parse(data.textContent);
  const control = Array.isArray(told.series) ? slider(told) : null;
  if (control) data.after(control);
}

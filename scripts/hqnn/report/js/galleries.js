// Galleries of tested images: kept are those of the classes chosen, and a press enlarges one.

const FILTERS = { is: "is", said: "predicted" };
const ANY = "any class";

const made = (name, options = {}, ...children) => {
  const element = Object.assign(document.createElement(name), options);
  element.append(...children);
  return element;
};
const shown = (gallery) => [...gallery.querySelectorAll("figure:not([hidden])")];

/** One dialog for all galleries: the enlarged image, what was said of it, and the ones beside it. */
const image = made("img"), words = made("p");
const step = (by, name) => made("button", { type: "button", onclick: () => move(by) }, name);
const close = made("button", { type: "button", onclick: () => dialog.close() }, "Close");
const dialog = made("dialog", { ariaLabel: "Enlarged image" }, image, words,
  made("div", {}, step(-1, "← Previous"), close, step(1, "Next →")));
let current = null;

function enlarge(figure) {
  current = figure;
  image.src = figure.querySelector("img").src;
  image.alt = figure.dataset.is;
  const sure = figure.querySelector("figcaption").firstChild.textContent.trim().slice(figure.dataset.said.length);
  words.textContent = `is: ${figure.dataset.is}; predicted: ${figure.dataset.said}, probability ${sure.trim()}`;
  if (!dialog.open) dialog.showModal();
}

function move(by) {
  const all = shown(current.parentElement);
  enlarge(all[(all.indexOf(current) + by + all.length) % all.length]);
}

dialog.addEventListener("keydown", (event) => {
  if (event.key === "ArrowLeft") move(-1);
  if (event.key === "ArrowRight") move(1);
});
dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
dialog.addEventListener("close", () => current.querySelector("img").focus());

function enlargeable(figure) {
  const small = figure.querySelector("img");
  small.tabIndex = 0;
  small.role = "button";
  small.ariaLabel = `Enlarge: is ${figure.dataset.is}, predicted ${figure.dataset.said}`;
  small.addEventListener("click", () => enlarge(figure));
  small.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    enlarge(figure);
  });
}

/** Lists of the classes that are there, with the number of images of each. */
function filters(gallery) {
  const figures = [...gallery.children], count = made("output");
  const lists = Object.entries(FILTERS).map(([key, name]) => {
    const counts = new Map();
    for (const { dataset } of figures) counts.set(dataset[key], (counts.get(dataset[key]) ?? 0) + 1);
    const options = [...counts].map(([value, number]) => made("option", { value }, `${value} (${number})`));
    const list = made("select", { onchange: keep, ariaLabel: name }, made("option", { value: ANY }, ANY), ...options);
    return { key, list, name, several: counts.size > 1 };
  }).filter(({ several }) => several);
  function keep() {
    for (const figure of figures) {
      figure.hidden = lists.some(({ key, list }) => list.selectedIndex > 0 && figure.dataset[key] !== list.value);
    }
    const kept = shown(gallery).length;
    count.value = kept < figures.length ? `${kept} of ${figures.length} images` : "";
  }
  if (lists.length) gallery.before(made("p", { className: "filter" }, ...lists.map(({ name, list }) => made("label", {}, `${name} `, list)), count));
}

const galleries = document.querySelectorAll(".gallery");
if (galleries.length) document.body.append(dialog);
for (const gallery of galleries) {
  filters(gallery);
  for (const figure of gallery.children) enlargeable(figure);
}

// Scenes to be looked through: a swipe between two layers, a threshold that recolours the map, and what a pixel says.

const THRESHOLDS = 1000;
const UNLABELLED = 255;
const STRIDE = 10;          // pixels that an arrow key moves by when shift is held
const STILL = 4;            // screen pixels within which a press is no swipe
const EMPTY = [255, 255, 255];

const made = (name, options = {}, ...children) => {
  const element = Object.assign(document.createElement(name), options);
  element.append(...children);
  return element;
};
const rgb = (colour) => [1, 3, 5].map((place) => parseInt(colour.slice(place, place + 2), 16));
const share = (part, whole) => (whole ? (part / whole).toFixed(3) : "–");
const whole = (count) => count.toLocaleString("en");

async function unpacked(text, Numbers) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Numbers(await new Response(stream).arrayBuffer());
}

async function pixelsOf(date, columns, rows) {
  const image = new Image();
  image.src = date.picture;
  await image.decode();
  const context = new OffscreenCanvas(columns, rows).getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, columns, rows).data;
}

/** A scene's rasters, and what stands at a pixel when the threshold is where it is. */
class Scene {
  constructor(told) {
    Object.assign(this, told);
    this.two = told.classes.length === 2;
    this.threshold = THRESHOLDS / 2 * this.two;
  }

  async load() {
    this.code = await unpacked(this.code, Uint16Array);
    this.truth = this.truth && await unpacked(this.truth, Uint8Array);
    this.likeliest = this.likeliest && await unpacked(this.likeliest, Uint8Array);
    this.expectation = await Promise.all(this.expectation.map((text) => unpacked(text, Int16Array)));
    this.pixels = await Promise.all(this.dates.map((date) => pixelsOf(date, this.columns, this.rows)));
    return this;
  }

  /** Number of the class said of a pixel; null where nothing is. */
  said(pixel) {
    const above = this.code[pixel] > this.threshold + 1;
    if (this.two) return this.code[pixel] ? Number(above) : null;
    return above ? this.likeliest[pixel] : null;
  }

  true(pixel) {
    const label = this.truth ? this.truth[pixel] : UNLABELLED;
    return label < this.classes.length ? label : null;
  }

  /** How a pixel's class agrees with its label; null where one is unknown. */
  agreement(pixel) {
    const said = this.said(pixel), label = this.true(pixel);
    if (said === null || label === null) return null;
    if (!this.two) return said === label ? "right" : "wrong";
    return said ? (label ? "hit" : "false alarm") : (label ? "miss" : "correct rejection");
  }

  counts() {
    const found = { said: this.classes.map(() => 0), unsaid: 0 };
    for (let pixel = 0; pixel < this.code.length; pixel++) {
      const said = this.said(pixel), agreement = this.agreement(pixel);
      if (said === null) found.unsaid += 1; else found.said[said] += 1;
      if (agreement) found[agreement] = (found[agreement] ?? 0) + 1;
    }
    return found;
  }
}

/** Layers that can be shown: name to the colour of a pixel. */
function layersOf(scene) {
  const ofClass = scene.colours.classes.map(rgb);
  const ofAgreement = Object.fromEntries(
    Object.entries(scene.colours).filter(([name]) => name !== "classes").map(([name, colour]) => [name, rgb(colour)]));
  const last = scene.pixels.at(-1);
  const grey = (pixel) => {
    const level = 140 + 0.15 * (last[4 * pixel] + last[4 * pixel + 1] + last[4 * pixel + 2]);
    return [level, level, level];
  };
  const layers = {};
  scene.dates.forEach(({ name }, place) => {
    const data = scene.pixels[place];
    layers[name] = (pixel) => data.subarray(4 * pixel, 4 * pixel + 3);
  });
  layers.predicted = (pixel) => ofClass[scene.said(pixel)] ?? EMPTY;
  if (scene.truth) {
    layers.truth = (pixel) => ofClass[scene.true(pixel)] ?? EMPTY;
    const name = scene.two ? "hits, misses, false alarms" : "right and wrong";
    layers[name] = (pixel) => ofAgreement[scene.agreement(pixel)] ?? grey(pixel);
  }
  return layers;
}

function paint(canvas, scene, colourOf) {
  const image = new ImageData(scene.columns, scene.rows);
  for (let pixel = 0; pixel < scene.code.length; pixel++) {
    const [red, green, blue] = colourOf(pixel);
    image.data[4 * pixel] = red;
    image.data[4 * pixel + 1] = green;
    image.data[4 * pixel + 2] = blue;
    image.data[4 * pixel + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

/** What the counts come to: a name, a number, and the colour of such pixels where they have one. */
function summary(scene) {
  const { said, unsaid, ...found } = scene.counts();
  const { colours } = scene;
  if (!scene.truth) {
    const ofClass = scene.classes.map((name, place) => [name, whole(said[place]), colours.classes[place]]);
    return [...ofClass, ["nothing said", whole(unsaid)]];
  }
  if (!scene.two) {
    const { right = 0, wrong = 0 } = found;
    return [
      ["right", whole(right), colours.right], ["wrong", whole(wrong), colours.wrong],
      ["nothing said", whole(unsaid)], ["right of what is said", share(right, right + wrong)],
    ];
  }
  const { hit = 0, miss = 0, "false alarm": alarm = 0, "correct rejection": rejection = 0 } = found;
  return [
    ["hits", whole(hit), colours.hit], ["misses", whole(miss), colours.miss],
    ["false alarms", whole(alarm), colours["false alarm"]], ["correct rejections", whole(rejection)],
    ["precision", share(hit, hit + alarm)], ["recall", share(hit, hit + miss)],
    ["F1", share(2 * hit, 2 * hit + miss + alarm)], ["IoU", share(hit, hit + miss + alarm)],
  ];
}

function counted([name, value, colour]) {
  const word = made("dt", {}, name);
  if (colour) {
    word.prepend(made("i"));
    word.firstChild.style.background = colour;
  }
  return made("div", {}, word, made("dd", {}, value));
}

/** A value of a band, from its share of the stretch; at its ends only a limit is known. */
function bandValue({ low, high }, band, level) {
  const value = Number((low[band] + (high[band] - low[band]) * level / 255).toPrecision(3));
  return `${level === 0 ? "≤ " : level === 255 ? "≥ " : ""}${value}`;
}

/** All that is known of a pixel, a line each. */
function sentences(scene, pixel) {
  const row = Math.floor(pixel / scene.columns), column = pixel % scene.columns;
  const lines = [`row ${row * scene.step}, column ${column * scene.step}`];
  if (!scene.code[pixel]) return [...lines, "not predicted: a band is invalid here"];
  scene.dates.forEach((date, place) => {
    const levels = scene.pixels[place].subarray(4 * pixel, 4 * pixel + 3);
    const values = scene.bands.map((band, k) => `${band} ${bandValue(date, k, levels[k])}`);
    lines.push(`${date.name}: ${[...new Set(values)].join(", ")}`);
  });
  scene.observables.forEach((name, place) =>
    lines.push(`⟨${name}⟩ ${(scene.expectation[place][pixel] / 1000).toFixed(3)}`));
  if (scene.silent) lines.push(`and ${scene.silent} more expectation values, which the page does not hold`);
  const probability = ((scene.code[pixel] - 1) / THRESHOLDS).toFixed(3);
  const said = scene.said(pixel), label = scene.true(pixel), agreement = scene.agreement(pixel);
  lines.push(`probability of ${scene.classes[scene.two ? 1 : scene.likeliest[pixel]]}: ${probability}`);
  lines.push(`predicted: ${scene.classes[said] ?? "nothing"}${label === null ? "" : `; is: ${scene.classes[label]}`}` +
    (agreement ? ` (${agreement})` : ""));
  return lines;
}

function choice(label, names, chosen, changed) {
  const list = made("select", { onchange: () => changed(list.value) }, ...names.map((name) => made("option", { value: name }, name)));
  list.value = chosen;
  return made("label", {}, `${label} `, list);
}

/** A stage of two canvases, the upper one cut off at the swipe; a press chooses a pixel, a drag swipes. */
function stageOf(scene, chosen, swiped) {
  const size = { width: scene.columns, height: scene.rows };
  const [left, right] = [made("canvas", size), made("canvas", size)];
  const line = made("i", { className: "swipe" }), mark = made("i", { className: "chosen", hidden: true });
  const stage = made("div", { className: "stage", tabIndex: 0 }, left, right, line, mark);
  stage.setAttribute("role", "application");
  stage.ariaLabel = "Scene: arrow keys choose a pixel, with shift ten pixels on";
  let place = [Math.floor(scene.columns / 2), Math.floor(scene.rows / 2)], pressed = null;

  const choose = (column, row) => {
    place = [Math.min(Math.max(column, 0), scene.columns - 1), Math.min(Math.max(row, 0), scene.rows - 1)];
    mark.hidden = false;
    mark.style.left = `${100 * (place[0] + 0.5) / scene.columns}%`;
    mark.style.top = `${100 * (place[1] + 0.5) / scene.rows}%`;
    chosen(place[1] * scene.columns + place[0]);
  };
  const within = (event) => {
    const box = left.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  };
  stage.addEventListener("pointerdown", (event) => { pressed = { x: event.clientX, moved: false }; });
  stage.addEventListener("pointermove", (event) => {
    if (!pressed || (!pressed.moved && Math.abs(event.clientX - pressed.x) < STILL)) return;
    pressed.moved = true;
    stage.setPointerCapture(event.pointerId);
    swiped(within(event)[0]);
  });
  stage.addEventListener("pointerup", (event) => {
    const [x, y] = within(event);
    if (pressed && !pressed.moved) choose(Math.floor(x * scene.columns), Math.floor(y * scene.rows));
    pressed = null;
  });
  stage.addEventListener("pointercancel", () => { pressed = null; });
  stage.addEventListener("keydown", (event) => {
    const by = event.shiftKey ? STRIDE : 1;
    const step = { ArrowLeft: [-by, 0], ArrowRight: [by, 0], ArrowUp: [0, -by], ArrowDown: [0, by], Enter: [0, 0] }[event.key];
    if (!step) return;
    event.preventDefault();
    choose(place[0] + step[0], place[1] + step[1]);
  });
  const swipe = (percent) => {
    right.style.clipPath = `inset(0 0 0 ${percent}%)`;
    line.style.left = `${percent}%`;
  };
  return { stage, left, right, swipe, again: () => mark.hidden || choose(...place) };
}

function viewer(scene) {
  const layers = layersOf(scene), names = Object.keys(layers);
  const last = names.at(-1), first = scene.dates.at(-1).name;
  const shown = { left: first, right: scene.truth ? last : "predicted" };
  const counts = made("dl", { className: "counts" }), said = made("output", { className: "told" }, "Choose a pixel.");
  const swipe = made("input", { type: "range", min: 0, max: 100, value: 50, ariaLabel: "Swipe between the layers" });
  const parts = stageOf(scene, (pixel) => { said.value = sentences(scene, pixel).join("\n"); }, (part) => {
    swipe.value = 100 * part;
    parts.swipe(swipe.value);
  });
  const draw = () => {
    paint(parts.left, scene, layers[shown.left]);
    paint(parts.right, scene, layers[shown.right]);
    counts.replaceChildren(...summary(scene).map(counted));
    parts.again();
  };
  const present = scene.code.filter((code) => code > 0);
  const limits = present.reduce(([low, high], code) => [Math.min(low, code - 2), Math.max(high, code - 1)], [THRESHOLDS, 0]);
  const threshold = made("input", {
    type: "range", min: Math.max(0, Math.min(limits[0], scene.threshold)), max: Math.min(THRESHOLDS, Math.max(limits[1], scene.threshold)),
    value: scene.threshold,
  });
  const level = made("output", {}, (scene.threshold / THRESHOLDS).toFixed(3));
  threshold.addEventListener("input", () => {
    scene.threshold = Number(threshold.value);
    level.value = (scene.threshold / THRESHOLDS).toFixed(3);
    draw();
  });
  swipe.addEventListener("input", () => parts.swipe(swipe.value));
  const whose = scene.two ? `probability of ${scene.classes[1]}` : "probability of the predicted class";
  const pick = (side) => choice(side, names, shown[side], (name) => { shown[side] = name; draw(); });
  parts.swipe(50);
  draw();
  const thinned = scene.step > 1 ? `One of ${scene.step} rows and columns of the scene.` : "";
  return made("div", { className: "play" },
    made("div", {}, made("p", {}, pick("left"), pick("right")), parts.stage, swipe),
    made("div", {}, made("p", {}, made("label", {}, `Threshold on the ${whose}`, threshold), level), counts, said, made("p", {}, thinned)));
}

async function play(data) {
  const figure = data.closest("figure"), picture = figure.querySelector("img");
  const scene = await new Scene(JSON.parse(data.textContent)).load();
  const folded = made("details", {}, made("summary", {}, "All panels as one picture"));
  picture.before(viewer(scene), folded);
  folded.append(picture);
}

if ("DecompressionStream" in window && "OffscreenCanvas" in window) {
  const near = new IntersectionObserver((entries) => entries.filter((entry) => entry.isIntersecting).forEach(({ target }) => {
    near.unobserve(target);
    play(target.querySelector("script.scene"));
  }), { rootMargin: "600px" });
  for (const data of document.querySelectorAll("script.scene")) near.observe(data.closest("figure"));
}

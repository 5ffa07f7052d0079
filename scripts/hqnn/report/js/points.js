// Figures whose points say what they are: the nearest to the pointer, or the one that the arrow keys have come to.

const NEAR = 14;            // units of the drawing within which a point speaks
const KEYS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
const SVG = "http://www.w3.org/2000/svg";

function speaking(drawing, lines) {
  const words = document.createElement("p");
  const mark = document.createElementNS(SVG, "circle");
  words.className = "tip";
  words.hidden = true;
  words.setAttribute("aria-live", "polite");
  mark.setAttribute("class", "near");
  mark.setAttribute("r", 4);
  drawing.append(mark);
  const box = document.createElement("div");
  box.className = "speaking";
  drawing.replaceWith(box);
  box.append(drawing, words);
  let place = null;

  const hide = () => {
    words.hidden = true;
    mark.removeAttribute("cx");
    mark.classList.remove("shown");
  };
  const show = (line, point) => {
    place = [line, point];
    const { name, x, y, says } = lines[line];
    mark.setAttribute("cx", x[point]);
    mark.setAttribute("cy", y[point]);
    mark.classList.add("shown");
    words.textContent = name ? `${name}: ${says[point]}` : says[point];
    words.hidden = false;
    const { width, height } = drawing.viewBox.baseVal;
    const [across, down] = [x[point] / width, y[point] / height];
    Object.assign(words.style, {
      left: across < 0.5 ? `${100 * across}%` : "auto", right: across < 0.5 ? "auto" : `${100 * (1 - across)}%`,
      top: down < 0.5 ? `calc(${100 * down}% + .8rem)` : "auto", bottom: down < 0.5 ? "auto" : `calc(${100 * (1 - down)}% + .8rem)`,
    });
  };
  const nearest = (event) => {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(drawing.getScreenCTM().inverse());
    let found = null, least = event.pointerType === "touch" ? 3 * NEAR : NEAR;
    lines.forEach(({ x, y }, line) => x.forEach((across, point) => {
      const distance = Math.hypot(across - at.x, y[point] - at.y);
      if (distance < least) [found, least] = [[line, point], distance];
    }));
    if (found) show(...found); else hide();
  };
  drawing.addEventListener("pointermove", nearest);
  drawing.addEventListener("pointerdown", nearest);
  drawing.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && hide());
  drawing.addEventListener("focus", () => drawing.matches(":focus-visible") && show(...(place ?? [0, 0])));
  drawing.addEventListener("blur", hide);
  drawing.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
    const step = KEYS[event.key];
    if (!step) return;
    event.preventDefault();
    const [line, point] = place ?? [0, 0];
    const other = (line + step[0] + lines.length) % lines.length, last = lines[other].says.length - 1;
    show(other, Math.min(Math.max(Math.min(point, last) + step[1], 0), last));
  });
  drawing.setAttribute("tabindex", 0);
}

for (const data of document.querySelectorAll("svg metadata.points")) {
  const lines = JSON.parse(data.textContent).filter(({ says }) => says.length > 0);
  speaking(data.closest("svg"), lines);
}

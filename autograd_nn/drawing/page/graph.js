// The drawing: nodes, boxes, edges; what is lit, and what is folded.

// characters of a text in a node; a longer one ends in …
const LONGEST = 26;
const stage = byId("stage"), view = svg("g");
stage.append(svg("defs", {}, ["edge", "path", "lit"].map(kind => svg("marker", {
  id: `head-${kind}`, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 8, markerHeight: 8, orient: "auto",
  markerUnits: "userSpaceOnUse", class: kind}, svg("path", {d: "M0,0.5 L8,4 L0,7.5 z"})))), view);
const ruler = document.createElement("canvas").getContext("2d");
let drawn = {rects: new Map(), edges: []}, elements = new Map(), lines = [];
let focused = null, selected = null, onPath = new Set();

function textWidth(text, size, bold) {
  ruler.font = `${bold ? 600 : 400} ${size}px ${getComputedStyle(document.body).fontFamily}`;
  return ruler.measureText(text).width;
}
const clipped = text => ([...text].length > LONGEST ? [...text].slice(0, LONGEST - 1).join("") + "…" : text);
const isConstant = i => roleOf(i) === "constant";
const boxTitle = k => B[k].title || word("block", k);

function sizeOf(item) {
  if (item < 0) return [Math.max(150, textWidth(clipped(boxTitle(~item)), 13, true) + 56), 56];
  if (isConstant(item)) return [Math.max(30, textWidth(brief(valueOf(item)), 13) + 18), 28];
  if (roleOf(item) === "omitted") return [textWidth(nameOf(item), 13) + 24, 28];
  const title = textWidth(clipped(nameOf(item)), 13, true) + (symbolOf(item) ? textWidth(symbolOf(item), 15, true) + 14 : 0);
  const numbers = [valueOf(item), gradientAt(item, LAST) ?? N.gradient[item], -0.25];
  const number = Math.max(...numbers.map(data => textWidth(minus(brief(data)), 14)));
  const caption = Math.max(...["value", "grad"].map(key => textWidth(word(key), 12)));
  const mark = marksOf(item) ? textWidth(`⚠ ${marksOf(item)}`, 11) : 0;
  return [Math.max(96, title + 24, caption + number + 32, mark + 20), mark ? 82 : 66];
}
const marksOf = i => [D.error?.inputs.includes(i) ? word("failed", D.error.op ?? word("program")) : D.marks[i],
                      ...(N.state?.[i] ?? []).map(s => word(s))].filter(Boolean).join(", ");

// Everything again: after folding, and after a change of language.
function drawGraph() {
  drawn = layOut(sizeOf);
  elements = new Map();
  const [below, boxes, things] = [svg("g"), svg("g"), svg("g")];
  lines = drawn.edges.map(edge => {
    const line = svg("path", {class: "edge", d: curve(edge.line), "stroke-width": 1 + Math.log2(edge.uses.length) / 2,
                              "data-uses": edge.uses.length});
    below.append(line);
    return line;
  });
  for (const [item, rect] of drawn.rects) {
    const element = item < 0 ? boxElement(~item, rect) : nodeElement(item, rect);
    elements.set(item, element);
    (item < 0 && open.has(~item) ? boxes : things).append(element);
  }
  view.replaceChildren(boxes, below, things, svg("text", {id: "chip", "aria-hidden": "true"}));
  if (!elements.has(focused)) focused = [...elements.keys()][0] ?? null;
  elements.get(focused)?.setAttribute("tabindex", 0);
}

function curve(points) {
  let d = `M${points[0]}`;
  for (let i = 1; i < points.length; i++) {
    const [[x1, y1], [x2, y2]] = [points[i - 1], points[i]], reach = Math.max(18, Math.abs(x2 - x1) / 2);
    d += i % 2 ? `C${x1 + reach},${y1} ${x2 - reach},${y2} ${x2},${y2}` : `L${x2},${y2}`;
  }
  return d;
}

function thing(item, rect, classes, ...children) {
  return svg("g", {class: classes, "data-item": item, transform: `translate(${rect.x},${rect.y})`, tabindex: -1,
                   role: "button"}, children);
}
const label = (x, y, text, classes, anchor = "start") => svg("text", {x, y, class: classes, "text-anchor": anchor}, text);

function nodeElement(i, rect) {
  const {w, h} = rect, frame = svg("rect", {class: "frame", width: w, height: h, rx: symbolOf(i) ? 8 : 3});
  const kind = `node ${roleOf(i)} ${N.parameter?.[i] ? "parameter" : ""} order${N.order?.[i] ?? 0}`;
  if (isConstant(i)) return thing(i, rect, kind, frame, label(w / 2, 19, brief(valueOf(i)), "value", "middle"));
  if (roleOf(i) === "omitted") return thing(i, rect, kind, frame, label(w / 2, 19, nameOf(i), "value", "middle"));
  const at = symbolOf(i) ? textWidth(symbolOf(i), 15, true) + 18 : 10, unnamed = /^v\d+$/.test(nameOf(i));
  return thing(i, rect, kind, frame, svg("rect", {class: "ground", x: 1, y: 44, width: w - 2, height: 21, rx: 3}),
    symbolOf(i) ? label(10, 18, symbolOf(i), "symbol") : null,
    label(at, 18, clipped(nameOf(i)), unnamed ? "unnamed" : "name"),
    label(10, 38, word("value"), "caption"), label(w - 10, 38, "", "value", "end"),
    label(10, 59, word("grad"), "caption"), label(w - 10, 59, "", "gradient", "end"),
    marksOf(i) ? label(10, 77, `⚠ ${marksOf(i)}`, "mark") : null);
}

function boxElement(k, rect) {
  const unfolded = open.has(k), {w, h} = rect;
  const element = thing(~k, rect, unfolded ? "box open" : "box", svg("rect", {class: "frame", width: w, height: h, rx: 10}),
    svg("path", {class: "fold", d: unfolded ? "M12,12 l10,0 l-5,7 z" : "M13,11 l7,5 l-7,5 z"}),
    label(30, 21, clipped(boxTitle(k)), "name"),
    unfolded ? null : label(30, 42, word("nodes", D.inside[k].toLocaleString(lang)), "caption"));
  element.setAttribute("aria-expanded", unfolded);
  element.setAttribute("aria-label", word("boxLabel", boxTitle(k), D.inside[k]));
  return element;
}

// The numbers and the light of the present step, on what is drawn.
function showState() {
  const step = stepAt(position), p = shown();
  for (const [item, element] of elements) {
    if (item < 0) continue;
    const gradient = gradientAt(item, p), known = isComputed(item, p);
    if (element.querySelector(".gradient")) {
      element.querySelector(".value").textContent = known ? minus(brief(valueOf(item))) : "·";
      const text = element.querySelector(".gradient");
      text.textContent = gradient !== null ? minus(brief(gradient)) : hasArrived(item, p) ? "…" : "—";
      tint(element.querySelector(".ground"), gradient);
    }
    element.classList.toggle("waiting", !known);
    element.classList.toggle("selected", item === selected);
    element.setAttribute("aria-label", nodeLabel(item, known, gradient));
  }
  const litItems = new Set([step.node, step.from].filter(i => i !== undefined).map(standIn));
  for (const [item, element] of elements) element.classList.toggle("lit", litItems.has(item));
  byId("chip").textContent = "";
  drawn.edges.forEach((edge, n) => {
    const lit = step.kind === "backward" ? edge.uses.some(([b, slot]) => b === step.from && slot === step.slot)
      : step.kind === "forward" && edge.uses.some(([b]) => b === step.node);
    const path = !lit && edge.uses.some(([b, slot]) => onPath.has(b) && usesOf(b).some(use => use.slot === slot && onPath.has(use.node)));
    lines[n].setAttribute("class", lit ? "edge lit" : path ? "edge path" : "edge");
    lines[n].setAttribute("marker-end", `url(#head-${lit ? "lit" : path ? "path" : "edge"})`);
    if (lit && step.kind === "backward" && p === position) nameEdge(lines[n], factorOf(step.event));
  });
}

// The local derivative, on the edge along which it multiplies.
function nameEdge(line, local) {
  if (local === null || local === undefined || !isScalar(local)) return;
  const {x, y} = line.getPointAtLength(line.getTotalLength() / 2), chip = byId("chip");
  chip.setAttribute("x", x);
  chip.setAttribute("y", y - 8);
  chip.textContent = `× ${minus(factor(local))}`;
}

// A ground whose hue is the sign and whose strength the logarithm of the size.
const largest = [...N.gradient, ...(E ? E.after : [])].reduce(
  (most, g) => Math.max(most, isScalar(g) && Number.isFinite(scalar(g)) ? Math.abs(scalar(g)) : 0), 0);
function tint(ground, gradient) {
  const x = gradient !== null && isScalar(gradient) ? scalar(gradient) : 0;
  const strength = x && Number.isFinite(x) ? Math.max(1, 4 - Math.floor(Math.log10(largest / Math.abs(x)) + 1e-9)) : 0;
  ground.setAttribute("class", `ground fill ${sign(x)}`);
  ground.setAttribute("fill-opacity", strength / 5);
}

function nodeLabel(i, known, gradient) {
  const made = symbolOf(i) ? `, ${N.op[i]}` : "";
  const parts = [`${isConstant(i) ? word("constant") : nameOf(i)}${made}`, word("valueIs", known ? brief(valueOf(i)) : "?")];
  if (!isConstant(i)) parts.push(word("gradientIs", gradient === null ? word("notComputed") : brief(gradient)));
  return [...parts, marksOf(i)].filter(Boolean).join(", ");
}

// What is drawn in a node's place: itself, or the folded box that hides it.
function standIn(i) {
  const cover = covers()[home[i]];
  return cover < 0 ? i : ~cover;
}

// --- folding --------------------------------------------------------------------------------------

function visibleCount() {
  const cover = covers();
  return B.reduce((n, box, k) => n + (cover[k] < 0 ? box.items.length - (k ? 1 : 0) : 0), 0);
}

// Unfold a box and all around it.
function unfold(k) {
  const kept = new Set();
  for (let box = k; box !== null; box = B[box].parent) {
    kept.add(box);
    open.add(box);
  }
  // within the budget: what was opened first is folded first
  for (const box of [...open]) {
    if (visibleCount() <= D.budget) break;
    if (!kept.has(box)) open.delete(box);
  }
}

// To begin with: everything, if that is within the budget, else nothing but the outermost boxes.
function unfoldToBegin() {
  B.forEach((_, k) => open.add(k));
  if (visibleCount() > D.budget) B.forEach((_, k) => k && open.delete(k));
}

function reveal(i) {
  if (elements.has(i)) return;
  unfold(home[i]);
  drawGraph();
}

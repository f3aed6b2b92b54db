// Elements. What a user named gets into the page as text nodes and attributes, never as markup.

const SVG = "http://www.w3.org/2000/svg", MATH = "http://www.w3.org/1998/Math/MathML";

function make(space, tag, attributes, children) {
  const element = space ? document.createElementNS(space, tag) : document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(key, value);
    else if (value !== null && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter(child => child !== null));
  return element;
}
const html = (tag, attributes = {}, ...children) => make(null, tag, attributes, children);
const svg = (tag, attributes = {}, ...children) => make(SVG, tag, attributes, children);
const math = (tag, ...children) => make(MATH, tag, {}, children);
const byId = id => document.getElementById(id);

const minus = text => String(text).replaceAll("-", "−");
const mo = text => math("mo", text), mi = text => math("mi", text), mn = text => math("mn", minus(text));
const row = (...children) => math("mrow", ...children);
const formula = (...children) => make(MATH, "math", {display: "block"}, children);
const numbers = (...children) => make(MATH, "math", {display: "block", class: "numbers"}, children);

// The number of w12 as an index, by characters (not every font can shift one); other names as they are.
function mathName(i) {
  const name = nameOf(i), [, letter, index] = /^(\p{L})_?(\d+)$/u.exec(name) ?? [];
  if (letter) return row(mi(letter), math("mn", index.replace(/./g, digit => "₀₁₂₃₄₅₆₇₈₉"[digit])));
  const chars = [...name];
  return mi(chars.length > 12 ? `…${chars.slice(-10).join("")}` : name);
}
const partial = (top, bottom) => math("mfrac", row(mo("∂"), top), row(mo("∂"), bottom));
const mathRoot = () => (D.roots.length === 1 ? mathName(D.roots[0]) : mi("Σ"));
const rootName = () => (D.roots.length === 1 ? nameOf(D.roots[0]) : "Σ");
const ofRoot = i => partial(mathRoot(), mathName(i));
const textOfRoot = i => `d${operand(rootName())}/d${operand(nameOf(i))}`;
const textOf = (u, v) => `d${operand(nameOf(u))}/d${operand(nameOf(v))}`;
const mathFactor = data => mn(factor(data, 4));

// A number in full, a small array as a table, a larger one as a heat map of block means.
function full(data) {
  if (data === null) return html("em", {}, word("notComputed"));
  if (isScalar(data)) return html("output", {}, String(scalar(data)));
  if (data.data) return grid(data.shape.length === 1 ? [data.data] : data.data);
  const range = ["min", "mean", "max"].map(key => `${key} ${short(data[key])}`).join("   ");
  const about = html("span", {class: "about"}, `${shape(data)} ${data.dtype}`, html("br"), range);
  return data.cells ? html("span", {}, heat(data), about) : about;
}

function grid(rows) {
  if (!Array.isArray(rows)) return html("output", {}, String(rows));
  return html("table", {}, rows.map(cells => html("tr", {}, [cells].flat().map(x =>
    html("td", {title: String(x), class: sign(x)}, short(x))))));
}

function heat(data) {
  const cells = Array.isArray(data.cells[0]) ? data.cells : [data.cells];
  const largest = Math.max(...cells.flat().map(Math.abs).filter(Number.isFinite)) || 1, size = Math.min(14, 240 / cells[0].length, 160 / cells.length);
  const picture = svg("svg", {class: "heat", width: size * cells[0].length, height: size * cells.length, role: "img",
                              "aria-label": word("heat", shape(data))});
  cells.forEach((line, r) => line.forEach((x, c) => picture.append(svg("rect", {
    x: c * size, y: r * size, width: size, height: size, class: `fill ${sign(x)}`,
    "fill-opacity": Math.abs(x) / largest || 0}, svg("title", {}, short(x))))));
  return picture;
}

const sign = x => (x > 0 ? "pos" : x < 0 ? "neg" : "");

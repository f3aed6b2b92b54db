// The page of a replay: a slider over the snapshots of a training run.

const shots = D.shots, losses = D.losses.map(Number), last = shots.length - 1;
// pixels: the width of a node's box; width and height of the curve's picture; its margins left, top, right, bottom
const WIDTH = 140, VIEW = [400, 150], INSET = [64, 10, 12, 24];
const MARKS = [(c, r) => c.arc(0, 0, r, 0, 7), (c, r) => c.rect(-r, -r, 2 * r, 2 * r), polygon(3), polygon(4), polygon(3, Math.PI),
               polygon(5), polygon(6), polygon(8)];
let now = last, timer = null, redraw = [];

function polygon(corners, turn = 0) {
  return (c, r) => {
    for (let i = 0; i < corners; i++) {
      const a = turn - Math.PI / 2 + (2 * Math.PI * i) / corners;
      c[i ? "lineTo" : "moveTo"](1.25 * r * Math.cos(a), 1.25 * r * Math.sin(a));
    }
    c.closePath();
  };
}
const paper = () => getComputedStyle(document.querySelector("header")).backgroundColor;

// --- the loss --------------------------------------------------------------------------------------
function drawLoss() {
  const finite = losses.filter(Number.isFinite), low = Math.min(...finite), high = Math.max(...finite);
  const log = low > 0 && high >= 100 * low, f = log ? Math.log10 : x => x;
  const [w, h] = VIEW, [left, top, right, bottom] = INSET;
  const span = f(high) - f(low) || 1, steps = Math.max(1, losses.length - 1);
  const x = i => left + ((w - left - right) * i) / steps;
  const y = loss => top + (h - top - bottom) * (1 - (f(loss) - f(low)) / span);
  let d = "", pen = "M";
  losses.forEach((loss, i) => {
    if (Number.isFinite(loss)) d += `${pen}${x(i).toFixed(1)},${y(loss).toFixed(1)}`;
    pen = Number.isFinite(loss) ? "L" : "M";
  });
  const line = svg("line", {class: "now", y1: top, y2: h - bottom}), dot = svg("circle", {r: 6});
  const seek = event => {
    const box = picture.getBoundingClientRect(), at = ((event.clientX - box.left) / box.width) * w;
    const step = ((at - left) / (w - left - right)) * steps;
    show(shots.reduce((best, shot, i) => (Math.abs(shot.step - step) < Math.abs(shots[best].step - step) ? i : best), 0));
  };
  const picture = svg("svg", {viewBox: `0 0 ${w} ${h}`, role: "img", "aria-label": word("loss"),
                              pointerdown: event => { picture.setPointerCapture(event.pointerId); seek(event); },
                              pointermove: event => { if (event.buttons) seek(event); }},
    svg("path", {class: "frame", d: `M${left},${top}V${h - bottom}H${w - right}`}),
    [high, low].map(v => svg("text", {x: left - 6, y: y(v) + 4, "text-anchor": "end"}, minus(short(v, 3)))),
    svg("text", {x: left, y: h - 6}, word("step", 0)),
    svg("text", {x: w - right, y: h - 6, "text-anchor": "end"}, word("step", losses.length - 1)),
    log ? svg("text", {x: w - right, y: top + 10, "text-anchor": "end"}, word("scale")) : null,
    svg("path", {class: "curve", d}), line, dot);
  byId("loss").replaceChildren(picture);
  redraw.push(shot => {
    const loss = losses[shot.step], at = x(shot.step);
    line.setAttribute("x1", at);
    line.setAttribute("x2", at);
    dot.setAttribute("cx", at);
    dot.setAttribute("cy", Number.isFinite(loss) ? y(loss) : top);
  });
}

// --- the decision boundary -------------------------------------------------------------------------
const rgb = hex => [1, 3, 5].map(i => parseInt(hex.slice(i, i + 2), 16));

function drawPlane() {
  if (!D.data) return;
  byId("plane").hidden = false;
  const {n, points, classes, names, extent: [left, right, low, high], colours} = D.data;
  const canvas = byId("boundary"), c = canvas.getContext("2d"), small = document.createElement("canvas");
  small.width = small.height = n;
  const mark = (pen, k, r) => {
    pen.beginPath();
    MARKS[k % MARKS.length](pen, r);
    pen.fillStyle = colours[k % colours.length];
    pen.fill();
    pen.stroke();
  };
  byId("classes").replaceChildren(...names.map((name, k) => {
    const key = document.createElement("canvas"), pen = key.getContext("2d");
    [key.width, key.height] = [28, 28];
    key.setAttribute("class", "mark");
    pen.translate(14, 14);
    pen.lineWidth = 2;
    pen.strokeStyle = paper();
    mark(pen, k, 8);
    return html("span", {}, key, name);
  }));
  canvas.setAttribute("aria-label", word("plane"));
  redraw.push(shot => {
    const cells = atob(shot.boundary), image = new ImageData(n, n), ground = paper().match(/\d+/g).map(Number);
    for (let i = 0; i < n * n; i++) {
      const cell = cells.charCodeAt(i), tone = rgb(colours[cell >> 5]), part = 0.08 + 0.5 * ((cell & 31) / 31);
      // the first row is the lowest
      const at = 4 * ((n - 1 - Math.floor(i / n)) * n + (i % n));
      for (let k = 0; k < 3; k++) image.data[at + k] = ground[k] + part * (tone[k] - ground[k]);
      image.data[at + 3] = 255;
    }
    small.getContext("2d").putImageData(image, 0, 0);
    c.imageSmoothingEnabled = true;
    c.imageSmoothingQuality = "high";
    // the grid's points lie on the edges of the plane, the middles of its pixels half a pixel within
    c.drawImage(small, 0.5, 0.5, n - 1, n - 1, 0, 0, canvas.width, canvas.height);
    c.strokeStyle = paper();
    c.lineWidth = 2;
    points.forEach(([px, py], i) => {
      c.save();
      c.translate(((px - left) / (right - left)) * canvas.width, ((high - py) / (high - low)) * canvas.height);
      mark(c, classes[i], points.length > 300 ? 5 : 8);
      c.restore();
    });
  });
}

// --- the graph -------------------------------------------------------------------------------------
const few = data => (data === null ? "–" : Array.isArray(data) ? `[${data.map(x => short(x, 3)).join(", ")}]`
  : typeof data === "object" ? `${word("average")} ${short(data.mean, 3)}` : short(data));
const tail = (text, n) => ([...text].length > n ? "…" + [...text].slice(1 - n).join("") : text);
const cut = (text, n) => ([...text].length > n ? [...text].slice(0, n - 1).join("") + "…" : text);

function drawGraph(k) {
  const {width, height, nodes, edges} = D.structures[k];
  const texts = nodes.map(() => [svg("text", {x: 8, y: 31}), svg("text", {class: "gradient", x: 8, y: 44})]);
  const picture = svg("svg", {viewBox: `-2 -2 ${width + 4} ${height + 4}`, role: "img", "aria-label": word("graph")},
    edges.map(points => svg("path", {d: points.map(([x, y], i) => {
      const [px, py] = points[i - 1] ?? [], m = (px + x) / 2;
      return i ? `C${m},${py} ${m},${y} ${x},${y}` : `M${x},${y}`;
    }).join("")})),
    nodes.map((node, i) => svg("g", {class: node.role, transform: `translate(${node.x},${node.y})`},
      svg("rect", {width: WIDTH, height: node.height, rx: 7}),
      svg("title", {}, node.name + (node.shape ? ` ${shape(node)}` : "")),
      node.height < 40 ? svg("text", {x: 8, y: 17}, cut(node.name, 18)) : [
        svg("text", {class: "title", x: 8, y: 16}, node.symbol ? cut(node.name, 9) : tail(node.name, 17)),
        svg("text", {x: WIDTH - 8, y: 16, "text-anchor": "end"}, node.symbol ? cut(node.symbol, 9) : ""), ...texts[i]])));
  // fits the window, but does not get too small to be read
  picture.style.maxWidth = `${width + 4}px`;
  picture.style.minWidth = `${0.75 * width}px`;
  const frame = byId("graph");
  frame.replaceChildren(picture);
  frame.scrollTop = (frame.scrollHeight - frame.clientHeight) / 2;
  return shot => texts.forEach(([value, gradient], i) => {
    value.textContent = minus(cut(few(shot.values[i]), 18));
    gradient.textContent = shot.gradients[i] === null ? "" : `∂ ${minus(cut(few(shot.gradients[i]), 16))}`;
  });
}

function followGraph() {
  let drawn = null, fill = null;
  redraw.push(shot => {
    if (drawn !== shot.graph) [drawn, fill] = [shot.graph, drawGraph(shot.graph)];
    fill(shot);
  });
}

// --- parameters and the optimizer's state ----------------------------------------------------------
function drawParameters() {
  byId("optimizer").textContent = D.optimizer ? `${D.optimizer}\n${word("before")}` : "";
  byId("parameters").replaceChildren(...D.parameters.map(({name, shape: size, grid: [rows, columns]}, p) => {
    const keys = [...new Set(shots.flatMap(shot => Object.keys(shot.parameters[p])))];
    const counter = html("span", {class: "about"});
    const arrays = keys.filter(key => shots.some(shot => Array.isArray(shot.parameters[p][key])));
    redraw.push(shot => {
      counter.textContent = keys.filter(key => !arrays.includes(key) && key in shot.parameters[p])
        .map(key => `${key} ${short(shot.parameters[p][key])}`).join("  ");
    });
    const title = size.length ? `${name} (${size.join(", ")}${size.length === 1 ? "," : ""})` : name;
    return html("section", {}, html("h3", {}, title, counter),
      html("div", {class: "entries"}, arrays.map(key => entry(p, key, rows, columns))));
  }));
}

function entry(p, key, rows, columns) {
  const all = shots.flatMap(shot => shot.parameters[p][key] ?? []).map(Number).filter(Number.isFinite);
  const most = Math.max(...all.map(Math.abs), 1e-300), table = rows * columns <= 12 && columns <= 4;
  const size = Math.max(5, Math.min(14, Math.floor(230 / Math.max(rows, columns))));
  const tips = [];
  const cells = Array.from({length: rows * columns}, (_, i) => {
    if (table) return html("td");
    tips.push(svg("title"));
    return svg("rect", {x: (i % columns) * size, y: Math.floor(i / columns) * size, width: size, height: size}, tips[i]);
  });
  const range = html("span");
  redraw.push(shot => {
    const data = shot.parameters[p][key];
    cells.forEach((cell, i) => {
      const x = data ? data[i] : null, strength = x === null || !Number.isFinite(+x) ? 0 : Math.sqrt(Math.abs(x) / most);
      const tone = `color-mix(in srgb, var(--${x < 0 ? "neg" : "pos"}) ${Math.round(100 * strength)}%, transparent)`;
      const text = x === null ? "–" : minus(short(x, 3));
      if (table) {
        cell.textContent = text;
        cell.style.background = tone;
      } else {
        tips[i].textContent = text;
        cell.style.fill = tone;
      }
    });
    if (!table) range.textContent = data ? ` ${minus(word("range", short(Math.min(...data), 3), short(Math.max(...data), 3)))}` : " –";
  });
  const label = D.words[lang][key] ?? key;
  return html("figure", {"data-key": key}, html("figcaption", {}, label, range), table
    ? html("table", {"aria-label": label}, Array.from({length: rows}, (_, r) =>
      html("tr", {}, cells.slice(r * columns, (r + 1) * columns))))
    : svg("svg", {width: columns * size, height: rows * size, role: "img", "aria-label": label}, cells));
}

// --- steps -----------------------------------------------------------------------------------------
function show(at) {
  now = Math.max(0, Math.min(last, at));
  const shot = shots[now], loss = word("of", shot.step, losses.length - 1) + ` · ${word("loss")} ${short(D.losses[shot.step])}`;
  byId("slider").value = now;
  byId("slider").setAttribute("aria-valuetext", loss);
  byId("count").textContent = minus(loss);
  redraw.forEach(draw => draw(shot));
  if (now === last) pause();
}

function pause() {
  clearInterval(timer);
  timer = null;
  label("play", "▶", "play");
}

function play() {
  if (timer) return pause();
  if (now === last) show(0);
  label("play", "❚❚", "pause");
  timer = setInterval(() => show(now + 1), Math.max(60, Math.min(600, 8000 / (last + 1))));
}

function label(id, sign, key) {
  byId(id).textContent = sign;
  byId(id).setAttribute("aria-label", word(key));
  byId(id).title = word(key);
}

function drawAll() {
  redraw = [];
  document.documentElement.lang = lang;
  for (const [id, key] of [["lossTitle", "loss"], ["planeTitle", "plane"], ["graphTitle", "graph"], ["stateTitle", "state"]])
    byId(id).textContent = word(key);
  for (const [id, sign] of [["first", "«"], ["previous", "‹"], ["next", "›"], ["last", "»"], ["theme", "◐"]]) label(id, sign, id);
  label("play", timer ? "❚❚" : "▶", timer ? "pause" : "play");
  byId("language").textContent = word("language");
  byId("slider").setAttribute("aria-label", word("slider"));
  byId("slider").title = word("keys");
  drawLoss();
  drawPlane();
  followGraph();
  drawParameters();
  show(now);
}

const go = {first: () => show(0), previous: () => show(now - 1), next: () => show(now + 1), last: () => show(last), play};
for (const [id, action] of Object.entries(go)) byId(id).addEventListener("click", action);
byId("slider").max = last;
byId("slider").addEventListener("input", event => show(event.target.valueAsNumber));
byId("language").addEventListener("click", () => {
  lang = lang === "en" ? "ja" : "en";
  drawAll();
});
const prefersDark = matchMedia("(prefers-color-scheme: dark)");
byId("theme").addEventListener("click", () => {
  const root = document.documentElement, dark = root.dataset.theme ? root.dataset.theme === "dark" : prefersDark.matches;
  root.dataset.theme = dark ? "light" : "dark";
  drawAll();
});
prefersDark.addEventListener("change", drawAll);
document.addEventListener("keydown", event => {
  const keys = {ArrowLeft: go.previous, ArrowRight: go.next, Home: go.first, End: go.last, " ": go.play};
  const action = keys[event.key];
  if (!action || event.ctrlKey || event.metaKey || event.altKey || (event.key === " " && event.target.closest("button"))) return;
  // there they scroll
  if (event.target.id === "graph" && event.key.startsWith("Arrow")) return;
  event.preventDefault();
  action();
});
drawAll();

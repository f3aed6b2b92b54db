// The controls, and what starts it all.

let timer = null;

function render() {
  passUnasked();
  byId("slider").value = position;
  byId("slider").setAttribute("aria-valuetext", `${position} / ${LAST}`);
  byId("count").textContent = `${position} / ${LAST}`;
  byId("step").replaceChildren(...stepCard());
  byId("live").textContent = [stepLine(stepAt(position)), byId("step").querySelector("label")?.textContent].filter(Boolean).join(". ");
  document.body.dataset.position = position;
  showChosen();
  shrink(byId("step"));
}

// Formulas that are wider than their column, in smaller type.
function shrink(card) {
  for (const wide of card.querySelectorAll(".wide")) {
    wide.style.fontSize = `${Math.max(0.7, Math.min(1, wide.clientWidth / wide.scrollWidth))}em`;
  }
}

function go(p, look = true) {
  position = Math.max(0, Math.min(LAST, p, D.practice ? nextQuestion() : LAST));
  render();
  const {node} = stepAt(position);
  if (look && node !== undefined) lookAt(standIn(node));
  if (isHidden() && look) byId("answer")?.focus();
}

// The furthest step that may be gone to: the first one that is still to be answered.
function nextQuestion() {
  let p = frontier + 1;
  while (p < LAST && p > F && wanted(p) === null) p++;
  return p;
}

function play() {
  if (timer) stop();
  else {
    if (position === LAST) go(0);
    timer = setInterval(() => { if (position >= LAST || isHidden()) stop(); else go(position + 1); }, 900);
  }
  nameControls();
}

function stop() {
  clearInterval(timer);
  timer = null;
  nameControls();
}

const CONTROLS = {first: "|◀", previous: "◀", play: "", next: "▶", last: "▶|", zoomOut: "−", zoomIn: "+", fit: "⤢", theme: "◐", help: "?"};
const ACTIONS = {first: () => go(0), previous: () => go(position - 1), play, next: () => go(position + 1), last: () => go(LAST),
                 zoomOut: () => zoomBy(1 / 1.3), zoomIn: () => zoomBy(1.3), fit, theme: switchTheme,
                 help: showKeys};

function showKeys() {
  if (byId("keys").toggleAttribute("open")) byId("keys").scrollIntoView();
}

function switchTheme() {
  const root = document.documentElement;
  const now = root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  root.dataset.theme = now === "dark" ? "light" : "dark";
}

function nameControls() {
  for (const id of Object.keys(CONTROLS)) {
    const name = word(id === "play" && timer ? "pause" : id);
    byId(id).setAttribute("aria-label", name);
    byId(id).title = name;
  }
  byId("play").textContent = word(timer ? "pause" : "play");
}

// All fixed text, in the language of the moment.
function nameEverything() {
  document.documentElement.lang = lang;
  nameControls();
  byId("language").textContent = lang === "en" ? "日本語" : "English";
  byId("language").lang = lang === "en" ? "ja" : "en";
  byId("search").placeholder = word("search");
  for (const [id, key] of [["search", "search"], ["slider", "slider"], ["stage", "graph"], ["panel", "panel"]]) byId(id).setAttribute("aria-label", word(key));
  byId("legend").replaceChildren(...["leaf", "parameter", "constant", "intermediate", "output"].filter(isUsed).map(role =>
    html("span", {class: `key ${role}`}, word(role))), html("span", {class: "key pos"}, word("positive")), html("span", {class: "key neg"}, word("negative")));
  byId("keys").replaceChildren(html("summary", {}, word("keys")), html("dl", {}, D.words[lang].keyList.flatMap(([key, what]) => [html("dt", {}, key), html("dd", {}, what)])));
  byId("error").replaceChildren(...aboutCard(), ...errorCard());
}
const isUsed = role => N.role.some((r, i) => (role === "parameter" ? N.parameter?.[i] : r === role && !N.parameter?.[i]));

function switchLanguage() {
  lang = lang === "en" ? "ja" : "en";
  nameEverything();
  drawGraph();
  render();
}

// --- keys and clicks ----------------------------------------------------------------------------------

const KEYS = {ArrowRight: () => go(position + 1), ArrowLeft: () => go(position - 1), Home: () => go(0), End: () => go(LAST),
              "+": ACTIONS.zoomIn, "-": ACTIONS.zoomOut, "0": fit, "/": () => byId("search").focus(), p: play, Escape: () => select(null)};

addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input:not([type=range], [type=checkbox])")) return;
  const key = event.key, inGraph = event.target.closest("[data-item]");
  if (inGraph && ["ArrowUp", "ArrowDown", "Enter", " "].includes(key)) {
    event.preventDefault();
    if (key === "Enter" || key === " ") choose(Number(inGraph.dataset.item));
    else walk(key === "ArrowDown" ? 1 : -1);
  } else if (KEYS[key]) {
    event.preventDefault();
    KEYS[key]();
  }
});

// The next thing in the order of reading: down the column, then the column to the right.
function walk(by) {
  const order = [...drawn.rects].sort(([, a], [, b]) => a.x - b.x || a.y - b.y).map(([item]) => item);
  const next = order[order.indexOf(focused) + by];
  if (next === undefined) return;
  focusOn(next);
  lookAt(next);
}

function choose(item) {
  if (item < 0) toggleBox(~item);
  else select(item);
  elements.get(item)?.focus({preventScroll: true});
}

stage.addEventListener("click", event => {
  const thing = event.target.closest("[data-item]");
  if (!moved && thing) choose(Number(thing.dataset.item));
});
addEventListener("pointerdown", event => {
  if (!event.target.closest("#finder")) byId("found").hidden = true;
});
byId("slider").addEventListener("input", event => go(Number(event.target.value)));
byId("search").addEventListener("input", event => showFound(event.target.value));
byId("search").addEventListener("keydown", event => {
  const first = search(event.target.value)?.[0];
  if (event.key === "Enter" && !event.isComposing && first !== undefined) { byId("found").hidden = true; select(first, true); }
  if (event.key === "Escape") { event.target.value = ""; showFound(""); }
});
byId("language").addEventListener("click", switchLanguage);
for (const [id, text] of Object.entries(CONTROLS)) {
  byId(id).textContent = text;
  byId(id).addEventListener("click", ACTIONS[id]);
}
let fitted = true;
for (const kind of ["wheel", "pointerdown"]) stage.addEventListener(kind, () => (fitted = false));
new ResizeObserver(() => fitted && overview()).observe(stage);

byId("slider").max = LAST;
if (D.practice) position = Math.min(F, LAST);
unfoldToBegin();
nameEverything();
drawGraph();
overview();
render();
document.body.dataset.ready = "";

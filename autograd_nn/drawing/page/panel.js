// The column beside the drawing: the present step in words, symbols and numbers, and the node that was chosen.

// items of a list (of a node's inputs, or of what uses it); a longer one ends in ⋯
const MOST = 24;
const link = i => html("button", {class: "link", click: () => select(i, true)}, isConstant(i) ? brief(valueOf(i)) : nameOf(i));
const dots = () => mo("·");
const section = (title, ...children) => html("section", {}, title && html("h3", {}, title), ...children);

function sourceOf(i) {
  const source = N.source?.[i] === undefined || N.source[i] === null ? null : D.sources[N.source[i]];
  return source && html("pre", {class: "source"}, html("span", {class: "about"}, `${source.file}:${source.line}\n`), source.text.trim());
}

// "dL/dw2 += dL/du * du/dw2 : 0 + 78 * 2 = 156"
function chainLine(e) {
  const [u, v] = [E.from[e], E.to[e]], symbols = `${textOfRoot(v)} += ${textOfRoot(u)} * ${textOf(u, v)}`;
  const part = E.contribution[e], local = factorOf(e);
  if (isHidden() || part === null || !isScalar(part)) return symbols;
  const product = local !== null && isScalar(local) ? `${factor(upstream(e))} * ${factor(local)}` : factor(part);
  return `${symbols} : ${brief(before(e), 6)} + ${product} = ${brief(E.after[e], 6)}`;
}

// The local derivative "du/dw2 = x1 = 2"; of arrays, what turns the gradient ḡ of the result into this one's.
const localLine = ({from, slot, node}) => {
  const use = usesOf(from).find(use => use.slot === slot);
  if (isArray(valueOf(from))) return `${textOfRoot(node)} += ${use.text ?? "…"},  ḡ = ${textOfRoot(from)}`;
  const number = use.local !== null && isScalar(use.local) ? brief(use.local, 6) : null;
  return `${textOf(from, node)} = ${[use.text, number].filter((x, i, all) => x && all.indexOf(x) === i).join(" = ")}`;
};

const forwardLine = i => [nameOf(i), N.made[i], N.numbers?.[i], brief(valueOf(i), 6)].filter(Boolean).join(" = ");

// The step in one line, for screen readers and for copying.
function stepLine(step) {
  if (step.kind === "start") return word("start");
  if (step.kind === "forward") return forwardLine(step.node);
  if (step.kind === "seed") return `${textOfRoot(step.node)} = ${isHidden() ? "?" : 1}`;
  return chainLine(step.event);
}

const isHidden = () => position > frontier;

function chainMath(step) {
  const {node: v, from: u, event: e} = step, part = E.contribution[e], local = factorOf(e);
  const symbols = formula(row(ofRoot(v), mo("+="), ofRoot(u), dots(), partial(mathName(u), mathName(v))));
  if (isHidden() || part === null || !isScalar(part)) return [symbols];
  const product = local !== null && isScalar(local) ? [mathFactor(upstream(e)), dots(), mathFactor(local)] : [mathFactor(part)];
  const result = math("mn", minus(brief(E.after[e])));
  result.setAttribute("class", "result");
  return [symbols, numbers(row(mn(brief(before(e))), mo("+"), ...product, mo("="), result))];
}

function stepCard() {
  const step = stepAt(position), line = html("p", {id: "line", class: step.kind === "start" ? "" : "mono"}, stepLine(step));
  const card = [html("h2", {}, word(step.kind), html("span", {class: "about"}, ` ${position} / ${LAST}`))];
  if (step.kind === "backward") {
    card.push(html("div", {class: "wide"}, ...chainMath(step)), line);
    if (!isHidden()) {
      card.push(html("p", {class: "mono local"}, localLine(step)));
      if (!isScalar(E.after[step.event] ?? null)) card.push(section(word("after"), full(gradientAt(step.node, position))));
      const ones = useOf(step.event).local;
      if (isArray(ones) && !isScalar(ones)) card.push(section(word("ones"), full(ones)));
    }
    card.push(html("p", {class: "about"}, word("wayBack"), " ", link(step.from), " → ", link(step.node)));
  } else {
    card.push(line);
    if (step.kind === "forward" && !isScalar(valueOf(step.node))) card.push(full(valueOf(step.node)));
  }
  if (isHidden()) card.push(question(step));
  card.push(html("p", {id: "feedback2", class: "right", role: "status"}));
  if (step.kind === "seed" && !isHidden()) card.push(html("p", {class: "about"}, word("seedWhy")));
  const source = step.kind === "start" ? null : sourceOf(step.kind === "backward" ? step.from : step.node);
  if (source) card.push(source);
  return card;
}

// A sum written in lines of `perLine` terms each: "= a + b", "+ c".
function sumInLines(make, head, terms, tail, perLine) {
  const lines = [];
  for (let at = 0; at < terms.length; at += perLine) {
    const these = terms.slice(at, at + perLine).flatMap((term, k) => (k || at ? [mo("+"), ...term] : term));
    lines.push(make(row(...(at ? [] : head), ...these, ...(at + perLine < terms.length ? [] : tail))));
  }
  return lines;
}

// dL/dx = dL/du · du/dx + dL/dv · dv/dx: all uses of a node, as far as the steps shown allow.
function usesSum(i) {
  if (!E || !additions[i].length) return [];
  const list = additions[i], revealed = D.practice ? additionsDone(i, frontier) : list.length;
  const terms = list.slice(0, 6), more = list.length > 6 ? [mo("+"), mo("⋯")] : [], root = D.roots.includes(i) ? [[mn("1")]] : [];
  const symbols = terms.map(e => [ofRoot(E.from[e]), dots(), partial(mathName(E.from[e]), mathName(i))]);
  const out = sumInLines(formula, [ofRoot(i), mo("=")], [...root, ...symbols], more, 2);
  if (terms.every(e => E.contribution[e] !== null && isScalar(E.contribution[e]))) {
    const products = terms.map((e, k) => (k >= revealed ? [mo("?")] : factorOf(e) === null ? [mathFactor(E.contribution[e])]
      : [mathFactor(upstream(e)), dots(), mathFactor(factorOf(e))]));
    const total = revealed < list.length ? mo("?") : mn(minus(brief(E.after[list.at(-1)])));
    out.push(...sumInLines(numbers, [mo("=")], [...root, ...products], [...more, mo("="), total], 3));
  }
  const users = list.slice(0, MOST).map((e, k) => html("li", {}, link(E.from[e]), k < revealed
    ? html("span", {class: "mono"}, `  ${localLine({from: E.from[e], slot: E.slot[e], node: i})}`) : "  ?"));
  return [html("div", {class: "wide"}, ...out), html("ul", {}, users, list.length > users.length ? html("li", {}, "⋯") : null)];
}

function nodeCard() {
  if (selected === null) return [html("p", {class: "about"}, word("choose"))];
  if (selected < 0) return boxCard(~selected);
  const i = selected, p = shown(), hidden = D.practice && !isAnswered(i);
  const gradient = gradientAt(i, LAST), engine = N.gradient[i];
  const card = [html("h2", {}, isConstant(i) ? brief(valueOf(i)) : N.title?.[i] ?? nameOf(i),
    html("span", {class: "about"}, ` ${[word(N.parameter?.[i] ? "parameter" : roleOf(i)), N.module?.[i]].filter(Boolean).join(" · ")}`))];
  if (N.made[i]) card.push(html("p", {class: "mono"}, `${nameOf(i)} = ${N.made[i]}`));
  if (marksOf(i)) card.push(html("p", {class: "wrong"}, `⚠ ${marksOf(i)}`));
  const rows = [[word("value"), isComputed(i, p) ? full(valueOf(i)) : "·"]];
  if (!isConstant(i)) {
    rows.push([word("gradient"), hidden ? html("output", {}, "?") : full(E ? gradient : engine)]);
    if (!hidden && E && engine !== null && JSON.stringify(engine) !== JSON.stringify(gradient) && gradient !== null)
      rows.push([".grad", full(engine)]);
  }
  card.push(html("dl", {}, rows.flatMap(([name, value]) => [html("dt", {}, name), html("dd", {}, value)])));
  const sum = usesSum(i);
  if (sum.length) card.push(section(word("sum"), ...sum));
  if (usesOf(i).length) card.push(section(word("inputs"), html("ul", {class: "row"}, usesOf(i).slice(0, MOST).map(use => html("li", {}, link(use.node))),
                                            usesOf(i).length > MOST ? html("li", {}, "⋯") : null)));
  if (!D.roots.includes(i) && !isConstant(i)) card.push(html("label", {class: "check"}, html("input",
    {type: "checkbox", id: "path", checked: showPath, change: event => { showPath = event.target.checked; findPath(); showState(); }}), word("path", rootName())));
  if (home[i]) card.push(html("button", {click: () => toggleBox(home[i])}, word("foldBox", boxTitle(home[i]))));
  const source = sourceOf(i);
  if (source) card.push(section(word("source"), source));
  return card;
}

function boxCard(k) {
  return [html("h2", {}, boxTitle(k)), html("p", {}, word("nodes", D.inside[k].toLocaleString(lang))),
          html("button", {click: () => toggleBox(k)}, word(open.has(k) ? "fold" : "unfold"))];
}

function aboutCard() {
  const few = N.role.length;
  return D.total > few ? [html("p", {}, word("folded", D.total.toLocaleString(lang), few.toLocaleString(lang)))] : [];
}

function errorCard() {
  if (!D.error) return [];
  const {op, message, shapes, inputs} = D.error;
  return [html("h2", {}, word("failed", op ?? word("program"))), html("pre", {}, message),
    html("p", {}, shapes.map((s, k) => [k ? ", " : "", inputs[k] === null || inputs[k] === undefined ? "" : link(inputs[k]), ` (${s.join(", ")})`]).flat()),
    D.error.source ? html("pre", {class: "source"}, html("span", {class: "about"}, `${D.error.source.file}:${D.error.source.line}\n`), D.error.source.text.trim()) : null];
}

// --- what is chosen ---------------------------------------------------------------------------------

let showPath = true;

// The nodes on a way from the chosen one to a root: it, and all that depends on it.
function findPath() {
  onPath = new Set();
  if (!showPath || selected === null || selected < 0) return;
  onPath.add(selected);
  N.inputs.forEach((uses, b) => { if (uses.some(use => onPath.has(use.node))) onPath.add(b); });
}

// The step beside it stays as it is: an answer may be half typed.
function showChosen() {
  byId("node").replaceChildren(...nodeCard());
  shrink(byId("node"));
  showState();
}

function select(item, look = false) {
  selected = item;
  findPath();
  if (item !== null && item >= 0) reveal(item);
  if (item !== null) focusOn(item, false);
  if (look) lookAt(item);
  showChosen();
}

function toggleBox(k) {
  if (open.has(k)) open.delete(k);
  else unfold(k);
  drawGraph();
  selected = ~k;
  findPath();
  focusOn(~k);
  lookAt(~k);
  showChosen();
}

function focusOn(item, now = true) {
  elements.get(focused)?.setAttribute("tabindex", -1);
  focused = item;
  elements.get(item)?.setAttribute("tabindex", 0);
  if (now) elements.get(item)?.focus({preventScroll: true});
}

// --- search -------------------------------------------------------------------------------------------

function search(text) {
  const query = text.normalize("NFKC").toLowerCase().trim();
  if (!query) return null;
  const has = x => x !== null && x !== undefined && x.normalize("NFKC").toLowerCase().includes(query);
  const found = N.role.flatMap((_, i) => (!isConstant(i) && (has(nameOf(i)) || has(N.title?.[i]) || has(N.op[i]) || has(N.module?.[i])) ? [i] : []));
  const exact = i => (nameOf(i).toLowerCase() === query ? 0 : nameOf(i).toLowerCase().startsWith(query) ? 1 : 2);
  return found.map(i => [exact(i), i]).sort((a, b) => a[0] - b[0] || a[1] - b[1]).map(([, i]) => i);
}

function showFound(text) {
  const found = search(text), list = byId("found");
  list.hidden = !found;
  if (!found) return;
  list.replaceChildren(html("p", {role: "status"}, word("found", found.length.toLocaleString(lang))), ...found.slice(0, 8).map(i =>
    html("button", {click: () => { list.hidden = true; select(i, true); }}, nameOf(i), html("span", {class: "about"},
      ` ${[N.made[i], N.module?.[i]].filter(Boolean).join(" · ")}`))));
}

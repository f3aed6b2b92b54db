// Practice: the reader enters each gradient before the page shows it. `frontier` is the last step that has been
// answered; nothing beyond it is shown, whatever else of the page is looked at.

let position = LAST, frontier = D.practice ? F : LAST;
const shown = () => Math.min(position, frontier);

const wanted = p => firstNumber(gradientAt(stepAt(p).node, p));

// What is asked of an array is its first element.
function firstNumber(data) {
  if (data === null || (isArray(data) && !("data" in data))) return null;
  let x = isArray(data) ? data.data : data;
  while (Array.isArray(x)) x = x[0];
  return typeof x === "number" && Number.isFinite(x) ? x : null;
}

// Whether nothing is left to be asked of a node's gradient.
const isAnswered = i => additionsDone(i, frontier) === additions[i].length && (!D.roots.includes(i) || hasArrived(i, frontier));

// Steps of which no number can be asked are passed.
function passUnasked() {
  while (frontier < LAST && frontier < position && wanted(frontier + 1) === null) frontier++;
}

// As right as it can be read: half a percent, and half a unit of the last digit that was entered.
function isRight(answer, x, text) {
  const digits = (/[.](\d*)/.exec(text)?.[1] ?? "").length, unit = text.includes("e") ? 0 : 10 ** -digits;
  return Math.abs(answer - x) <= Math.max(0.005 * Math.abs(x), digits ? unit / 2 : 1e-9);
}

// A number as people type it: decimal comma, minus sign, full-width digits, a fraction.
function parse(text) {
  const [, top, , bottom] = /^([-+\d.e]+)(\/([-+\d.e]+))?$/i.exec(text.normalize("NFKC").trim().replace("−", "-").replace(",", ".")) ?? [];
  return bottom === undefined ? (top === undefined ? NaN : Number(top)) : Number(top) / Number(bottom);
}

function judge(text) {
  const p = frontier + 1, step = stepAt(p), x = wanted(p), answer = parse(text);
  if (Number.isNaN(answer)) return ["wrong", word("noNumber")];
  if (isRight(answer, x, text)) return ["right", word("right")];
  if (step.kind === "backward") {
    const part = firstNumber(E.contribution[step.event]), old = firstNumber(before(step.event));
    if (old && part !== null && isRight(answer, part, text)) return ["wrong", word("onlyPart", short(old, 6))];
  }
  return ["wrong", isRight(-answer, x, text) ? word("wrongSign") : word("wrong")];
}

const hint = step => (step.kind === "seed" ? word("seedHint", textOfRoot(step.node)) : localLine(step));

function question(step) {
  const input = html("input", {id: "answer", inputmode: "text", autocomplete: "off", spellcheck: "false",
                               "aria-describedby": "feedback"});
  const feedback = html("p", {id: "feedback", role: "status"});
  const say = ([kind, text]) => { feedback.className = kind; feedback.textContent = text; };
  const accept = text => { frontier++; render(); byId("feedback2").textContent = text; byId("next").focus(); };
  const check = event => {
    event.preventDefault();
    const verdict = judge(input.value);
    if (verdict[0] === "right") accept(verdict[1]);
    else { say(verdict); input.select(); }
  };
  const array = !isScalar(gradientAt(step.node, frontier + 1));
  return html("form", {class: "question", submit: check},
    html("label", {for: "answer"}, word(array ? "askElement" : "ask", textOfRoot(step.node))), input,
    html("div", {class: "buttons"}, html("button", {class: "main"}, word("check")),
      html("button", {type: "button", id: "hint", click: () => say(["hint", hint(step)])}, word("hint")),
      html("button", {type: "button", id: "reveal", click: () => accept("")}, word("reveal"))), feedback);
}

// The record that Python wrote into the page, and how it is said in words.

const D = JSON.parse(document.getElementById("data").textContent);
const N = D.nodes, E = D.events, B = D.boxes;
let lang = D.lang;

const column = name => i => N[name]?.[i] ?? null;
const nameOf = column("name"), valueOf = column("value"), roleOf = column("role"), symbolOf = column("symbol");
const usesOf = i => N.inputs[i];

function word(key, ...parts) {
  return D.words[lang][key].replace(/\{(\d)\}/g, (_, k) => parts[k]);
}

// A number as Python's %.4g writes it; whole numbers up to a million in full.
function short(x, digits = 4) {
  if (typeof x !== "number") return String(x);
  if (Number.isInteger(x) && Math.abs(x) < 1e6) return String(x || 0);
  const [mantissa, exponent] = x.toExponential(digits - 1).split("e").map(Number);
  return exponent < -4 || exponent >= digits ? `${mantissa}e${exponent}` : String(Number(x.toPrecision(digits)));
}

const isArray = data => data !== null && typeof data === "object" && Array.isArray(data.shape);
const isScalar = data => data !== null && (!isArray(data) || (!data.shape.length && "data" in data));
const scalar = data => (isArray(data) ? data.data : data);
const shape = data => `(${data.shape.join(", ")}${data.shape.length === 1 ? "," : ""})`;

// A number or an array in a few characters.
function brief(data, digits = 4) {
  if (data === null) return word("none");
  if (isScalar(data)) return short(scalar(data), digits);
  return shape(data);
}

// A factor of a product: a negative number stands in parentheses.
function factor(data, digits = 6) {
  const text = brief(data, digits);
  return text.startsWith("-") ? `(${text})` : text;
}

// A name as part of d…/d…: in parentheses if it is more than a word.
const operand = name => (/^[\p{L}\p{M}\p{N}_.[\]#]+$/u.test(name) ? name : `(${name})`);

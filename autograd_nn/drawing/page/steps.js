// The steps: each op of the forward pass, the gradient 1 of each root, each += of the backward pass.

const forward = N.role.flatMap((role, i) => (N.op[i] === null ? [] : [i]));
const F = forward.length, R = E ? D.roots.length : 0, LAST = F + R + (E ? E.to.length : 0);
const computedAt = new Map(forward.map((i, p) => [i, p + 1]));
// of each node: the numbers of the events that add to its gradient
const additions = N.role.map(() => []);
if (E) E.to.forEach((node, e) => additions[node].push(e));

function stepAt(p) {
  if (p === 0) return {kind: "start"};
  if (p <= F) return {kind: "forward", node: forward[p - 1]};
  if (p <= F + R) return {kind: "seed", node: D.roots[p - F - 1]};
  const e = p - F - R - 1;
  return {kind: "backward", event: e, node: E.to[e], from: E.from[e], slot: E.slot[e]};
}

const isComputed = (i, p) => (computedAt.get(i) ?? 0) <= p;

// How many of a node's additions have happened after p steps.
function additionsDone(i, p) {
  const list = additions[i], end = p - F - R;
  let low = 0, high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle] < end) low = middle + 1; else high = middle;
  }
  return low;
}

// A node's gradient after p steps; null before anything arrived.
function gradientAt(i, p) {
  if (!E) return p === LAST ? N.gradient[i] : null;
  const done = additionsDone(i, p);
  if (done) return E.after[additions[i][done - 1]] ?? (done === additions[i].length ? N.gradient[i] : null);
  const root = D.roots.indexOf(i);
  return root >= 0 && p > F + root ? D.seeds[root] : null;
}

const hasArrived = (i, p) => additionsDone(i, p) > 0 || (D.roots.includes(i) && p > F + D.roots.indexOf(i));
const before = e => gradientAt(E.to[e], e + F + R) ?? 0;
const upstream = e => gradientAt(E.from[e], e + F + R);
const useOf = e => usesOf(E.from[e]).find(use => use.slot === E.slot[e]);

// The factor of an event: the local derivative, if that is a number and not the rule of an array.
const factorOf = e => (isArray(valueOf(E.from[e])) ? null : useOf(e).local);

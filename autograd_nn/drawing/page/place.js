// Where everything stands. Python chose the columns and the order in them; here they get coordinates,
// for what is unfolded alone.

// pixels: from column to column, from thing to thing in a column, around what is in a box, for the title of a box
const GAP_X = 40, GAP_Y = 16, PAD = 14, HEAD = 28;
const open = new Set([0]);
// of each node: its box, and its place among the box's things
const home = [], placeIn = [];
const depth = B.map(() => 0), boxPlace = B.map(() => 0);
B.forEach((box, k) => {
  if (k) depth[k] = depth[box.parent] + 1;
  box.items.forEach((item, at) => {
    if (item < 0) boxPlace[~item] = at;
    else { home[item] = k; placeIn[item] = at; }
  });
});
const boxOf = item => (item < 0 ? B[~item].parent : home[item]);
const placeOf = item => (item < 0 ? boxPlace[~item] : placeIn[item]);

// For each box the outermost folded box that hides it (itself included), or -1.
function covers() {
  const cover = [];
  B.forEach((box, k) => {
    const above = k ? cover[box.parent] : -1;
    cover[k] = above >= 0 || open.has(k) ? above : k;
  });
  return cover;
}

// The edges to be drawn: one for each use between two visible nodes, one for all uses between folded boxes.
function visibleEdges(cover) {
  const seen = item => (cover[home[item]] < 0 ? item : ~cover[home[item]]);
  const edges = [], between = new Map();
  N.inputs.forEach((uses, b) => uses.forEach((use, k) => {
    const u = seen(use.node), v = seen(b);
    if (u === v) return;
    const key = u >= 0 && v >= 0 ? `${b}:${k}` : `${u}>${v}`;
    let edge = between.get(key);
    if (!edge) {
      edge = {u, v, port: v >= 0 ? (k + 1) / (uses.length + 1) : 0.5, uses: []};
      between.set(key, edge);
      edges.push(edge);
    }
    edge.uses.push([b, use.slot]);
  }));
  return edges;
}

// The points that an edge passes, as [box, place], and for each box the links that should be straight.
function route(edge, links) {
  const climber = item => ({box: boxOf(item), at: placeOf(item), inner: null, points: [[boxOf(item), placeOf(item)]]});
  const tail = climber(edge.u), head = climber(edge.v);
  const pass = (end, bends, isTail) => {
    for (const bend of bends) {
      const link = [end.at, end.inner, bend, null];
      links[end.box].push(isTail ? link : [bend, null, end.at, end.inner]);
      Object.assign(end, {at: bend, inner: null});
      end.points.push([end.box, bend]);
    }
  };
  const climb = (end, bends, isTail) => {
    pass(end, isTail ? bends : bends.toReversed(), isTail);
    end.inner = {box: end.box, at: end.at, inner: end.inner};
    end.at = boxPlace[end.box];
    end.box = B[end.box].parent;
  };
  while (tail.box !== head.box) {
    if (depth[tail.box] >= depth[head.box]) climb(tail, B[tail.box].leave[tail.at] ?? [], true);
    else climb(head, B[head.box].enter[head.at] ?? [], false);
  }
  pass(tail, B[tail.box].bends[`${tail.at},${head.at}`] ?? [], true);
  links[tail.box].push([tail.at, tail.inner, head.at, head.inner]);
  edge.points = [...tail.points, ...head.points.reverse()];
}

// The centres nearest to the wishes that keep order and distances: isotonic regression, by pooling neighbours.
function spread(wishes, weights, distances) {
  const blocks = [];
  let offset = 0;
  const offsets = wishes.map((_, i) => (offset += i ? distances[i - 1] : 0));
  wishes.forEach((wish, i) => {
    let block = {sum: (wish - offsets[i]) * weights[i], weight: weights[i], count: 1};
    while (blocks.length && blocks.at(-1).sum / blocks.at(-1).weight > block.sum / block.weight) {
      const last = blocks.pop();
      block = {sum: last.sum + block.sum, weight: last.weight + block.weight, count: last.count + block.count};
    }
    blocks.push(block);
  });
  return blocks.flatMap(b => Array(b.count).fill(b.sum / b.weight)).map((y, i) => y + offsets[i]);
}

// The inside of an unfolded box: {w, h, x[], y[], width[], height[]} with the centres y, all relative to its corner.
function arrange(k, links, inside, sizeOf, title) {
  const {items, columns} = B[k], size = columns.reduce((n, c) => n + c.length, 0);
  const width = Array(size).fill(0), height = Array(size).fill(0), x = [], y = Array(size).fill(0);
  items.forEach((item, i) => ([width[i], height[i]] = sizeOf(item, inside)));
  const isBend = i => i >= items.length;
  const gap = (a, b) => (height[a] + height[b]) / 2 + (isBend(a) && isBend(b) ? 9 : GAP_Y);
  const distances = columns.map(c => c.slice(1).map((b, i) => gap(c[i], b)));
  const near = [Array.from({length: size}, () => []), Array.from({length: size}, () => [])];
  const portOf = (at, inner) => (inner ? portY(inner, inside) - height[at] / 2 : 0);
  for (const [a, innerA, b, innerB] of links) {
    const shift = portOf(a, innerA) - portOf(b, innerB), weight = isBend(a) && isBend(b) ? 4 : isBend(a) || isBend(b) ? 2 : 1;
    near[0][b].push([a, shift, weight]);
    near[1][a].push([b, -shift, weight]);
  }
  let right = 0;
  for (const c of columns) {
    const widest = Math.max(0, ...c.map(i => width[i]));
    for (const i of c) {
      x[i] = right + (isBend(i) ? 0 : (widest - width[i]) / 2);
      if (isBend(i)) width[i] = widest;
    }
    right += widest + GAP_X;
  }
  columns.forEach((c, n) => c.forEach((i, at) => (y[i] = at ? y[c[at - 1]] + distances[n][at - 1] : 0)));
  for (let sweep = 0; sweep < 8; sweep++) {
    const sides = sweep < 6 ? [near[sweep % 2]] : near;
    const order = sweep % 2 ? [...columns.keys()].reverse() : columns.keys();
    for (const n of order) settle(columns[n], distances[n], sides, y);
  }
  const top = Math.min(0, ...y.map((c, i) => c - height[i] / 2)), shiftY = (k ? HEAD : 0) + (k ? PAD : 0) - top;
  for (let i = 0; i < size; i++) { y[i] += shiftY; x[i] += k ? PAD : 0; }
  return {x, y, width, height, w: Math.max(title, right - GAP_X + (k ? 2 * PAD : 0)),
          h: Math.max(...y.map((c, i) => c + height[i] / 2)) + (k ? PAD : 0)};
}

function settle(column, distances, sides, y) {
  const wishes = [], weights = [];
  for (const i of column) {
    let sum = 0, weight = 0;
    for (const side of sides) for (const [other, shift, w] of side[i]) { sum += w * (y[other] + shift); weight += w; }
    wishes.push(weight ? sum / weight : y[i]);
    weights.push(weight || 0.1);
  }
  spread(wishes, weights, distances).forEach((c, n) => (y[column[n]] = c));
}

// How far below the top of a box the point stands at which an edge crosses its border.
function portY({box, at, inner}, inside) {
  const {y, height} = inside[box];
  return inner ? y[at] - height[at] / 2 + portY(inner, inside) : y[at];
}

// Everything visible with its rectangle, and the edges with their points.
function layOut(nodeSize) {
  const cover = covers(), edges = visibleEdges(cover), links = B.map(() => []), inside = [];
  const sizeOf = (item, inside) => (item < 0 && open.has(~item) ? [inside[~item].w, inside[~item].h] : nodeSize(item));
  edges.forEach(edge => route(edge, links));
  for (let k = B.length - 1; k >= 0; k--) if (cover[k] < 0) inside[k] = arrange(k, links[k], inside, sizeOf, k && nodeSize(~k)[0]);
  const corner = [[0, 0]], rects = new Map();
  B.forEach((box, k) => {
    if (cover[k] >= 0) return;
    const {x, y, width, height} = inside[k], [left, top] = corner[k];
    box.items.forEach((item, i) => {
      const rect = {x: left + x[i], y: top + y[i] - height[i] / 2, w: width[i], h: height[i]};
      rects.set(item, rect);
      if (item < 0) corner[~item] = [rect.x, rect.y];
    });
  });
  for (const edge of edges) {
    const a = rects.get(edge.u), b = rects.get(edge.v);
    edge.line = [[a.x + a.w, a.y + a.h / 2]];
    for (const [box, i] of edge.points.slice(1, -1)) {
      const left = corner[box][0] + inside[box].x[i], y = corner[box][1] + inside[box].y[i];
      edge.line.push([left, y], [left + inside[box].width[i], y]);
    }
    edge.line.push([b.x, b.y + b.h * (0.15 + 0.7 * edge.port)]);
  }
  return {rects, edges, w: inside[0].w, h: inside[0].h};
}

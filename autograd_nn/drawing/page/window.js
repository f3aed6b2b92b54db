// The window through which the drawing is seen: pan, zoom, fit, by wheel, mouse and fingers.

let zoom = 1, panX = 0, panY = 0;

function applyWindow() {
  view.setAttribute("transform", `translate(${panX},${panY}) scale(${zoom})`);
}

function zoomBy(factor, x = stage.clientWidth / 2, y = stage.clientHeight / 2) {
  const next = Math.min(4, Math.max(0.02, zoom * factor));
  panX = x - (x - panX) * next / zoom;
  panY = y - (y - panY) * next / zoom;
  zoom = next;
  applyWindow();
}

function fit() {
  const {clientWidth: w, clientHeight: h} = stage, margin = 24;
  zoom = Math.min(1.4, (w - 2 * margin) / drawn.w, (h - 2 * margin) / drawn.h);
  panX = (w - drawn.w * zoom) / 2;
  panY = (h - drawn.h * zoom) / 2;
  applyWindow();
}

// All of it, or if that is too small to be read, what the present step is about.
function overview() {
  fit();
  const {node} = stepAt(position);
  if (zoom < 0.38 && node !== undefined) lookAt(standIn(node));
}

// Move the window, if need be, so that the thing is inside it and can be read; a box fills it.
function lookAt(item) {
  const rect = drawn.rects.get(item);
  if (!rect) return;
  const {clientWidth: w, clientHeight: h} = stage, fill = Math.min(1.2, (w - 60) / rect.w, (h - 60) / rect.h);
  const isBox = item < 0 && open.has(~item);
  const left = panX + rect.x * zoom, top = panY + rect.y * zoom;
  if (!isBox && zoom >= 0.38 && left > 0 && top > 0 && left + rect.w * zoom < w && top + rect.h * zoom < h) return;
  zoom = isBox ? Math.max(0.1, fill) : Math.max(0.8, zoom);
  panX = w / 2 - (rect.x + rect.w / 2) * zoom;
  panY = h / 2 - (rect.y + rect.h / 2) * zoom;
  applyWindow();
}

const fingers = new Map();
let moved = false;

stage.addEventListener("wheel", event => {
  event.preventDefault();
  const {x, y} = stage.getBoundingClientRect();
  zoomBy(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), event.clientX - x, event.clientY - y);
}, {passive: false});
stage.addEventListener("pointerdown", event => {
  fingers.set(event.pointerId, [event.clientX, event.clientY]);
  if (fingers.size === 1) moved = false;
});
addEventListener("pointermove", event => {
  const old = fingers.get(event.pointerId);
  if (!old) return;
  const now = [event.clientX, event.clientY];
  if (!moved && Math.hypot(now[0] - old[0], now[1] - old[1]) < 4) return;
  moved = true;
  const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
  fingers.set(event.pointerId, now);
  // two fingers: the distance between them is the zoom
  if (other) {
    const {x, y} = stage.getBoundingClientRect(), apart = p => Math.hypot(p[0] - other[0], p[1] - other[1]);
    zoomBy(apart(now) / (apart(old) || 1), (now[0] + other[0]) / 2 - x, (now[1] + other[1]) / 2 - y);
  } else {
    panX += now[0] - old[0];
    panY += now[1] - old[1];
    applyWindow();
  }
});
for (const end of ["pointerup", "pointercancel"]) addEventListener(end, event => fingers.delete(event.pointerId));

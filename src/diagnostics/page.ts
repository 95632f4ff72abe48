/**
 * A picture as one HTML file that works offline: the SVG with pan and zoom, a list of its boxes with a search, and,
 * under the pointer or the selection, everything a task needs and everything that needs it. No library, no request:
 * the page's policy forbids any.
 */
import { escapeXml, formatCount, scriptJson } from './format.js';
import { fontStack } from './measure.js';
import type { Picture } from './picture.js';
import { boxTitle } from './svg.js';

const style = `
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0; height: 100vh; display: grid; grid-template-columns: 19rem 1fr; font: 13px/1.4 ${fontStack}; color: #16202c; background: #fff; }
aside { border-right: 1px solid #d9dee4; display: flex; flex-direction: column; min-height: 0; background: #f7f8fa; }
h1 { font-size: 13px; font-weight: 600; margin: 0; padding: 1rem 1rem .6rem; }
input { margin: 0 1rem .6rem; padding: .45rem .6rem; font: inherit; border: 1px solid #b9c1ca; border-radius: 6px; background: #fff; }
input:focus-visible, button:focus-visible { outline: 2px solid #0072b2; outline-offset: 1px; }
ul { list-style: none; margin: 0; padding: 0 .5rem; overflow: auto; flex: 1; }
li button { display: flex; gap: .5rem; align-items: center; width: 100%; padding: .3rem .5rem; border: 0; border-radius: 6px; background: none; font: inherit; text-align: left; cursor: pointer; }
li button:hover, li button[aria-pressed=true] { background: #e3e8ee; }
li i { width: 11px; height: 11px; border-radius: 3px; flex: none; border: 1.3px solid; }
li span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
li small { margin-left: auto; color: #52606f; flex: none; }
pre { margin: 0; padding: .8rem 1rem; min-height: 7.5rem; max-height: 14rem; overflow: auto; border-top: 1px solid #d9dee4; font: 12px/1.45 ${fontStack}; white-space: pre-wrap; overflow-wrap: anywhere; color: #37424e; }
main { overflow: hidden; position: relative; touch-action: none; cursor: grab; }
main:active { cursor: grabbing; }
main > svg { position: absolute; left: 0; top: 0; transform-origin: 0 0; user-select: none; }
.bar { position: absolute; right: 1rem; top: 1rem; display: flex; gap: .35rem; }
.bar button { font: inherit; min-width: 2rem; padding: .3rem .6rem; border: 1px solid #b9c1ca; border-radius: 6px; background: #fff; cursor: pointer; }
svg .task { cursor: pointer; }
svg.focus .task:not(.on), svg.focus .link:not(.on) { opacity: .16; }
svg .task.self .face { stroke-width: 2.6; }
@media (max-width: 700px) { body { grid-template-columns: 1fr; grid-template-rows: 1fr 14rem; } aside { order: 2; border: 0; } pre { display: none; } }
`;

// Runs in the page. `data` is [{ label, count, title, fill, stroke }], `links` is [[from, to], …].
const script = `
const { boxes, links } = JSON.parse(document.getElementById('data').textContent);
const main = document.querySelector('main'), svg = main.querySelector('svg'), list = document.querySelector('ul');
const detail = document.querySelector('pre'), search = document.querySelector('input');
const shapes = [...svg.querySelectorAll('.task')].sort((a, b) => a.dataset.box - b.dataset.box);
const lines = [...svg.querySelectorAll('.link')];
const needs = boxes.map(() => []), neededBy = boxes.map(() => []);
for (const [from, to] of links) { needs[to].push(from); neededBy[from].push(to); }

let view = { x: 0, y: 0, k: 1 };
const show = () => { svg.style.transform = 'translate(' + view.x + 'px,' + view.y + 'px) scale(' + view.k + ')'; };
const size = { width: svg.width.baseVal.value, height: svg.height.baseVal.value };
function fit() {
  const room = main.getBoundingClientRect();
  const k = Math.min(1.5, room.width / size.width, room.height / size.height);
  view = { k, x: (room.width - size.width * k) / 2, y: (room.height - size.height * k) / 2 };
  show();
}
function zoom(factor, x, y) {
  const k = Math.min(12, Math.max(0.02, view.k * factor));
  view = { k, x: x - (x - view.x) * k / view.k, y: y - (y - view.y) * k / view.k };
  show();
}
main.addEventListener('wheel', (event) => {
  event.preventDefault();
  const room = main.getBoundingClientRect();
  zoom(Math.exp(-event.deltaY * (event.deltaMode === 1 ? 0.05 : 0.0015)), event.clientX - room.left, event.clientY - room.top);
}, { passive: false });
let drag, moved = false;
main.addEventListener('pointerdown', (event) => { if (event.target.closest('.bar')) return; drag = event; moved = false; });
addEventListener('pointermove', (event) => {
  if (!drag) return;
  if (Math.abs(event.clientX - drag.clientX) + Math.abs(event.clientY - drag.clientY) < 3 && !moved) return;
  view.x += event.clientX - drag.clientX; view.y += event.clientY - drag.clientY;
  drag = event; moved = true; show();
});
addEventListener('pointerup', () => { drag = undefined; });
const middle = (factor) => { const room = main.getBoundingClientRect(); zoom(factor, room.width / 2, room.height / 2); };
document.getElementById('in').onclick = () => middle(1.3);
document.getElementById('out').onclick = () => middle(1 / 1.3);
document.getElementById('fit').onclick = fit;
addEventListener('resize', fit);

function reach(start, next) {
  const seen = new Set([start]), todo = [start];
  while (todo.length) for (const other of next[todo.pop()]) if (!seen.has(other)) { seen.add(other); todo.push(other); }
  return seen;
}
let selected = -1;
function focus(box) {
  svg.classList.toggle('focus', box >= 0);
  const above = box < 0 ? new Set() : reach(box, needs), below = box < 0 ? new Set() : reach(box, neededBy);
  shapes.forEach((shape, i) => { shape.classList.toggle('on', above.has(i) || below.has(i)); shape.classList.toggle('self', i === box); });
  for (const line of lines) {
    const from = +line.dataset.from, to = +line.dataset.to;
    line.classList.toggle('on', (above.has(from) && above.has(to)) || (below.has(from) && below.has(to)));
  }
  detail.textContent = box < 0 ? detail.dataset.empty : boxes[box].title
    + '\\n' + (above.size - 1) + ' boxes above, ' + (below.size - 1) + ' below';
}
function select(box, move) {
  selected = box === selected ? -1 : box;
  items.forEach((item, i) => item.setAttribute('aria-pressed', i === selected));
  focus(selected);
  if (move && selected >= 0) {
    const room = main.getBoundingClientRect(), at = shapes[selected].getBoundingClientRect();
    view.x += room.left + room.width / 2 - at.left - at.width / 2;
    view.y += room.top + room.height / 2 - at.top - at.height / 2;
    show();
  }
}
const items = boxes.map((box, i) => {
  const item = document.createElement('button'), row = document.createElement('li');
  const colour = document.createElement('i'), label = document.createElement('span'), count = document.createElement('small');
  colour.style.background = box.fill; colour.style.borderColor = box.stroke;
  label.textContent = box.label; count.textContent = box.count;
  item.append(colour, label, count); item.type = 'button'; item.title = box.title; item.setAttribute('aria-pressed', 'false');
  item.onclick = () => select(i, true);
  item.onpointerenter = () => focus(i); item.onpointerleave = () => focus(selected);
  row.append(item); list.append(row);
  return item;
});
shapes.forEach((shape, i) => {
  shape.addEventListener('pointerenter', () => { if (!drag) focus(i); });
  shape.addEventListener('pointerleave', () => { if (!drag) focus(selected); });
  shape.addEventListener('click', () => { if (!moved) select(i, false); });
});
search.addEventListener('input', () => {
  const word = search.value.toLowerCase();
  items.forEach((item, i) => { item.parentElement.hidden = !boxes[i].title.toLowerCase().includes(word); });
});
search.addEventListener('keydown', (event) => {
  const first = items.findIndex((item) => !item.parentElement.hidden);
  if (event.key === 'Enter' && first >= 0 && first !== selected) select(first, true);
});
addEventListener('keydown', (event) => { if (event.key === 'Escape' && selected >= 0) select(selected, false); });
focus(-1);
fit();
`;

/** The page. */
export function toPage(picture: Picture, svg: string): string {
  const data = {
    boxes: picture.boxes.map((box) => ({
      label: box.label + (box.hint === '' ? '' : ` ${box.hint}`),
      count: box.count > 1 ? `×${formatCount(box.count)}` : '',
      title: boxTitle(box),
      fill: box.swatch.fill,
      stroke: box.swatch.stroke,
    })),
    links: picture.links.filter(({ from, to }) => from !== to).map(({ from, to }) => [from, to]),
  };
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<title>Task graph: ${escapeXml(picture.caption)}</title>
<style>${style}</style>
</head>
<body>
<aside>
<h1>${escapeXml(picture.caption)}</h1>
<input type="search" placeholder="Search functions and keys" aria-label="Search functions and keys">
<ul></ul>
<pre data-empty="Point at a task to see what it needs and what needs it; click to keep it. Drag to move, wheel to zoom."></pre>
</aside>
<main>
${svg}
<div class="bar"><button type="button" id="in" aria-label="Zoom in">+</button><button type="button" id="out" aria-label="Zoom out">−</button><button type="button" id="fit">Fit</button></div>
</main>
<script type="application/json" id="data">${scriptJson(data)}</script>
<script>${script}</script>
</body>
</html>
`;
}

/**
 * A laid-out picture as SVG: one self-contained text, readable without a script or a style sheet, with a `<title>` on
 * every box and link for a viewer's tooltips. Boxes and links carry `data-` attributes with indices, which the page
 * (page.ts) uses. Calls are rounded, kernels have a double edge, values are square; a group stands on two cards, and
 * what was asked for has a ring. Everything stands on white, so it also reads on a dark page.
 */
import type { Legend } from './colour.js';
import { badgeOf, badgeWidth, boxSize, metrics } from './dot.js';
import { escapeXml, formatCount, plural } from './format.js';
import type { LaidOutLink, Layout, Point } from './layout.js';
import { fontStack, textWidth } from './measure.js';
import { ink, mutedInk } from './palette.js';
import type { Box, Link, Picture } from './picture.js';

const margin = 24;
const lineColour = '#7d8894';

export interface Drawing {
  readonly svg: string;
  /** In points. */
  readonly width: number;
  readonly height: number;
}

/** The picture as SVG text. */
export function toSvg(picture: Picture, layout: Layout): Drawing {
  const legend = drawLegend(picture);
  const width = Math.ceil(Math.max(layout.width, legend.width, textWidth(picture.caption, 11)) + 2 * margin);
  const captionY = margin + layout.height + (legend.height > 0 ? 18 + legend.height : 0) + 24;
  const height = Math.ceil(captionY + margin - 8);
  const shift = (width - layout.width) / 2;
  const out = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${escapeXml(fontStack)}" role="img" aria-label="${escapeXml(`Task graph: ${picture.caption}`)}">`,
    `<title>${escapeXml(picture.caption)}</title>`,
    `<rect class="ground" width="${width}" height="${height}" fill="#ffffff"/>`,
    `<g class="graph" transform="translate(${round(shift)} ${margin})">`,
    ...layout.links.map((placed) => drawLink(placed, picture)),
    ...picture.boxes.map((box, b) => drawBox(box, b, layout.boxes[b]!)),
    '</g>',
  ];
  if (legend.height > 0)
    out.push(
      `<g class="legend" transform="translate(${margin} ${round(margin + layout.height + 18)})">${legend.svg}</g>`,
    );
  out.push(
    `<text class="caption" x="${margin}" y="${round(captionY)}" font-size="11" fill="${mutedInk}">${escapeXml(picture.caption)}</text>`,
    '</svg>',
    '',
  );
  return { svg: out.join('\n'), width, height };
}

function drawLink({ link, curve, tip, label }: LaidOutLink, picture: Picture): string {
  const it = picture.links[link];
  const start = curve[0];
  const end = curve.at(-1);
  if (it === undefined || start === undefined || end === undefined) return '';
  const width = it.count > 1 ? 1.8 : 1.1;
  const pieces: string[] = [];
  for (let i = 1; i + 2 < curve.length; i += 3)
    pieces.push(`C${at(curve[i]!)} ${at(curve[i + 1]!)} ${at(curve[i + 2]!)}`);
  const parts = [
    `<g class="link" data-from="${it.from}" data-to="${it.to}"><title>${escapeXml(linkTitle(it, picture))}</title>`,
    `<path d="M${at(start)}${pieces.join('')}" fill="none" stroke="${lineColour}" stroke-width="${width}"/>`,
  ];
  if (tip !== undefined) parts.push(`<path d="${arrow(end, tip)}" fill="${lineColour}"/>`);
  if (label !== undefined && it.label !== '') {
    parts.push(
      `<text x="${round(label.x)}" y="${round(label.y + 3.5)}" font-size="${metrics.link}" fill="${mutedInk}" text-anchor="middle" stroke="#ffffff" stroke-width="3" paint-order="stroke">${escapeXml(it.label)}</text>`,
    );
  }
  parts.push('</g>');
  return parts.join('');
}

function linkTitle(link: Link, picture: Picture): string {
  return `${picture.boxes[link.to]!.label} needs ${picture.boxes[link.from]!.label}: ${plural(link.count, 'dependency', 'dependencies')}`;
}

function arrow(from: Point, tip: Point): string {
  const length = Math.hypot(tip.x - from.x, tip.y - from.y) || 1;
  const x = (tip.x - from.x) / length;
  const y = (tip.y - from.y) / length;
  const half = 3.1;
  const left = { x: from.x - y * half, y: from.y + x * half };
  const right = { x: from.x + y * half, y: from.y - x * half };
  return `M${at(left)}L${at(tip)}L${at(right)}Z`;
}

function drawBox(box: Box, index: number, centre: Point): string {
  const { width, height } = boxSize(box);
  const { fill, stroke, ink: text } = box.swatch;
  const badge = badgeOf(box);
  // Cards lean to the lower right; the box moves up by half of that so that the whole stays centred.
  const lean = badge === '' ? 0 : metrics.stack;
  const x = centre.x - width / 2 - lean / 2;
  const y = centre.y - height / 2 - lean / 2;
  const corner =
    box.kind === 'value' || box.kind === 'structure' ? 2 : box.kind === 'kernel' ? 8 : Math.min(16, height / 2);
  const frame = (grow: number, attributes: string) =>
    `<rect x="${round(x - grow)}" y="${round(y - grow)}" width="${round(width + 2 * grow)}" height="${round(height + 2 * grow)}" rx="${round(Math.max(1, corner + grow))}" ${attributes}/>`;
  const parts = [`<g class="task" data-box="${index}"><title>${escapeXml(boxTitle(box))}</title>`];
  if (lean > 0) {
    for (const offset of [lean, lean / 2]) {
      parts.push(
        `<rect x="${round(x + offset)}" y="${round(y + offset)}" width="${round(width)}" height="${round(height)}" rx="${corner}" fill="${fill}" stroke="${stroke}" stroke-opacity="0.55"/>`,
      );
    }
  }
  if (box.isTarget)
    parts.push(frame(metrics.ring - 0.6, `class="ring" fill="#ffffff" stroke="${ink}" stroke-width="1.6"`));
  parts.push(frame(0, `class="face" fill="${fill}" stroke="${stroke}" stroke-width="1.3"`));
  if (box.kind === 'kernel')
    parts.push(frame(-2.6, `fill="none" stroke="${stroke}" stroke-width="0.7" stroke-opacity="0.7"`));
  if (box.parts.length > 0) parts.push(drawShares(box, x, y, width, height));

  const badgeRoom = badgeWidth(badge);
  const nameWidth = textWidth(box.label, metrics.name, 'bold');
  const rowWidth = nameWidth + (badge === '' ? 0 : metrics.badgeGap + badgeRoom);
  const rowX = x + (width - rowWidth) / 2;
  const nameY = box.hint === '' ? y + height / 2 + 4.5 : y + 20;
  parts.push(
    `<text x="${round(rowX)}" y="${round(nameY)}" font-size="${metrics.name}" font-weight="600" fill="${text}">${escapeXml(box.label)}</text>`,
  );
  if (badge !== '') {
    const badgeX = rowX + nameWidth + metrics.badgeGap;
    parts.push(
      `<rect x="${round(badgeX)}" y="${round(nameY - 12)}" width="${round(badgeRoom)}" height="15" rx="7.5" fill="${ink}" fill-opacity="0.86"/>`,
      `<text x="${round(badgeX + badgeRoom / 2)}" y="${round(nameY - 0.6)}" font-size="${metrics.count}" font-weight="600" fill="#ffffff" text-anchor="middle">${escapeXml(badge)}</text>`,
    );
  }
  if (box.hint !== '') {
    parts.push(
      `<text x="${round(x + width / 2)}" y="${round(y + 36)}" font-size="${metrics.hint}" fill="${text}" fill-opacity="0.75" text-anchor="middle">${escapeXml(box.hint)}</text>`,
    );
  }
  parts.push('</g>');
  return parts.join('');
}

/** A strip along the lower edge for a box whose tasks fall into several categories. */
function drawShares(box: Box, x: number, y: number, width: number, height: number): string {
  const room = width - 2 * metrics.padX;
  let from = x + metrics.padX;
  return box.parts
    .map(({ colour, share }) => {
      const rect = `<rect x="${round(from)}" y="${round(y + height - 6)}" width="${round(room * share)}" height="3" fill="${colour}"/>`;
      from += room * share;
      return rect;
    })
    .join('');
}

/** The tooltip of a box. */
export function boxTitle(box: Box): string {
  const lines = [box.count === 1 ? box.label : `${box.label} ×${formatCount(box.count)}`];
  if (box.hint !== '') lines.push(box.hint);
  if (box.note !== '') lines.push(box.note);
  lines.push(box.dependencies === 0 ? 'needs nothing' : plural(box.dependencies, 'dependency', 'dependencies'));
  const more = box.count - box.keys.length;
  lines.push(
    `${box.count === 1 ? 'key' : 'keys'} ${box.keys.join(', ')}${more > 0 ? ` and ${formatCount(more)} more` : ''}`,
  );
  if (box.isTarget) lines.push('asked for');
  return lines.join('\n');
}

function drawLegend(picture: Picture): { svg: string; width: number; height: number } {
  const { legend } = picture;
  if (legend === undefined) return { svg: '', width: 0, height: 0 };
  const title = `<text x="0" y="11" font-size="11" font-weight="600" fill="${ink}">${escapeXml(legend.title)}</text>`;
  const titleWidth = textWidth(legend.title, 11, 'bold') + 16;
  return legend.kind === 'scale' ? drawScale(legend, title, titleWidth) : drawEntries(legend, title, titleWidth);
}

function drawScale(legend: Extract<Legend, { kind: 'scale' }>, title: string, x: number) {
  const lowWidth = textWidth(legend.low, 11);
  const bar = x + lowWidth + 8;
  const steps = legend.steps.map(
    (colour, i) => `<rect x="${round(bar + i * 12)}" y="1" width="12.5" height="12" fill="${colour}"/>`,
  );
  const end = bar + legend.steps.length * 12;
  const label = (at: number, text: string) =>
    `<text x="${round(at)}" y="11" font-size="11" fill="${mutedInk}">${escapeXml(text)}</text>`;
  return {
    svg: `${title}${label(x, legend.low)}${steps.join('')}${label(end + 8, legend.high)}`,
    width: end + 8 + textWidth(legend.high, 11),
    height: 14,
  };
}

/** Entries in rows: a legend never makes the picture wider than a page. */
function drawEntries(legend: Extract<Legend, { kind: 'categories' }>, title: string, indent: number) {
  const room = 620;
  let x = indent;
  let y = 0;
  let widest = 0;
  const entries = legend.entries.map(({ label, swatch }) => {
    const width = 18 + textWidth(label, 11) + 18;
    if (x > indent && x + width > room) {
      x = indent;
      y += 20;
    }
    const entry = `<rect x="${round(x)}" y="${y + 1}" width="12" height="12" rx="3" fill="${swatch.fill}" stroke="${swatch.stroke}" stroke-width="1.3"/><text x="${round(x + 18)}" y="${y + 11}" font-size="11" fill="${mutedInk}">${escapeXml(label)}</text>`;
    x += width;
    widest = Math.max(widest, x);
    return entry;
  });
  return { svg: title + entries.join(''), width: widest, height: y + 14 };
}

function at(point: Point): string {
  return `${round(point.x)} ${round(point.y)}`;
}

function round(value: number): string {
  return String(Math.round(value * 100) / 100);
}

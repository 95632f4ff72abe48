/**
 * A picture in Graphviz's language. One text serves both as the `.dot` file and as the input of the layout, so box
 * sizes are fixed here, from measured text, and Graphviz never has to guess a font.
 */
import { formatCount, shorten } from './format.js';
import { fontStack, textWidth } from './measure.js';
import type { Box, Link, Picture } from './picture.js';

export type Direction = 'down' | 'right' | 'up' | 'left';

const rankdir = { down: 'TB', right: 'LR', up: 'BT', left: 'RL' } as const satisfies Record<Direction, string>;

/** Type sizes and paddings of a box, in points; svg.ts draws by the same numbers. */
export const metrics = {
  name: 13,
  hint: 10.5,
  count: 11,
  link: 10,
  padX: 14,
  height: 32,
  heightWithHint: 46,
  badgePad: 6,
  badgeGap: 9,
  /** Cards behind the box of a group. */
  stack: 4,
  /** The outer ring of what was asked for: where Graphviz puts a second periphery. */
  ring: 4,
} as const;

/** The badge of a group; the empty string for a single task. */
export function badgeOf(box: Box): string {
  return box.count > 1 ? `×${formatCount(box.count)}` : '';
}

export function badgeWidth(badge: string): number {
  return badge === '' ? 0 : textWidth(badge, metrics.count, 'bold') + 2 * metrics.badgePad;
}

/** The size of a box without its cards and ring. */
export function boxSize(box: Box): { width: number; height: number } {
  const badge = badgeWidth(badgeOf(box));
  const name = textWidth(box.label, metrics.name, 'bold') + (badge > 0 ? metrics.badgeGap + badge : 0);
  const hint = textWidth(box.hint, metrics.hint);
  const width = Math.max(44, Math.max(name, hint) + 2 * metrics.padX);
  return { width, height: box.hint === '' ? metrics.height : metrics.heightWithHint };
}

/** Room around a box for its cards; that for the ring comes with the second periphery. */
function boxMargin(box: Box): number {
  return box.count > 1 ? metrics.stack : 0;
}

/** The picture as DOT. Deterministic. */
export function toDot(picture: Picture, direction: Direction): string {
  const many = picture.links.length > 1500;
  const lines = [
    'digraph lazuli {',
    `  graph [rankdir=${rankdir[direction]}, nodesep=0.28, ranksep=0.5, bgcolor="#ffffff", fontname=${quote(fontStack)}, fontsize=10, labelloc=b, label=${quote(picture.caption)}${many ? ', splines=line, nslimit=2, mclimit=0.5' : ''}];`,
    `  node [shape=box, style="rounded,filled", fixedsize=true, penwidth=1.2, fontname=${quote(fontStack)}, fontsize=${metrics.name}];`,
    `  edge [color="#7d8894", penwidth=1.1, arrowsize=0.7, fontname=${quote(fontStack)}, fontsize=${metrics.link}, fontcolor="#52606f"];`,
  ];
  for (const box of picture.boxes) lines.push(`  ${box.id} [${nodeAttributes(box)}];`);
  for (const link of picture.links)
    lines.push(`  ${picture.boxes[link.from]!.id} -> ${picture.boxes[link.to]!.id}${linkAttributes(link)};`);
  lines.push('}', '');
  return lines.join('\n');
}

function nodeAttributes(box: Box): string {
  const { width, height } = boxSize(box);
  const margin = boxMargin(box);
  const badge = badgeOf(box);
  const text = `${box.label}${badge === '' ? '' : ` ${badge}`}${box.hint === '' ? '' : `\n${box.hint}`}`;
  const attributes = [
    `label=${quote(text)}`,
    `tooltip=${quote(`${box.keys.map((key) => shorten(key, 60)).join(', ')}${box.count > box.keys.length ? ', …' : ''}`)}`,
    `width=${((width + margin) / 72).toFixed(3)}`,
    `height=${((height + margin) / 72).toFixed(3)}`,
    `fillcolor="${box.swatch.fill}"`,
    `color="${box.swatch.stroke}"`,
    `fontcolor="${box.swatch.ink}"`,
  ];
  if (box.kind === 'value') attributes.push('style=filled');
  if (box.isTarget) attributes.push('peripheries=2');
  return attributes.join(', ');
}

function linkAttributes(link: Link): string {
  const attributes: string[] = [];
  // The blanks keep Graphviz's room for a label clear of the line.
  if (link.label !== '') attributes.push(`label=${quote(`  ${link.label}  `)}`);
  if (link.count > 1) attributes.push('penwidth=1.8');
  return attributes.length === 0 ? '' : ` [${attributes.join(', ')}]`;
}

/** A quoted DOT string: backslashes, quotes, line ends, and `&`, which Graphviz would read as an entity. */
export function quote(text: string): string {
  const escaped = text
    .replace(/\p{Surrogate}/gu, '\ufffd')
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('&', '&amp;')
    .replace(/\r\n?|\n/g, '\\n')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: C strings end at NUL, and the others show nothing
    .replace(/[\u0000-\u001f\u007f]/g, ' ');
  return `"${escaped}"`;
}

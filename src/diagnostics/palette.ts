/**
 * Colours that stay apart for colour-blind readers, on white. Names never depend on colour alone: every box carries
 * its label. Categories are Okabe and Ito's palette (2008), drawn as a pale fill with a full-strength outline;
 * quantities go from pale to dark with falling luminance, so they also read in grey.
 */

export interface Swatch {
  readonly fill: string;
  readonly stroke: string;
  readonly ink: string;
}

type Rgb = readonly [number, number, number];

const categories = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#d55e00', '#7a6bc4', '#8c8c00'] as const;
const ramp: readonly string[] = ['#fff4cf', '#fdcf86', '#f3946b', '#c9567f', '#823a86', '#38236a'];

export const ink = '#16202c';
export const mutedInk = '#52606f';
export const neutral: Swatch = { fill: '#f3f5f7', stroke: '#8793a1', ink };

/** How many categories have a colour of their own; the rest are neutral. */
export const categoryCount = categories.length;

/** The colour of category `index`, counted from the most frequent; neutral beyond the palette. */
export function category(index: number): Swatch {
  const base = categories[index];
  if (base === undefined) return neutral;
  return { fill: mixHex(base, '#ffffff', 0.82), stroke: base, ink };
}

/** The colour of a quantity, `share` from 0 to 1. */
export function quantity(share: number): Swatch {
  const place = Math.min(1, Math.max(0, share)) * (ramp.length - 1);
  const left = Math.min(ramp.length - 2, Math.floor(place));
  const fill = mixHex(ramp[left] ?? '#ffffff', ramp[left + 1] ?? '#ffffff', place - left);
  return { fill, stroke: mixHex(fill, '#16202c', 0.45), ink: luminance(fill) > 0.2 ? ink : '#ffffff' };
}

/** WCAG relative luminance of `#rrggbb`, 0 for black to 1 for white. */
export function luminance(hex: string): number {
  const [r, g, b] = parse(hex).map((byte) => {
    const c = byte / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function mixHex(from: string, to: string, share: number): string {
  const a = parse(from);
  const b = parse(to);
  const byte = (i: 0 | 1 | 2) =>
    Math.round(a[i] + (b[i] - a[i]) * share)
      .toString(16)
      .padStart(2, '0');
  return `#${byte(0)}${byte(1)}${byte(2)}`;
}

function parse(hex: string): Rgb {
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as unknown as Rgb;
}

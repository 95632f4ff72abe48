/**
 * How wide a text will be, without a font at hand: advance widths of Arial and of the faces made to its measure
 * (Arimo, Liberation Sans, Helvetica), in thousandths of the font size, for the printable ASCII characters. Boxes are
 * sized from these, so a picture looks the same wherever one of those faces, or one no wider, is used.
 */
const regular = [
  278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
  556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
  722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
  556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
  260, 334, 584,
];
const bold = [
  278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
  556, 556, 556, 333, 333, 584, 584, 584, 611, 975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833,
  722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556, 333, 556, 611, 556, 611,
  556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611, 611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389,
  280, 389, 584,
];

/** The faces a picture asks for, all of one measure before the generic one. */
export const fontStack = "Arimo, 'Liberation Sans', Helvetica, Arial, sans-serif";

/** Width of `text` in the unit of `size`. */
export function textWidth(text: string, size: number, weight: 'regular' | 'bold' = 'regular'): number {
  const widths = weight === 'bold' ? bold : regular;
  let total = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    // Beyond ASCII: full width for the scripts that are drawn so and for pictographs, a wide letter for the rest.
    total += widths[code - 32] ?? (code >= 0x1100 ? 1000 : 640);
  }
  return (total * size) / 1000;
}

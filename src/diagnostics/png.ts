/**
 * SVG to PNG: resvg, compiled to WebAssembly, with the Arimo faces that boxes are measured for. Nothing is taken from
 * the machine, so the picture has its text, and the same pixels, on a server without a single font. Scripts that
 * Arimo has no letters for (Chinese, Japanese, Korean, Arabic, …) show as empty boxes here; `.svg` and `.html` draw
 * them with the viewer's own fonts.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

/** Pixels per side, and in all, that a picture may have: beyond, it is drawn smaller. */
const longest = 16_384;
const most = 64e6;

const subsets = ['latin', 'latin-ext', 'greek', 'cyrillic'] as const;
const weights = [400, 600] as const;

type Engine = { readonly Resvg: typeof import('@resvg/resvg-wasm')['Resvg']; readonly fonts: Uint8Array[] };
let engine: Promise<Engine> | undefined;

async function load(): Promise<Engine> {
  const require = createRequire(import.meta.url);
  const { initWasm, Resvg } = await import('@resvg/resvg-wasm');
  const files = weights.flatMap((weight) =>
    subsets.map((subset) => `@fontsource/arimo/files/arimo-${subset}-${weight}-normal.woff2`),
  );
  const [binary, ...fonts] = await Promise.all(
    ['@resvg/resvg-wasm/index_bg.wasm', ...files].map((name) => readFile(require.resolve(name))),
  );
  await initWasm(binary!).catch((error: unknown) => {
    // Another user of resvg in this process may have done it, and it can be done only once.
    if (!String(error).includes('Already initialized')) throw error;
  });
  return { Resvg, fonts };
}

/** Draws an SVG of `width` × `height` points, `scale` pixels to the point. */
export async function toPng(svg: string, width: number, height: number, scale: number): Promise<Uint8Array> {
  engine ??= load().catch((error: unknown) => {
    engine = undefined;
    throw error;
  });
  const { Resvg, fonts } = await engine;
  const zoom = Math.min(scale, longest / Math.max(width, height), Math.sqrt(most / (width * height)));
  const renderer = new Resvg(svg, {
    font: { fontBuffers: fonts, defaultFontFamily: 'Arimo', sansSerifFamily: 'Arimo' },
    fitTo: { mode: 'zoom', value: zoom },
    background: '#ffffff',
  });
  const image = renderer.render();
  try {
    return image.asPng();
  } finally {
    image.free();
    renderer.free();
  }
}

/**
 * Where everything stands: Graphviz, compiled to WebAssembly, lays the DOT text out; drawing is ours. Only positions
 * come back, in points with y downwards.
 */
import { LazuliError } from '../errors.js';
import type { Picture } from './picture.js';

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface LaidOutLink {
  /** Index into `picture.links`. */
  readonly link: number;
  /** A start point and three more for every Bézier piece. */
  readonly curve: readonly Point[];
  /** Where the arrow ends. */
  readonly tip: Point | undefined;
  readonly label: Point | undefined;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  /** Centres, by box. */
  readonly boxes: readonly Point[];
  readonly links: readonly LaidOutLink[];
}

/** The part of Graphviz's JSON that is read here. */
interface GraphvizJson {
  readonly bb: string;
  readonly objects?: readonly { readonly name: string; readonly pos?: string }[];
  readonly edges?: readonly { readonly pos?: string; readonly lp?: string }[];
}

type Viz = Awaited<ReturnType<typeof import('@viz-js/viz')['instance']>>;
let engine: Promise<Viz> | undefined;

/** Lays a DOT text out; `picture` is what it was made from. */
export async function layOut(dot: string, picture: Picture): Promise<Layout> {
  engine ??= import('@viz-js/viz').then(({ instance }) => instance());
  const viz = await engine;
  // The caption is drawn by svg.ts; without it the bounding box is that of the graph.
  const result = viz.render(dot, { format: 'json0', yInvert: true, graphAttributes: { label: '' } });
  if (result.status === 'failure') {
    // A failed layout may leave the WebAssembly instance unusable.
    engine = undefined;
    const messages = result.errors.map((error) => error.message.trim()).join('; ');
    throw new LazuliError(
      'LAZULI_LAYOUT',
      `the graph could not be laid out: ${messages}; try group: true, or write a .dot file`,
    );
  }
  return readLayout(JSON.parse(result.output) as GraphvizJson, picture);
}

function readLayout(json: GraphvizJson, picture: Picture): Layout {
  const [left = 0, y0 = 0, right = 0, y1 = 0] = numbers(json.bb);
  const top = Math.min(y0, y1);
  const at = (text: string): Point => {
    const [x = 0, y = 0] = numbers(text);
    return { x: x - left, y: y - top };
  };
  const places = new Map((json.objects ?? []).map((object) => [object.name, at(object.pos ?? '0,0')]));
  const boxes = picture.boxes.map((box) => places.get(box.id) ?? { x: 0, y: 0 });
  // Graphviz gives edges in the order of its input.
  const links = (json.edges ?? []).map((edge, link): LaidOutLink => {
    const parts = (edge.pos ?? '').split(' ').filter((part) => part !== '');
    const tip = parts.find((part) => part.startsWith('e,'));
    return {
      link,
      curve: parts.filter((part) => !part.startsWith('e,') && !part.startsWith('s,')).map(at),
      tip: tip === undefined ? undefined : at(tip.slice(2)),
      label: edge.lp === undefined ? undefined : at(edge.lp),
    };
  });
  return { width: right - left, height: Math.abs(y1 - y0), boxes, links };
}

function numbers(text: string): number[] {
  return text.split(',').map(Number);
}

/** The child nodes of a syntax tree's node. */
import type { AnyNode, Node } from 'acorn';

/** In the order of the text, as far as the tree has it. */
export function* childrenOf(node: Node): Generator<AnyNode> {
  for (const value of Object.values(node) as unknown[]) {
    if (Array.isArray(value)) {
      for (const item of value as unknown[]) if (isNode(item)) yield item;
    } else if (isNode(value)) yield value;
  }
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
}

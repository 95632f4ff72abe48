/** What generated code calls back for: a chunk of the driver that shares its loop. */
import { elementwiseChunk } from './elementwise';
import { reduceChunk } from './reduce';
import { KIND, ROWS, word } from './tiles';

export function expressionChunk(work: usize, index: i32, context: usize): void {
  if (word(context, KIND) < ROWS) elementwiseChunk(work, index, context);
  else reduceChunk(work, index, context);
}

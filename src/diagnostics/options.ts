/** Checks of options objects, shared by everything in this folder that takes one: what is not known is an error. */
import { ArgumentError, nearest, OptionError } from '../errors.js';

/** @throws ArgumentError when `options` is no object, OptionError for a name that is not in `names`. */
export function checkNames(what: string, options: unknown, names: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw new ArgumentError(`${what} takes its options as an object with ${names.join(', ')}; got ${String(options)}`);
  }
  for (const name of Object.keys(options)) {
    if (!names.includes(name)) {
      throw new OptionError(
        name,
        `${what} has no option '${name}'${didYouMean(name, names)}; it has ${names.join(', ')}`,
      );
    }
  }
}

/** ` (did you mean 'x'?)`, or nothing when no candidate is near. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const near = nearest(word, candidates);
  return near === undefined ? '' : ` (did you mean '${near}'?)`;
}

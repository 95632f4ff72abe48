/** Checks of the options that array functions take: one object, last. */
import { nearest, OptionError } from '../errors.js';

/** @throws OptionError for options that are a bare value, such as the axis itself */
export function checkIsObject(where: string, options: unknown, names: readonly string[]): asserts options is object {
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) return;
  const shown = Array.isArray(options) ? 'a list' : options === null ? 'null' : `a ${typeof options}`;
  const example = `{ ${names[0]}: … }`;
  throw new OptionError('options', `${where}: options come as one object, such as ${example}, not as ${shown}`);
}

/** @throws OptionError for an option that `where` does not have, with the name that was probably meant. */
export function checkNames(where: string, options: unknown, names: readonly string[]): void {
  checkIsObject(where, options, names);
  for (const option of Object.keys(options)) {
    if (names.includes(option)) continue;
    const near = nearest(option, names);
    const hint = near === undefined ? `use ${names.join(', ')}` : `did you mean '${near}'?`;
    throw new OptionError(option, `${where}: there is no option '${option}'; ${hint}`);
  }
}

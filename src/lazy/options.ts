/** Checks of the options that array functions take: one object, last. */
import { nearest, OptionError } from '../errors.js';

/**
 * @param known what there is instead, said where no name is near
 * @throws OptionError for an option that `where` does not have, with the name that was probably meant.
 */
export function checkNames(
  where: string,
  options: unknown,
  names: readonly string[],
  known = `use ${names.join(', ')}`,
): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    const shown = Array.isArray(options) ? 'a list' : options === null ? 'null' : `a ${typeof options}`;
    const example = names.length === 0 ? '{}' : `{ ${names[0]}: … }`;
    throw new OptionError('options', `${where}: options come as one object, such as ${example}, not as ${shown}`);
  }
  for (const option of Object.keys(options)) {
    if (names.includes(option)) continue;
    const near = nearest(option, names);
    const hint = near === undefined ? known : `did you mean '${near}'?`;
    throw new OptionError(option, `${where}: there is no option '${option}'; ${hint}`);
  }
}

/** `value`, one of `choices`. @throws OptionError */
export function checkChoice<T extends string | number | boolean>(
  where: string,
  option: string,
  value: T,
  choices: readonly T[],
): T {
  if (choices.includes(value)) return value;
  const list = choices.map((choice) => (typeof choice === 'string' ? `'${choice}'` : String(choice))).join(', ');
  throw new OptionError(option, `${where}: ${option} must be one of ${list}, not ${JSON.stringify(value)}`);
}

/** `value`, true or false. @throws OptionError */
export function checkFlag(where: string, option: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw new OptionError(option, `${where}: ${option} must be true or false, not ${JSON.stringify(value)}`);
}

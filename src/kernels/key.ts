/**
 * Keys of kernel tasks: a hash of the kernel's name, its parameters and the keys of its inputs, so that the same call
 * on the same arrays is one task however often it is written. Each is one short hash over keys that exist already, and
 * no depth of graph makes it recurse.
 */
import { hash } from 'node:crypto';
import type { Params } from '../graph/node.js';
import type { Kernel } from './contract.js';

/** Hex digits of a key's hash: 80 bits, so among a million tasks a clash has odds of 1 in 10¹². */
export const DIGITS = 20;

export function digest(text: string): string {
  return hash('sha1', text, 'hex').slice(0, DIGITS);
}

/** @param label what the key begins with; it says nothing about the task that the rest does not say */
export function kernelKey(
  kernel: Kernel,
  params: Params,
  inputKeys: readonly string[],
  label: string = kernel.name,
): string {
  const names = Object.keys(params);
  if (names.length > 1) names.sort();
  let text = `${identify(kernel)}(`;
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    text += `${i === 0 ? '' : ','}${name}=${typeof params[name]}:${String(params[name])}`;
  }
  text += ')';
  for (let i = 0; i < inputKeys.length; i++) text += i === 0 ? inputKeys[i] : `|${inputKeys[i]}`;
  return `${label}-${digest(text)}`;
}

const HASHED = new RegExp(`-[0-9a-f]{${DIGITS}}$`);

/** The same key with another label in front; undefined for a key that was not made here. */
export function renamed(key: string, label: string): string | undefined {
  return HASHED.test(key) ? label + key.slice(-DIGITS - 1) : undefined;
}

const identities = new WeakMap<Kernel, string>();
const sameNamed = new Map<string, number>();

/** A kernel's name, numbered where two different kernels share it. */
function identify(kernel: Kernel): string {
  let identity = identities.get(kernel);
  if (identity === undefined) {
    const count = sameNamed.get(kernel.name) ?? 0;
    sameNamed.set(kernel.name, count + 1);
    identity = count === 0 ? kernel.name : `${kernel.name}#${count}`;
    identities.set(kernel, identity);
  }
  return identity;
}

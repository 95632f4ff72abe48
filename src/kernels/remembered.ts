/**
 * What a kernel works out of a call is worked out once: its parts (`infer`, `cost`, `isWide`, `block`, `args`) are asked
 * one after the other about the same object, and forget nothing for as long as that lives.
 */

/** `make` with its answers kept by the identity of what it is asked about. What it throws is not kept. */
export function remembered<K extends object, V extends object>(make: (key: K) => V): (key: K) => V {
  const known = new WeakMap<K, V>();
  return (key) => {
    let value = known.get(key);
    if (value === undefined) {
      value = make(key);
      known.set(key, value);
    }
    return value;
  };
}

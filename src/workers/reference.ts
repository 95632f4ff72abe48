/**
 * When a function may travel by reference: it is an export of a module that threads can import, and importing that
 * module there neither is nor reaches the program's entry and does not run a program of its own.
 */
import { readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { AnyFunction } from '../graph/node.js';
import { workerFlags } from './flags.js';
import type { Location } from './locate.js';
import { moduleInfo, reachesEntry, withoutQuery } from './module-info.js';

export interface Reference {
  readonly url: string;
  readonly name: string;
  readonly isCommon: boolean;
}

let entry: string | undefined;

/** The URL of the module the process was started with; '' when there is none (`node -e`). */
export function entryUrl(): string {
  if (entry === undefined) {
    entry = '';
    const given = process.argv[1];
    if (given !== undefined) {
      try {
        entry = pathToFileURL(createRequire(`${process.cwd()}/`).resolve(resolve(given))).href;
        entry = pathToFileURL(realpathSync(fileURLToPath(entry))).href;
      } catch {
        entry = pathToFileURL(resolve(given)).href;
      }
    }
  }
  return entry;
}

export function isPackage(url: string): boolean {
  return url.includes('/node_modules/');
}

/** undefined when the function must travel by value. Nothing is imported to find out. */
export function referenceTo(fn: AnyFunction, location: Location): Reference | undefined {
  const { script, start } = location;
  const { url } = script;
  if (!script.isModule && url.startsWith(ownRoot)) return ownReference(url, fn);
  if (!url.startsWith('file://') || !canImport(url)) return undefined;
  const name = script.isModule ? script.module.exports.get(start) : commonExport(url, fn);
  if (name === undefined || !isSafe(location)) return undefined;
  return { url, name, isCommon: !script.isModule };
}

const ownRoot = new URL('../', import.meta.url).href;
const ownExports = new Map<string, ReadonlySet<string>>();

/**
 * Test runners and loaders transform lazuli's own modules too, after which their text tells no exports; the file does.
 * A top-level function of ours is exported under its name.
 */
function ownReference(url: string, fn: AnyFunction): Reference | undefined {
  if (!/^(async )?(function|class)\b/.test(Function.prototype.toString.call(fn))) return undefined;
  let names = ownExports.get(url);
  if (names === undefined) {
    try {
      names = new Set(moduleInfo(readFileSync(fileURLToPath(withoutQuery(url)), 'utf8'), true).exports.values());
    } catch {
      names = new Set();
    }
    ownExports.set(url, names);
  }
  return names.has(fn.name) ? { url: withoutQuery(url), name: fn.name, isCommon: false } : undefined;
}

/** Importing the module in a thread repeats no program. */
function isSafe({ script }: Location): boolean {
  if (isPackage(script.url)) return true;
  const entry = entryUrl();
  return withoutQuery(script.url) !== entry && !script.module.runsProgram && !reachesEntry(script.url, entry);
}

/** Threads import TypeScript only where they have what this process has for it. */
export function canImport(url: string): boolean {
  const extension = /\.([cm]?tsx?|jsx)$/.exec(withoutQuery(url))?.[1];
  if (extension === undefined) return true;
  if (workerFlags().hasLoader) return true;
  const native = (process.features as { typescript?: unknown }).typescript;
  return Boolean(native) && !extension.endsWith('x') && !isPackage(url);
}

/** The name under which a loaded CommonJS module exports `fn`; '*' for `module.exports` itself. */
function commonExport(url: string, fn: AnyFunction): string | undefined {
  let file: string;
  try {
    file = fileURLToPath(withoutQuery(url));
  } catch {
    return undefined;
  }
  const exported: unknown = createRequire(import.meta.url).cache[file]?.exports;
  if (exported === fn) return '*';
  if ((typeof exported !== 'object' && typeof exported !== 'function') || exported === null) return undefined;
  for (const key of Object.keys(exported)) {
    try {
      if ((exported as Record<string, unknown>)[key] === fn) return key;
    } catch {
      // A getter that throws exports nothing.
    }
  }
  return undefined;
}

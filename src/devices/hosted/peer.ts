/**
 * Finding an optional peer: first from where lazuli itself is installed, as any dependency, then from the program's own
 * folder and from the working directory, for where lazuli is linked from elsewhere. Nothing of the package is loaded.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface Peer {
  /** The folder of the package. */
  readonly root: string;
  /** What `require` would load. */
  readonly entry: string;
  readonly version: string;
  /** Its package.json. */
  readonly manifest: Readonly<Record<string, unknown>>;
}

/** Where to look from: URLs of files, which need not exist. */
function places(): string[] {
  const program = process.argv[1];
  const folders = [...(program === undefined ? [] : [dirname(program)]), process.cwd()];
  return [import.meta.url, ...folders.map((folder) => pathToFileURL(join(folder, 'package.json')).href)];
}

/** The package of this name, or undefined where there is none. @param from URLs of files to resolve it from */
export function findPeer(name: string, from: readonly string[] = places()): Peer | undefined {
  for (const place of from) {
    try {
      const require = createRequire(place);
      const entry = require.resolve(name);
      const path = require.resolve(`${name}/package.json`);
      const manifest = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
      return { root: dirname(path), entry, version: String(manifest.version), manifest };
    } catch {
      // not from here
    }
  }
  return undefined;
}

/**
 * What the cost model learned, kept between processes: one JSON file in the user's cache folder for each machine (its
 * processor and cores, Node's version, the build of the kernels), written beside it and renamed, so that a reader never
 * sees half a file.
 * A file that cannot be read, or is of another form, is as good as none: it is a cache.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, homedir } from 'node:os';
import { join } from 'node:path';
import type { DeviceSpeed, ModelData } from './model.js';

/** What is kept. */
export interface CostRecord {
  /** What calibration measured, by device. */
  readonly speeds: Readonly<Record<string, DeviceSpeed>>;
  readonly model: ModelData;
}

/** The form of the file: one of another form is not read. */
const FORM = 2;

/** The folder that the system has for what can be made again. */
export function cacheFolder(
  platform: NodeJS.Platform = process.platform,
  env: Readonly<Record<string, string | undefined>> = process.env,
  home: string = homedir(),
): string {
  if (platform === 'win32') return join(env.LOCALAPPDATA ?? join(home, 'AppData', 'Local'), 'lazuli', 'Cache');
  if (platform === 'darwin') return join(home, 'Library', 'Caches', 'lazuli');
  return join(env.XDG_CACHE_HOME || join(home, '.cache'), 'lazuli');
}

/** What times depend on, besides the kernels, whose names in the model contain their source's hash. */
export function machineKey(build = ''): string {
  const all = cpus();
  return [all[0]?.model.trim() ?? 'unknown processor', all.length, process.arch, process.version, build].join(' | ');
}

export class CostFile {
  readonly path: string;
  readonly #key: string;

  constructor(folder: string = cacheFolder(), key: string = machineKey()) {
    this.#key = key;
    const name = createHash('sha256').update(key).digest('hex').slice(0, 16);
    this.path = join(folder, `costs-${name}.json`);
  }

  /** What was kept for this machine; undefined when nothing was, or nothing that can be read. */
  load(): CostRecord | undefined {
    try {
      const { form, key, speeds, model } = JSON.parse(readFileSync(this.path, 'utf8')) as Record<string, unknown>;
      if (form !== FORM || key !== this.#key || !isRecord(speeds, isSpeed) || !isModel(model)) return undefined;
      return { speeds, model };
    } catch {
      return undefined;
    }
  }

  /** Keeps it. False where the folder cannot be written: then the next process starts from nothing. */
  save({ speeds, model }: CostRecord): boolean {
    const text = JSON.stringify({ form: FORM, key: this.#key, speeds, model });
    const draft = `${this.path}.${process.pid}`;
    try {
      mkdirSync(join(this.path, '..'), { recursive: true });
      writeFileSync(draft, text);
      renameSync(draft, this.path);
      return true;
    } catch {
      removeFile(draft);
      return false;
    }
  }

  remove(): void {
    removeFile(this.path);
  }
}

function removeFile(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Where its folder cannot even be looked into, there is no file of ours
  }
}

function isRecord<T>(value: unknown, holds: (entry: unknown) => entry is T): value is Record<string, T> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(holds);
}

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const isNumbers = (value: unknown): value is number[] => Array.isArray(value) && value.every(isNumber);

function isSpeed(value: unknown): value is DeviceSpeed {
  const { overhead, flops, bandwidth } = (value ?? {}) as Record<string, unknown>;
  return [overhead, flops, bandwidth].every((number) => isNumber(number) && number > 0);
}

function isFit(value: unknown): value is ModelData['fits'][string] {
  const { matrix, right, weight, logs, errors } = (value ?? {}) as Record<string, unknown>;
  const isWhole = isNumbers(matrix) && matrix.length === 9 && isNumbers(right) && right.length === 3;
  return isWhole && isNumber(weight) && isNumbers(logs) && isNumbers(errors);
}

function isModel(value: unknown): value is ModelData {
  const { fits, histories } = (value ?? {}) as Record<string, unknown>;
  return isRecord(fits, isFit) && isRecord(histories, isNumbers);
}

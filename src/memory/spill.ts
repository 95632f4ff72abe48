/**
 * Where arrays go that the memory has no room for: files in a folder of this process, one for each array, written and
 * read front to back through two buffers that are taken beforehand, so that making room takes no memory. A checksum
 * (CRC-32) is kept here, not in the file: what comes back is what went out, or an error.
 *
 * The folder is removed when the store is closed and when the process exits. A process that was killed leaves its folder
 * behind; the next store in the same place removes those whose process is gone.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { SpillError } from '../errors.js';
import type { Copy } from './handle.js';

/** An array in a file. */
export interface Spilled {
  readonly path: string;
  readonly length: number;
  readonly checksum: number;
}

/** The bytes of an array in a file, until nobody needs them. */
export class FileCopy implements Copy {
  readonly #store: SpillStore;
  readonly #spilled: Spilled;

  constructor(store: SpillStore, spilled: Spilled) {
    this.#store = store;
    this.#spilled = spilled;
  }

  /** @throws SpillError */
  read(into: Uint8Array): Promise<void> {
    return this.#store.read(this.#spilled, into);
  }

  drop(): void {
    void this.#store.free(this.#spilled);
  }
}

const PREFIX = 'lazuli-spill-';
const STAGING_BYTES = 1 << 20;

/** Folders of stores that are open. */
const folders = new Set<string>();

function removeAll(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  folders.clear();
}

/**
 * A folder of files for arrays, made when the first one is written.
 *
 * @example
 * const store = new SpillStore();
 * const spilled = await store.write(bytes);
 * await store.read(spilled, bytes);
 * await store.close();
 */
export class SpillStore {
  readonly #place: string;
  #taken: readonly [Buffer, Buffer] | undefined;
  #folder: string | undefined;
  #count = 0;
  #bytes = 0;
  /** One transfer at a time: they share the buffer, and a disk is read and written faster in one go. */
  #last: Promise<unknown> = Promise.resolve();

  /** @param place the folder in which this store makes its own; default: the system's temporary folder */
  constructor(place: string = tmpdir()) {
    this.#place = place;
  }

  /** The buffers that all transfers go through in turn, taken before the first: one is filled while the other is written. */
  #staging(part: number): Buffer {
    this.#taken ??= [Buffer.alloc(STAGING_BYTES), Buffer.alloc(STAGING_BYTES)];
    return this.#taken[(part & 1) as 0 | 1];
  }

  /** Whether it has a folder. */
  get isOpen(): boolean {
    return this.#folder !== undefined;
  }

  /** Bytes in files at the moment. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Writes bytes out; they must not change meanwhile. @throws SpillError with the system's reason */
  write(bytes: Uint8Array): Promise<Spilled> {
    return this.#inTurn(async () => {
      const path = join(this.#open(), `${this.#count++}`);
      let checksum = 0;
      try {
        const file = await open(path, 'wx', 0o600);
        try {
          let writing: Promise<void> | undefined;
          for (let from = 0, k = 0; from < bytes.length; from += STAGING_BYTES, k++) {
            const part = bytes.subarray(from, from + STAGING_BYTES);
            const staged = this.#staging(k).subarray(0, part.length);
            staged.set(part);
            checksum = crc32(staged, checksum);
            await writing;
            writing = writeWhole(file, staged);
            // Its failure is heard of where it is awaited
            writing.catch(() => {});
          }
          await writing;
        } finally {
          await file.close();
        }
      } catch (error) {
        await unlink(path).catch(() => {});
        throw new SpillError(`could not write ${bytes.length} bytes to a file in ${this.#folder}`, error);
      }
      this.#bytes += bytes.length;
      return { path, length: bytes.length, checksum };
    });
  }

  /** Reads bytes back into memory that has their length. @throws SpillError where they are not what was written */
  read({ path, length, checksum }: Spilled, into: Uint8Array): Promise<void> {
    if (into.length !== length) throw new RangeError(`spill: ${length} bytes do not go into ${into.length}`);
    return this.#inTurn(async () => {
      let found = 0;
      try {
        const file = await open(path, 'r');
        try {
          const readFrom = (from: number, k: number): ReturnType<FileHandle['read']> =>
            file.read(this.#staging(k), 0, Math.min(STAGING_BYTES, length - from), from);
          let reading = length === 0 ? undefined : readFrom(0, 0);
          for (let from = 0, k = 0; from < length; k++) {
            const { bytesRead } = await (reading as ReturnType<FileHandle['read']>);
            if (bytesRead === 0) throw new Error(`the file ends after ${from} of ${length} bytes`);
            const staged = this.#staging(k).subarray(0, bytesRead);
            const next = from + bytesRead;
            if (next < length) {
              reading = readFrom(next, k + 1);
              reading.catch(() => {});
            }
            found = crc32(staged, found);
            into.set(staged, from);
            from = next;
          }
        } finally {
          await file.close();
        }
      } catch (error) {
        throw new SpillError(`could not read ${length} bytes back from ${path}`, error);
      }
      if (found !== checksum)
        throw new SpillError(`${path} does not hold what was written to it: its checksum differs`);
    });
  }

  /** Removes a file that nobody needs any more. */
  free({ path, length }: Spilled): Promise<void> {
    return this.#inTurn(async () => {
      this.#bytes -= length;
      await unlink(path).catch(() => {});
    });
  }

  /** Removes everything. What is under way ends first. */
  close(): Promise<void> {
    return this.#remove(() => true);
  }

  /** Removes the folder when nothing is in it any more. What is under way ends first. */
  tidy(): Promise<void> {
    return this.#remove(() => this.#bytes === 0);
  }

  #remove(isTime: () => boolean): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#folder === undefined || !isTime()) return;
      rmSync(this.#folder, { recursive: true, force: true });
      folders.delete(this.#folder);
      if (folders.size === 0) process.off('exit', removeAll);
      this.#folder = undefined;
      this.#bytes = 0;
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => {});
    return turn;
  }

  #open(): string {
    if (this.#folder !== undefined) return this.#folder;
    removeOrphans(this.#place);
    const folder = join(this.#place, `${PREFIX}${process.pid}-${randomBytes(6).toString('hex')}`);
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      writeFileSync(join(folder, 'README'), 'Arrays of a running lazuli process; removed when it ends.\n');
    } catch (error) {
      throw new SpillError(`could not make a folder for spilled arrays in ${this.#place}`, error);
    }
    if (folders.size === 0) process.on('exit', removeAll);
    folders.add(folder);
    this.#folder = folder;
    return folder;
  }
}

async function writeWhole(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let from = 0; from < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, from, bytes.length - from);
    from += bytesWritten;
  }
}

/** Folders of processes of this machine that have ended without removing theirs. */
function removeOrphans(place: string): void {
  let names: string[];
  try {
    names = readdirSync(place);
  } catch {
    return;
  }
  for (const name of names) {
    const pid = Number(new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1]);
    if (!Number.isInteger(pid) || isRunning(pid)) continue;
    rmSync(join(place, name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Not permitted to signal it: it is somebody else's, and alive
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

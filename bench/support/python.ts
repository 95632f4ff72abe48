/**
 * Peers written in Python: one process that stays, asked over lines of JSON, so that ours and theirs can alternate and
 * both are warm. Without Python or without the packages a bench goes on without peers and says why.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const python = fileURLToPath(new URL('../.venv/bin/python', import.meta.url));

type Reply = Readonly<Record<string, unknown>>;

export class PythonPeer {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;
  /** The versions of Python and of the packages. */
  readonly versions: string;

  private constructor(child: ChildProcess, reader: Interface, lines: AsyncIterator<string>, versions: string) {
    this.#child = child;
    this.#reader = reader;
    this.#lines = lines;
    this.versions = versions;
  }

  /**
   * Starts `script`, whose first line says the versions; a string is the reason why there are no peers.
   *
   * @param env variables beside those of this process; undefined: without it
   */
  static async start(
    script: URL,
    env: Readonly<Record<string, string | undefined>> = {},
  ): Promise<PythonPeer | string> {
    if (!existsSync(python)) return 'no peers: bench/.venv is missing; bench/README.md says how to make it';
    const child = spawn(python, [fileURLToPath(script)], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
    });
    const reader = createInterface({ input: child.stdout! });
    const lines = reader[Symbol.asyncIterator]();
    const first = await lines.next();
    if (first.done) return `no peers: ${script.pathname.split('/').at(-1)} does not start; see its message above`;
    return new PythonPeer(child, reader, lines, String((JSON.parse(first.value) as Reply).versions));
  }

  /** Asks for one measurement; null stands for one that this peer cannot do. */
  async ask<T>(request: object): Promise<T | null> {
    this.#child.stdin!.write(`${JSON.stringify(request)}\n`);
    const line = await this.#lines.next();
    if (line.done) throw new Error('the Python peer ended; see its message above');
    return JSON.parse(line.value) as T | null;
  }

  close(): void {
    this.#child.stdin!.end();
    this.#reader.close();
  }
}

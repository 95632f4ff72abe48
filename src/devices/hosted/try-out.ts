/**
 * A native library that does not fit the machine may end the process that loads it: an instruction that the processor
 * has not, another version of a library beneath. So a process of its own loads it first, once for each library.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { HostData } from './library.js';

/** How long that process may take, in milliseconds: half a second is usual, two for TensorFlow. */
const LIMIT = 30_000;

const program = fileURLToPath(new URL('./try-out-main.js', import.meta.url));
const known = new Map<string, Promise<string | undefined>>();

/** Why the library cannot be used; undefined where it can. Found out once. */
export function tryOut(host: HostData): Promise<string | undefined> {
  const key = `${host.module} ${host.entry}`;
  let answer = known.get(key);
  if (answer === undefined) {
    answer = attempt(host);
    known.set(key, answer);
  }
  return answer;
}

function attempt(host: HostData): Promise<string | undefined> {
  const env: Record<string, string | undefined> = { ...process.env, ELECTRON_RUN_AS_NODE: '1', NODE_OPTIONS: '' };
  delete env.NODE_V8_COVERAGE;
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [program, JSON.stringify(host)], {
      env,
      timeout: LIMIT,
      killSignal: 'SIGKILL',
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
    });
    const [out, err]: [string[], string[]] = [[], []];
    child.stdout.setEncoding('utf8').on('data', (text: string) => out.push(text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => err.push(text));
    child.on('error', (error) => resolve(`no process could be started to try it: ${error.message}`));
    child.on('close', (code, signal) => {
      if (out.join('').includes('good') && code === 0) resolve(undefined);
      else if (signal !== null) resolve(`the process that tried it crashed or did not end in time (${signal})`);
      else resolve(messageOf(err.join('')) ?? `the process that tried it failed with code ${code}`);
    });
  });
}

/** What the error that ended the process says: the line `Error: …` that Node prints, and those up to its stack. */
export function messageOf(printed: string): string | undefined {
  const lines = printed.split('\n');
  const first = lines.findLastIndex((line) => /^(\w*Error\b[^:]*): /.test(line));
  if (first < 0) return undefined;
  const rest = lines.slice(first + 1);
  const length = rest.findIndex((line) => /^\s+at |^\{|^Node\.js v|^- /.test(line) || line.trim() === '');
  const text = [lines[first]!, ...rest.slice(0, Math.max(0, length))].map((line) => line.trim()).join(' ');
  return text.replace(/^\w*Error\b[^:]*: /, '').slice(0, 500);
}

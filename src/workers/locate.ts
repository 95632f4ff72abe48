/**
 * Where a function comes from and what its captured variables hold now, asked of V8 through an in-process inspector
 * session. Everything here is synchronous. The session is opened on demand, keeps no domain enabled, and is closed when
 * the current turn of the event loop ends; every remote object is released before a call returns.
 */
import { Session } from 'node:inspector';
import type { AnyFunction } from '../graph/node.js';
import { type ModuleInfo, moduleInfo } from './module-info.js';

/** A script that functions were found in. */
export interface ScriptInfo {
  readonly url: string;
  readonly isModule: boolean;
  readonly source: string;
  readonly lineStarts: readonly number[];
  /** Parsed when first asked for. */
  readonly module: ModuleInfo;
}

export interface Location {
  readonly script: ScriptInfo;
  /** Where the function's source text starts in the script. */
  readonly start: number;
  readonly line: number;
  readonly column: number;
}

export interface BoundParts {
  readonly target: AnyFunction;
  readonly self: unknown;
  readonly args: readonly unknown[];
}

/** One scope around a function: variables by name, innermost scope first in a list. */
export interface ScopeRecord {
  readonly description: string;
  readonly variables: Record<string, unknown>;
}

type Listed = { readonly url: string; readonly isModule: boolean };
type Property = { name: string; value?: { objectId?: string; value?: unknown } };
type Reply = {
  result: { objectId?: string } & Property[];
  internalProperties?: Property[];
  scriptSource?: string;
};

type Internals = ReadonlyMap<string, Property['value']>;
type Place = { readonly scriptId: string; readonly lineNumber: number; readonly columnNumber: number };

const slot = Symbol.for('lazuli.inspected');
const group = 'lazuli';
const scriptLimit = 1000;
const listed = new Map<string, Listed>();
const scripts = new Map<string, ScriptInfo>();
const locations = new WeakMap<AnyFunction, Location | 'native'>();

let session: Session | undefined;
let uses = 0;

/** How often the debugger was enabled: each time, V8 drops this thread's optimised WebAssembly code. */
export function debuggerUses(): number {
  return uses;
}

function open(): Session {
  if (session !== undefined) return session;
  const opened = new Session();
  opened.connect();
  opened.on('Debugger.scriptParsed', ({ params }) => {
    listed.set(params.scriptId, { url: params.url, isModule: params.isModule === true });
  });
  session = opened;
  setImmediate(() => {
    session = undefined;
    opened.disconnect();
  }).unref();
  return opened;
}

function post(method: string, params: object = {}): Reply {
  let reply: Reply | undefined;
  let failure: Error | null = null;
  // In an in-process session the callback runs before `post` returns.
  (
    open().post as (method: string, params: object, callback: (error: Error | null, reply?: object) => void) => void
  ).call(open(), method, params, (error, answer) => {
    failure = error;
    reply = answer as Reply | undefined;
  });
  if (failure !== null) throw failure;
  if (reply === undefined) throw new Error(`the inspector did not answer ${method} at once`);
  return reply;
}

/** Runs `use` with the internal properties of a function at hand, and releases them afterwards. */
function inspect<T>(fn: AnyFunction, use: (internals: Internals) => T): T {
  const shared = globalThis as Record<symbol, unknown>;
  shared[slot] = fn;
  try {
    const { result } = post('Runtime.evaluate', {
      expression: `globalThis[Symbol.for('lazuli.inspected')]`,
      objectGroup: group,
      silent: true,
    });
    const { internalProperties = [] } = post('Runtime.getProperties', {
      objectId: result.objectId,
      ownProperties: true,
    });
    return use(new Map(internalProperties.map((property) => [property.name, property.value])));
  } finally {
    delete shared[slot];
    post('Runtime.releaseObjectGroup', { objectGroup: group });
  }
}

/** The live object behind a remote one. */
function local(objectId: string | undefined): unknown {
  if (objectId === undefined) return undefined;
  const shared = globalThis as Record<symbol, unknown>;
  try {
    post('Runtime.callFunctionOn', {
      objectId,
      functionDeclaration: `function () { globalThis[Symbol.for('lazuli.inspected')] = this; }`,
      objectGroup: group,
      silent: true,
    });
    return shared[slot];
  } finally {
    delete shared[slot];
  }
}

/** A function's place, and a way to its variables. */
export interface Examined {
  /** undefined for native and bound functions. */
  readonly location: Location | undefined;
  /** The scopes around it with the variables' values as they are now; [] for native functions. */
  scopes(): readonly ScopeRecord[];
}

/**
 * Where a function comes from, cached per function object, and what is around it, read at every call.
 * The first call of a process takes 20–100 ms, others about 0.1 ms.
 */
export function examine(fn: AnyFunction): Examined {
  const known = locations.get(fn);
  if (known !== undefined) {
    return { location: known === 'native' ? undefined : known, scopes: () => inspect(fn, readScopes) };
  }
  return inspect(fn, (internals) => {
    const place = internals.get('[[FunctionLocation]]')?.value as Place | undefined;
    const location = place === undefined ? undefined : locationOf(fn, place);
    locations.set(fn, location ?? 'native');
    const scopes = location === undefined ? [] : readScopes(internals);
    return { location, scopes: () => scopes };
  });
}

/**
 * Reads the scripts that the functions come from now rather than when they are shipped, so that V8 drops its optimised
 * WebAssembly code now.
 */
export function readScripts(functions: Iterable<AnyFunction>): void {
  for (const fn of functions) if (!locations.has(fn)) examine(fn);
}

function locationOf(fn: AnyFunction, place: Place): Location {
  const script = scriptInfo(place.scriptId);
  const offset = (script.lineStarts[place.lineNumber] ?? 0) + place.columnNumber;
  const start = Math.max(0, script.source.lastIndexOf(Function.prototype.toString.call(fn), offset));
  const line = lineOf(script.lineStarts, start);
  return { script, start, line, column: start - (script.lineStarts[line] ?? 0) };
}

function readScopes(internals: Internals): ScopeRecord[] {
  const scopes = local(internals.get('[[Scopes]]')?.objectId) as
    | { readonly [index: number]: { description?: string; object?: Record<string, unknown> } }
    | undefined;
  const result: ScopeRecord[] = [];
  for (let i = 0; scopes?.[i] !== undefined; i++) {
    const { description = '', object } = scopes[i] as { description?: string; object?: Record<string, unknown> };
    if (object !== undefined && description !== 'Global') result.push({ description, variables: object });
  }
  return result;
}

/** The parts of a bound function; undefined for any other. */
export function boundParts(fn: AnyFunction): BoundParts | undefined {
  return inspect(fn, (internals) => {
    const target = internals.get('[[TargetFunction]]');
    if (target === undefined) return undefined;
    const remote = internals.get('[[BoundThis]]');
    return {
      target: local(target?.objectId) as AnyFunction,
      self: remote?.objectId === undefined ? remote?.value : local(remote.objectId),
      args: Array.from((local(internals.get('[[BoundArgs]]')?.objectId) ?? []) as ArrayLike<unknown>),
    };
  });
}

function scriptInfo(scriptId: string): ScriptInfo {
  const known = scripts.get(scriptId);
  if (known !== undefined) return known;
  // Enabling the debugger lists every script; it is on only for as long as this takes.
  listed.clear();
  uses++;
  post('Debugger.enable');
  let source: string;
  try {
    source = post('Debugger.getScriptSource', { scriptId }).scriptSource ?? '';
  } finally {
    post('Debugger.disable');
  }
  const { url, isModule } = listed.get(scriptId) ?? { url: '', isModule: false };
  const lineStarts = [0];
  for (let i = source.indexOf('\n'); i >= 0; i = source.indexOf('\n', i + 1)) lineStarts.push(i + 1);
  let parsed: ModuleInfo | undefined;
  const info: ScriptInfo = {
    url: actualUrl(url),
    isModule,
    source,
    lineStarts,
    get module() {
      parsed ??= moduleInfo(source, isModule);
      return parsed;
    },
  };
  // Programs that make functions from text make a script each.
  if (scripts.size >= scriptLimit) scripts.delete(scripts.keys().next().value as string);
  scripts.set(scriptId, info);
  return info;
}

/** tsx loads some modules through data URLs that name the file; CommonJS scripts may be named by a plain path. */
function actualUrl(url: string): string {
  const viaData = /[?&]filePath=([^&]+)/.exec(url);
  if (viaData?.[1] !== undefined)
    return `file://${decodeURIComponent(viaData[1]).split('/').map(encodeURIComponent).join('/')}`;
  return url.startsWith('/') ? `file://${url}` : url;
}

function lineOf(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

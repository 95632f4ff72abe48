/**
 * The command line flags that pool threads get: those that decide how modules are found and loaded (so that a thread
 * imports what this process imports), and none that would make a thread start a debugger, a test runner or a program.
 */
export interface WorkerFlags {
  readonly execArgv: readonly string[];
  /** A loader for TypeScript (tsx and its like) is among them or in NODE_OPTIONS. */
  readonly hasLoader: boolean;
}

const withValue = /^(--import|--require|-r|--loader|--experimental-loader|--conditions|-C|--disable-warning)$/;
const joined = /^(--import|--require|--loader|--experimental-loader|--conditions|--disable-warning)=/;
const alone =
  /^(--experimental-(strip|transform)-types|--no-experimental-strip-types|--no-warnings|--no-deprecation|--enable-source-maps|--preserve-symlinks|--experimental-(wasm-modules|json-modules|import-meta-resolve|vm-modules|global-webcrypto))$/;
const loaders = /(^|[\\/@=])(tsx|ts-node|esbuild-register|@swc-node|swc-node|jiti|@oxc-node)([\\/]|$)/;
const runners = /[\\/](vitest|jest|mocha|ava|c8|nyc)[\\/]/;

let cached: WorkerFlags | undefined;

export function workerFlags(): WorkerFlags {
  cached ??= selectFlags(process.execArgv, process.env.NODE_OPTIONS ?? '');
  return cached;
}

/** The flags among `execArgv` that a thread keeps. Pure, for tests. */
export function selectFlags(execArgv: readonly string[], nodeOptions: string): WorkerFlags {
  const kept: string[] = [];
  let hasLoader = nodeOptions.split(/\s+/).some((part) => loaders.test(part));
  for (let i = 0; i < execArgv.length; i++) {
    const flag = execArgv[i] ?? '';
    const value = withValue.test(flag) ? (execArgv[++i] ?? '') : undefined;
    const text = value ?? flag;
    if (value === undefined && !joined.test(flag) && !alone.test(flag)) continue;
    if (runners.test(text)) continue;
    if (!/^(-C|--conditions|--disable-warning)/.test(flag) && loaders.test(text)) hasLoader = true;
    kept.push(flag);
    if (value !== undefined) kept.push(value);
  }
  return { execArgv: kept, hasLoader };
}

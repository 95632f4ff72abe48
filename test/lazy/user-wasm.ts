/** AssemblyScript compiled to modules as a user would bring them, and modules put together by hand. */

interface Compiler {
  main(
    args: readonly string[],
    io: {
      readFile(name: string): string | null;
      writeFile(name: string, contents: unknown): void;
      listFiles(): string[];
    },
  ): Promise<{ readonly error: Error | null; readonly stderr: { toString(): string } }>;
}

/** Imported by a name that the compiler does not follow: its types declare globals that Node's contradict. */
const compiler = 'assemblyscript/asc';

/** The bytes of a module of which `source` is the AssemblyScript. */
export async function compileAssembly(source: string): Promise<Uint8Array> {
  let binary: Uint8Array | undefined;
  const asc = (await import(compiler)) as Compiler;
  const { error, stderr } = await asc.main(
    [
      'kernel.ts',
      ...['--outFile', 'kernel.wasm', '--runtime', 'stub', '-O2', '--noAssert', '--use', 'abort='],
      ...['--importMemory', '--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536'],
      ...['--enable', 'simd', '--enable', 'threads'],
    ],
    {
      readFile: (name) => (name === 'kernel.ts' ? source : null),
      writeFile: (name, contents) => {
        if (name.endsWith('.wasm')) binary = contents as Uint8Array;
      },
      listFiles: () => [],
    },
  );
  if (error !== null || binary === undefined) throw new Error(`AssemblyScript: ${stderr.toString()}`);
  return binary;
}

const byte = (text: string): number[] => [text.length, ...Buffer.from(text)];
const section = (id: number, content: readonly number[]): number[] => [id, content.length, ...content];

export interface ModuleParts {
  /** The number of pages that the imported memory may have at most, as LEB128; default 65536. */
  readonly most?: readonly number[];
  readonly memory?: readonly [module: string, name: string];
  /** How many i32 parameters `run` has. */
  readonly parameters?: number;
  readonly export?: string;
  readonly data?: boolean;
  readonly start?: boolean;
}

/** A module whose `run` does nothing. */
export function emptyModule(parts: ModuleParts = {}): Uint8Array {
  const { most = [0x80, 0x80, 0x04], memory = ['env', 'memory'], parameters = 3 } = parts;
  const types = [2, 0x60, parameters, ...Array.from({ length: parameters }, () => 0x7f), 0, 0x60, 0, 0];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, types),
    ...section(2, [1, ...byte(memory[0]), ...byte(memory[1]), 2, 3, 1, ...most]),
    ...section(3, [2, 0, 1]),
    ...section(7, [1, ...byte(parts.export ?? 'run'), 0, 0]),
    ...(parts.start ? section(8, [1]) : []),
    ...section(10, [2, 2, 0, 0x0b, 2, 0, 0x0b]),
    ...(parts.data ? section(11, [1, 0, 0x41, 8, 0x0b, 1, 42]) : []),
  ]);
}

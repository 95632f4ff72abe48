/** TypeScript written in documents, made into programs: read, type-checked as the library's own code, and run. */
import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import ts from 'typescript';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Snippet {
  /** The heading or docstring it stands under, for the test's name. */
  readonly title: string;
  readonly line: number;
  readonly code: string;
  /** What it must print. */
  readonly output: string;
}

/** The ```ts fences of a Markdown text, each with the ```text fence that follows it before the next one. */
export function readSnippets(markdown: string): Snippet[] {
  const snippets: Snippet[] = [];
  let title = '';
  const pattern = /^#+ (?<title>.*)$|^```(?<language>\w+)\n(?<body>[\s\S]*?)^```$/gm;
  for (const match of markdown.matchAll(pattern)) {
    const { title: heading, language, body = '' } = match.groups ?? {};
    const line = markdown.slice(0, match.index).split('\n').length;
    const last = snippets.at(-1);
    if (heading !== undefined) title = heading;
    else if (language === 'ts') snippets.push({ title, line, code: body, output: '' });
    else if (language === 'text' && last !== undefined) snippets[snippets.length - 1] = { ...last, output: body };
  }
  return snippets;
}

/**
 * Writes every code as a program of its own into a folder inside the repository, where `lazuli` is this package.
 * @throws Error with the compiler's messages when one does not type-check.
 */
export function compileAll(name: string, codes: readonly string[], changed: ts.CompilerOptions = {}): string[] {
  const folder = join(root, 'out', name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const files = codes.map((code, i) => {
    const file = join(folder, `${i}.ts`);
    writeFileSync(file, `${code}\nexport {};\n`);
    return file;
  });
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
  const place = { rootDir: folder, outDir: folder, declaration: false };
  const program = ts.createProgram(files, { ...options, ...place, ...changed });
  const { diagnostics } = program.emit();
  const problems = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
  if (problems.length > 0) {
    throw new Error(
      ts.formatDiagnostics(problems, {
        getCanonicalFileName: (file) => file,
        getCurrentDirectory: () => folder,
        getNewLine: () => '\n',
      }),
    );
  }
  return files.map((file) => file.replace(/\.ts$/, '.js'));
}

/** What a program prints, run in `cwd`. @throws Error when it fails or takes longer than a minute. */
export async function run(program: string, cwd: string): Promise<{ stdout: string; stderr: string }> {
  const env = { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1', FORCE_COLOR: undefined };
  return promisify(execFile)(process.execPath, [program], { cwd, env, timeout: 60_000 });
}

/**
 * Runs many programs one after the other in one process, in `cwd`: a process each would take most of the time. Answers
 * what each of them threw, '' where nothing. @throws Error when the process itself fails, or writes to standard error
 */
export async function runAll(programs: readonly string[], cwd: string): Promise<string[]> {
  const driver = join(root, 'out', 'run-all.mjs');
  const lines = [
    'const thrown = [];',
    `for (const program of ${JSON.stringify(programs.map((file) => pathToFileURL(file).href))}) {`,
    "  await import(program).then(() => thrown.push(''), (error) => thrown.push(String(error?.stack ?? error)));",
    '}',
    "console.log('');",
    'console.log(JSON.stringify(thrown));',
    'process.exit();',
  ];
  writeFileSync(driver, `${lines.join('\n')}\n`);
  const env = { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1', FORCE_COLOR: undefined };
  const options = { cwd, env, timeout: 170_000, maxBuffer: 1 << 26 };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [driver], options);
  if (stderr !== '') throw new Error(`an example wrote to standard error: ${stderr}`);
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '[]') as string[];
}

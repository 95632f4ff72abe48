#!/usr/bin/env node
/**
 * The `lazuli` command. A command is a name, what it is for, its options and what it does; parsing, help and the
 * messages for what does not exist are the same for all. Exit codes: 0 done, 1 failed, 2 called wrongly.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { nearest } from '../errors.js';
import { calibrate } from './calibrate.js';
import { type Command, UsageError } from './command.js';
import { demo } from './demo.js';
import { devices } from './devices.js';
import { commandHelp, help } from './help.js';

const commands: Readonly<Record<string, Command>> = { devices, calibrate, demo };

async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    console.log(help(commands));
    return name === undefined ? 2 : 0;
  }
  if (name === '--version' || name === '-v') {
    console.log(version());
    return 0;
  }
  if (name.startsWith('-')) throw unknown('option', name, ['--help', '--version']);
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) throw unknown('command', name, Object.keys(commands));
  if (rest.includes('--help') || rest.includes('-h')) {
    console.log(commandHelp(name, command));
    return 0;
  }
  return command.run(parse(name, command, rest));
}

function parse(name: string, command: Command, args: readonly string[]) {
  const options = Object.fromEntries(Object.keys(command.options).map((key) => [key, { type: 'string' as const }]));
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  const values: Record<string, string> = {};
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    if (!Object.hasOwn(command.options, token.name)) {
      const known = Object.keys(command.options).map((key) => `--${key}`);
      throw unknown('option', token.rawName, known, `lazuli ${name}`);
    }
    // parseArgs takes what follows for the value, also when that is the next option.
    const isMissing = token.value === undefined || (!token.inlineValue && token.value.startsWith('--'));
    if (isMissing) throw new UsageError(`lazuli ${name}: --${token.name} needs a value`);
    values[token.name] = token.value;
  }
  return { values, positionals };
}

function unknown(kind: string, name: string, known: readonly string[], where = 'lazuli'): UsageError {
  const near = nearest(name, known);
  const list = known.length === 0 ? 'there are none' : `there are ${known.join(', ')}`;
  return new UsageError(
    `${where}: there is no ${kind} '${name}'; ${near === undefined ? list : `did you mean '${near}'?`}`,
  );
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\nlazuli --help says what there is`);
  process.exitCode = 2;
}

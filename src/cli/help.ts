/** The texts of `--help`, made from the commands themselves. */
import type { Command } from './command.js';

const common: readonly Row[] = [
  ['--help', 'this text, or that of a command'],
  ['--version', 'the version'],
];

type Row = readonly [left: string, right: string];

/** `lazuli --help`. */
export function help(commands: Readonly<Record<string, Command>>): string {
  const rows = Object.entries(commands).map(([name, command]): Row => [usage(name, command), command.summary]);
  return `lazuli: parallel numeric work in Node\n\n${table([...rows, ...common])}`;
}

/** `lazuli <command> --help`. */
export function commandHelp(name: string, command: Command): string {
  const rows = Object.entries(command.options).map(([key, [value, meaning]]): Row => [`--${key} <${value}>`, meaning]);
  const options = rows.length === 0 ? '' : `\n\n${table(rows)}`;
  return `lazuli ${usage(name, command)}\n\n${command.summary}${options}`;
}

function usage(name: string, { argument }: Command): string {
  return argument === undefined ? name : `${name} ${argument}`;
}

/** Rows of two columns, the first as wide as its widest cell. */
export function table(rows: readonly Row[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n');
}

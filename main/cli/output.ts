/** How commands speak: data on stdout, talk on stderr, tables for people and JSON for scripts, and exit codes. Knows no verb. */
import { styleText } from 'node:util';
import { CommanderError } from 'commander';
import { type ErrorCode, errorRow, MillraceError } from '../../contract/errors.ts';

/** Exit codes, as in docs (DESIGN §6). */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  notPermitted: 4,
  conflict: 5,
  unavailable: 69,
  timeOut: 124,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** An outcome of a command that is not an error of the table: what to say, and the exit code. */
export class CommandError extends Error {
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string) {
    super(message);
    this.name = 'CommandError';
    this.exitCode = exitCode;
  }
}

/** Where a command talks. */
export interface Terminal {
  /** Data. */
  readonly out: NodeJS.WritableStream & { readonly isTTY?: boolean };
  /** Talk. */
  readonly err: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

/** One value as JSON on stdout. */
export function printJson(terminal: Terminal, value: unknown): void {
  terminal.out.write(`${JSON.stringify(value)}\n`);
}

/** One line of talk. */
export function say(terminal: Terminal, text: string): void {
  terminal.err.write(`${text}\n`);
}

type Style = Parameters<typeof styleText>[0];
const stateStyles: Readonly<Record<string, Style>> = {
  done: 'green',
  online: 'green',
  running: 'cyan',
  failed: 'red',
  quarantined: 'red',
  silent: 'yellow',
};

/** Never lets a name steer the terminal. */
const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}]/gu, '?');

/** A table with a head line; nothing but the head when there are no rows. Colours only where a terminal shows them (NO_COLOR counts). */
export function printTable(terminal: Terminal, head: readonly string[], rows: readonly (readonly string[])[]): void {
  const clean = rows.map((row) => row.map(printable));
  const widths = head.map((title, column) => Math.max(title.length, ...clean.map((row) => (row[column] ?? '').length)));
  const line = (cells: readonly string[], paint: (padded: string, cell: string) => string): string =>
    `${cells.map((cell, column) => paint(cell.padEnd(widths[column] ?? 0), cell)).join('  ')}`.trimEnd();
  const isColoured = terminal.out.isTTY === true && !process.env['NO_COLOR'];
  const paint = (padded: string, cell: string): string => {
    const style = stateStyles[cell];
    return isColoured && style !== undefined ? styleText(style, padded, { validateStream: false }) : padded;
  };
  terminal.out.write(`${line(head, (padded) => padded.toUpperCase())}\n`);
  for (const row of clean) terminal.out.write(`${line(row, paint)}\n`);
}

/** The exit code that an error of the table stands for. */
export function exitCodeOf(code: ErrorCode): ExitCode {
  const row = errorRow(code);
  if (row.status === 404) return exitCodes.notFound;
  if (row.status === 401 || row.status === 403) return exitCodes.notPermitted;
  if (row.status === 409) return exitCodes.conflict;
  if (row.status === 503) return exitCodes.unavailable;
  if (row.class === 'request' && row.status < 500) return exitCodes.usage;
  return exitCodes.failed;
}

/** Says what went wrong, never a stack trace, and gives the exit code. */
export function reportError(terminal: Terminal, error: unknown): ExitCode {
  // Commander has said it already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  if (error instanceof CommandError) {
    say(terminal, error.message);
    return error.exitCode;
  }
  if (error instanceof MillraceError) {
    say(terminal, `${error.message}\n${errorRow(error.code).hint} [${error.code}]`);
    return exitCodeOf(error.code);
  }
  say(terminal, error instanceof Error ? error.message : String(error));
  return exitCodes.failed;
}

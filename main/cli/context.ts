/** What every verb gets: where it talks, its environment, and the running hub of its data folder. */
import { Command, InvalidArgumentError } from 'commander';
import { dataFolder } from '../../common/data-folder.ts';
import { findHub } from './find-hub.ts';
import { createHubClient, type HubClient } from './hub-client.ts';
import type { Terminal } from './output.ts';

export interface CommandContext {
  readonly terminal: Terminal;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Options that all commands to a running hub share. */
export interface LocalOptions {
  readonly data?: string;
  readonly json?: boolean;
}

/** A command that speaks to the hub of a data folder. */
export function localCommand(name: string, summary: string): Command {
  return new Command(name)
    .description(summary)
    .option('--data <dir>', 'data folder of the hub (or MILLRACE_DATA)')
    .option('--json', 'JSON on stdout, for scripts');
}

/** Runs `work` with a client of the hub that runs on the data folder, and ends its connections. */
export async function withHub<T>(
  context: CommandContext,
  options: LocalOptions,
  work: (hub: HubClient) => Promise<T>,
): Promise<T> {
  const { url, token } = await findHub(dataFolder(options.data, context.environment));
  const hub = createHubClient(url, token);
  try {
    return await work(hub);
  } finally {
    await hub.close();
  }
}

/** A port: 0 to 65535, 0 takes a free one. */
export function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('It is a port: 0 to 65535.');
  return port;
}

/** A whole number from 1. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (!/^\d{1,9}$/.test(text) || count < 1) throw new InvalidArgumentError('It is a whole number from 1.');
  return count;
}

/** `30`, `30s`, `5m`, `2h` in milliseconds; a bare number is seconds. */
export function parseDuration(text: string): number {
  const parts = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text);
  const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
  const unit = parts?.[2] ?? 's';
  const factor = Object.entries(units).find(([name]) => name === unit)?.[1];
  if (parts === null || factor === undefined) throw new InvalidArgumentError('It is a time such as 30s, 5m or 2h.');
  return Math.round(Number(parts[1]) * factor);
}

/** For options that may be given several times. */
export function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

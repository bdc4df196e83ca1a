/** The registry of all commands, by family. */
import type { Command } from '../command.ts';
import { bitmapCommands } from './bitmap.ts';
import { connectionCommands } from './connection.ts';
import { hashCommands } from './hash.ts';
import { keyCommands } from './keys.ts';
import { listCommands } from './list.ts';
import { pubsubCommands } from './pubsub.ts';
import { scriptingCommands } from './scripting.ts';
import { serverCommands } from './server.ts';
import { setCommands } from './set.ts';
import { sortedSetCommands } from './sorted-set.ts';
import { streamCommands } from './stream.ts';
import { stringCommands } from './string.ts';
import { transactionCommands } from './transactions.ts';

/** Every command; families in the order of Redis's documentation. */
export const families: readonly (readonly Command[])[] = [
  stringCommands,
  bitmapCommands,
  listCommands,
  hashCommands,
  setCommands,
  sortedSetCommands,
  streamCommands,
  keyCommands,
  scriptingCommands,
  transactionCommands,
  pubsubCommands,
  connectionCommands,
  serverCommands,
];

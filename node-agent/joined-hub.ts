/** What a node remembers of the hub that it joined: `DATA/hubs.json`, for this user alone. And how a join token is read. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readTextIfThere, writeFileAtomic } from '../common/files.ts';
import { uuidSchema } from '../contract/ids.ts';
import { joinTokenSchema, keyPinSchema } from '../contract/node.ts';
import { parseHubAddress } from './hub-address.ts';

const joinedHubSchema = z.object({
  hubId: uuidSchema,
  hubName: z.string(),
  pin: keyPinSchema,
  nodeId: uuidSchema,
  secret: z.string().min(20),
  /** Where it was reached, latest first. */
  addresses: z.array(z.string().max(300)).max(8),
});
export type JoinedHub = z.infer<typeof joinedHubSchema>;

const fileSchema = z.object({ hubs: z.array(joinedHubSchema).max(1) });
const maxAddresses = 8;

const pathOf = (dataDir: string): string => join(dataDir, 'hubs.json');

/** The hub that was joined, or null. @throws Error naming the file when it cannot be understood */
export async function loadJoinedHub(dataDir: string): Promise<JoinedHub | null> {
  const text = await readTextIfThere(pathOf(dataDir));
  if (text === undefined) return null;
  try {
    return fileSchema.parse(JSON.parse(text)).hubs[0] ?? null;
  } catch (cause) {
    throw new Error(`${pathOf(dataDir)} cannot be read. Restore it, or remove it and join again with a token.`, {
      cause,
    });
  }
}

export async function saveJoinedHub(dataDir: string, hub: JoinedHub): Promise<void> {
  await writeFileAtomic(pathOf(dataDir), `${JSON.stringify({ hubs: [hub] }, null, 2)}\n`, 0o600);
}

export async function forgetJoinedHub(dataDir: string): Promise<void> {
  await rm(pathOf(dataDir), { force: true });
}

/** The same with this address as its latest. */
export function reachedAt(hub: JoinedHub, baseUrl: string): JoinedHub {
  const addresses = [baseUrl, ...hub.addresses.filter((address) => address !== baseUrl)].slice(0, maxAddresses);
  return { ...hub, addresses };
}

/** A node's credentials as a bearer token. */
export function bearerOf({ nodeId, secret }: Pick<JoinedHub, 'nodeId' | 'secret'>): string {
  return `mrn1.${nodeId}.${secret}`;
}

export interface ReadToken {
  readonly text: string;
  readonly hubId: string;
  /** Pin of the hub's key: the only hub that this token is shown to. */
  readonly pin: string;
  /** Addresses of the hub when the token was made. */
  readonly addresses: readonly string[];
}

/** Reads a join token; undefined when it is none. Hints that are no addresses are left out. */
export function readJoinToken(text: string): ReadToken | undefined {
  const token = joinTokenSchema.safeParse(text.trim());
  if (!token.success) return undefined;
  const [, hubId = '', pin = '', , , hints = ''] = token.data.split('.');
  const addresses = Buffer.from(hints, 'base64url').toString('utf8').split(',').slice(0, 16);
  return { text: token.data, hubId, pin, addresses: addresses.flatMap(asTlsAddress) };
}

function asTlsAddress(hint: string): string[] {
  try {
    return hint === '' ? [] : [parseHubAddress(`https://${hint}`).baseUrl];
  } catch {
    return [];
  }
}

/** How an external Redis or Valkey is set up, and what people should know of it. Changes nothing there. */
import type { Redis } from 'ioredis';
import type { BrokerNotice } from '../../../contract/operations/broker.ts';

export interface BrokerInspection {
  /** `Redis 7.0.15` or `Valkey 8.0.1`. */
  readonly server: string;
  readonly notices: readonly BrokerNotice[];
}

const oldestVersion = [6, 2] as const;

/** The API's words for each notice; the window has its own under the same codes. */
const texts: Readonly<Record<BrokerNotice['code'], string>> = {
  evicts:
    'The broker throws jobs away when its memory is full. Set its maxmemory-policy to noeviction; what was thrown away is placed again.',
  not_persistent:
    'The broker keeps nothing on disk: what waits there is gone when it restarts, and the hub places it again. Set appendonly to yes.',
  not_isolated:
    'The broker gives nodes no users of their own (ACL SETUSER is refused): nodes can read each other’s work, and a node that was sent away is kept out only by a new password.',
  unknown_setup:
    'The broker does not let the hub see how it is set up: maxmemory-policy must be noeviction, appendonly yes.',
};

export const brokerNotice = (code: BrokerNotice['code']): BrokerNotice => ({ code, text: texts[code] });

function fieldsOf(info: string): Map<string, string> {
  const lines = info.split(/\r?\n/).map((line) => /^([^:#]+):(.*)$/.exec(line));
  return new Map(lines.flatMap((line) => (line?.[1] === undefined ? [] : [[line[1], line[2] ?? '']])));
}

function isOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < oldestVersion[0] || (major === oldestVersion[0] && minor < oldestVersion[1]);
}

/** The parameter's value; undefined when we may not ask. */
async function parameter(client: Redis, name: string): Promise<string | undefined> {
  try {
    const answer: unknown = await client.config('GET', name);
    return Array.isArray(answer) && typeof answer[1] === 'string' ? answer[1] : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Asks INFO, and CONFIG GET where it is allowed.
 * @throws Error with a sentence for the user when the server is older than Redis 6.2
 */
export async function inspectBroker(client: Redis): Promise<BrokerInspection> {
  const info = fieldsOf(await client.info());
  const version = info.get('redis_version') ?? '0';
  const valkey = info.get('valkey_version');
  const server = valkey === undefined ? `Redis ${version}` : `Valkey ${valkey}`;
  if (isOld(version))
    throw new Error(
      `The broker is ${server}: Millrace needs Redis 6.2 or newer, or Valkey. Update it, or leave out --broker.`,
    );
  const policy = info.get('maxmemory_policy') ?? (await parameter(client, 'maxmemory-policy'));
  const appendonly = info.get('aof_enabled') ?? (await parameter(client, 'appendonly'));
  const save = await parameter(client, 'save');
  const codes: BrokerNotice['code'][] = [];
  if (policy === undefined || appendonly === undefined) codes.push('unknown_setup');
  if (policy !== undefined && policy !== 'noeviction') codes.push('evicts');
  // Without a word on snapshots it may well make some.
  if (/^(0|no)$/.test(appendonly ?? '') && save === '') codes.push('not_persistent');
  return { server, notices: codes.map(brokerNotice) };
}

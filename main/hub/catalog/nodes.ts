/**
 * Rows of nodes. The bearer secret is kept as SHA-256 only; the broker password in clear, since the hub has to let its nodes in at
 * the broker again at every start. Removed nodes stay as rows (attempts refer to them) without either.
 */
import { z } from 'zod';
import { type Capability, capabilitySchema } from '../../../contract/node.ts';
import { nodeHoldSchema } from '../../../contract/operations/nodes.ts';
import type { Catalog } from './database.ts';
import { flag, json } from './rows.ts';

/** What is kept of a node that another version wrote, until it says hello again: it can do nothing. */
const unknownCapability: Capability = {
  agentVersion: '',
  nodeVersion: '',
  os: '',
  arch: '',
  cpuModel: '',
  cores: 1,
  memoryBytes: 1,
  kinds: [],
  helpers: {},
};

const nodeRow = z
  .object({
    id: z.string(),
    name: z.string(),
    pin: z.string(),
    secret_hash: z.string(),
    broker_password: z.string(),
    local: flag,
    session: z.string().nullable(),
    capability: json(capabilitySchema).catch(unknownCapability),
    joined_by: z.string(),
    joined_ms: z.int(),
    last_seen_ms: z.int().nullable(),
    trusted: flag,
    hold: nodeHoldSchema,
    given_name: z.string().nullable(),
  })
  .transform((row) => ({
    id: row.id,
    name: row.name,
    pin: row.pin,
    secretHash: row.secret_hash,
    brokerPassword: row.broker_password,
    local: row.local,
    session: row.session,
    capability: row.capability,
    joinedBy: row.joined_by,
    joinedMs: row.joined_ms,
    lastSeenMs: row.last_seen_ms,
    trusted: row.trusted,
    hold: row.hold,
    givenName: row.given_name,
  }));
export type NodeRow = z.output<typeof nodeRow>;

/** The nodes that were not sent away, oldest first. */
export function liveNodes(catalog: Catalog): NodeRow[] {
  return catalog.all(nodeRow, 'SELECT * FROM nodes WHERE removed_ms IS NULL ORDER BY joined_ms, id');
}

/** A node that was not sent away, by its key. One of the hub's own machine is never taken for one beyond it. */
export function findNodeByPin(catalog: Catalog, pin: string, local: boolean): NodeRow | undefined {
  return catalog.get(nodeRow, 'SELECT * FROM nodes WHERE pin = @pin AND local = @local AND removed_ms IS NULL', {
    pin,
    local: local ? 1 : 0,
  });
}

/** Names of the nodes that were not sent away, but for one. */
export function namesOfOthers(catalog: Catalog, id: string): string[] {
  return catalog
    .all(z.object({ name: z.string() }), 'SELECT name FROM nodes WHERE id <> @id AND removed_ms IS NULL', { id })
    .map(({ name }) => name);
}

/** Inserts a node, or replaces what is known of it when it joined again. */
export function saveNode(catalog: Catalog, node: NodeRow): void {
  catalog.run(
    `INSERT INTO nodes (id, name, pin, secret_hash, broker_password, local, session, capability, joined_by, joined_ms, last_seen_ms)
     VALUES (@id, @name, @pin, @secretHash, @brokerPassword, @local, @session, @capability, @joinedBy, @joinedMs, @lastSeenMs)
     ON CONFLICT (id) DO UPDATE SET name = @name, pin = @pin, secret_hash = @secretHash, broker_password = @brokerPassword,
       local = @local, session = @session, capability = @capability, joined_by = @joinedBy, last_seen_ms = @lastSeenMs`,
    { ...node, local: node.local ? 1 : 0, trusted: node.trusted ? 1 : 0, capability: JSON.stringify(node.capability) },
  );
}

/** A node's new session: what it says of itself at its start. */
export function saveHello(
  catalog: Catalog,
  id: string,
  hello: { readonly name: string; readonly session: string; readonly capability: Capability; readonly nowMs: number },
): void {
  catalog.run(
    `UPDATE nodes SET name = @name, session = @session, capability = @capability, last_seen_ms = @nowMs
     WHERE id = @id AND removed_ms IS NULL`,
    { ...hello, id, capability: JSON.stringify(hello.capability) },
  );
}

export function saveLastSeen(catalog: Catalog, id: string, lastSeenMs: number): void {
  catalog.run('UPDATE nodes SET last_seen_ms = @lastSeenMs WHERE id = @id', { id, lastSeenMs });
}

/** @param givenName null: the machine's own word counts again, from its next hello on */
export function saveName(catalog: Catalog, id: string, name: string, givenName: string | null): void {
  catalog.run('UPDATE nodes SET name = @name, given_name = @givenName WHERE id = @id', { id, name, givenName });
}

/** What the hub's owner wants of the machine. */
export function saveWishes(catalog: Catalog, id: string, { trusted, hold }: Pick<NodeRow, 'trusted' | 'hold'>): void {
  catalog.run('UPDATE nodes SET trusted = @trusted, hold = @hold WHERE id = @id', {
    id,
    trusted: trusted ? 1 : 0,
    hold,
  });
}

/** Its credentials are gone with it. */
export function markRemoved(catalog: Catalog, id: string, nowMs: number): void {
  catalog.run("UPDATE nodes SET removed_ms = @nowMs, secret_hash = '', broker_password = '' WHERE id = @id", {
    id,
    nowMs,
  });
}

/** How many attempts each node finished well or badly. Lost and dropped ones are no judgement and do not count. */
export function outcomesByNode(catalog: Catalog): Map<string, { done: number; failed: number }> {
  const rows = catalog.all(
    z.object({ nodeId: z.string(), state: z.enum(['done', 'failed']), count: z.int() }),
    `SELECT node_id AS nodeId, state, count(*) AS count FROM attempts WHERE state IN ('done', 'failed') GROUP BY node_id, state`,
  );
  const outcomes = new Map<string, { done: number; failed: number }>();
  for (const { nodeId, state, count } of rows) {
    const outcome = outcomes.get(nodeId) ?? { done: 0, failed: 0 };
    outcome[state] = count;
    outcomes.set(nodeId, outcome);
  }
  return outcomes;
}

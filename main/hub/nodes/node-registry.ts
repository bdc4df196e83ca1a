/**
 * The machines of the farm: who they are, whether they are there, what they say of themselves. Decides who is a node; which
 * attempts a node loses is for the leases, what it is given for the planner.
 */
import { samePin } from '../../../common/pins.ts';
import { MillraceError } from '../../../contract/errors.ts';
import type { BrokerAccess, HeartbeatAnswer, HelloResponse, JoinResponse } from '../../../contract/node.ts';
import {
  liveNodes,
  markRemoved,
  type NodeRow,
  namesOfOthers,
  saveHello,
  saveName,
  saveWishes,
} from '../catalog/nodes.ts';
import { type Credential, checkKeyShown, checkProtocol, type JoiningMachine, ownNode, storeJoin } from './join-node.ts';
import { createJoinRequests, type JoinRequests } from './join-requests.ts';
import {
  checkOnlyOne,
  type NodeState,
  newNodeState,
  noteTrouble,
  replaceSession,
  shownState,
  shownTrouble,
  uniqueName,
} from './node-state.ts';
import { createPairing, type Pairing } from './pairing.ts';
import { createPresence, type Presence } from './presence.ts';
import type { NodeRegistry, NodeRegistryParts } from './registry-types.ts';
import { fitsHash, parseNodeBearer } from './secrets.ts';

const watchIntervalMs = 500;

const everyInterval = (intervalMs: number, work: () => void): (() => void) => {
  const timer = setInterval(work, intervalMs);
  return () => clearInterval(timer);
};

/** What the registry's operations share. */
interface Registry {
  readonly parts: NodeRegistryParts;
  readonly nodes: Map<string, NodeState>;
  readonly pairing: Pairing;
  readonly presence: Presence;
  readonly requests: JoinRequests;
}

function known({ nodes }: Registry, nodeId: string): NodeState {
  const state = nodes.get(nodeId);
  if (state === undefined) throw new MillraceError('node_unknown');
  return state;
}

const accessOf = ({ parts }: Registry, { id, local, brokerPassword }: NodeRow): BrokerAccess =>
  parts.broker.access({ id, local, password: brokerPassword });

async function join(registry: Registry, ...[request, peerPin, local]: Parameters<NodeRegistry['join']>) {
  checkProtocol(request.protocol, request.name, registry.parts.hubName());
  checkKeyShown(request.pin, peerPin, local);
  return admit(registry, request, { token: request.token }, local);
}

async function admit(registry: Registry, machine: JoiningMachine, credential: Credential, local: boolean) {
  const { parts, nodes, pairing, presence } = registry;
  const { catalog, clock, hubId } = parts;
  const hubName = parts.hubName();
  const stored = await catalog.commit(() => storeJoin({ catalog, clock, pairing }, machine, credential, local));
  const { row, secret } = stored;
  const state = newNodeState(row, clock.monotonicMs());
  nodes.set(row.id, state);
  await parts.broker.admit(row.id, row.brokerPassword);
  parts.logger.info({ nodeId: row.id, name: row.name, local }, 'node joined');
  presence.changed(state);
  return { nodeId: row.id, secret, hubId, hubName, broker: accessOf(registry, row) } satisfies JoinResponse;
}

async function hello(registry: Registry, ...[nodeId, request]: Parameters<NodeRegistry['hello']>) {
  const { parts, nodes, presence, requests } = registry;
  const { catalog, clock, leases, hubId } = parts;
  const state = known(registry, nodeId);
  const hubName = parts.hubName();
  const { session, capability } = request;
  try {
    checkProtocol(request.protocol, request.name, hubName);
    checkOnlyOne(state, session, clock.monotonicMs());
  } catch (error) {
    noteTrouble(state, error, clock.monotonicMs());
    presence.changed(state);
    throw error;
  }
  const name = await catalog.commit(() => {
    const wanted = state.row.givenName ?? request.name;
    const unique = uniqueName(wanted, namesOfOthers(catalog, nodeId), state.row.name);
    saveHello(catalog, nodeId, { name: unique, session, capability, nowMs: clock.wallMs() });
    return unique;
  });
  // It may have been sent away, or have joined anew, meanwhile.
  if (nodes.get(nodeId) !== state) throw new MillraceError('node_unknown');
  replaceSession(state, session);
  if (state.trouble?.failure.code === 'protocol_unsupported') state.trouble = null;
  state.row = { ...state.row, name, session, capability };
  state.greeted = true;
  // Its answer arrived; nobody gets it again.
  requests.forget(state.row.pin);
  presence.heard(state);
  await parts.checks.hello(nodeId, capability);
  const drop = leases.hello(nodeId, session, request.attempts);
  state.presence = 'online';
  parts.logger.info({ nodeId, name, session, drop: drop.length }, 'node said hello');
  presence.changed(state);
  return { hubId, hubName, broker: accessOf(registry, state.row), drop } satisfies HelloResponse;
}

function heartbeat(registry: Registry, ...[nodeId, beat]: Parameters<NodeRegistry['heartbeat']>): HeartbeatAnswer {
  const { parts, presence } = registry;
  const state = known(registry, nodeId);
  // Another session than the one that said hello last holds nothing here; it has to say hello first.
  if (state.row.session !== beat.session) return { drop: [], hello: true };
  presence.heard(state);
  const drop = parts.leases.renew(nodeId, beat.attempts, beat.paused);
  parts.checks.reported(nodeId, beat.checks ?? []);
  const changed = state.presence !== 'online' || state.paused !== beat.paused;
  state.paused = beat.paused;
  state.load = beat.load;
  // Until it said hello to this run, the hub knows what it holds, but the node not how to reach the broker.
  if (!state.greeted) return { drop, hello: true };
  state.presence = 'online';
  if (changed) presence.changed(state);
  else presence.loaded(state);
  const check = parts.checks.due(nodeId, state.row.capability);
  return { drop, hello: false, ...(check.length > 0 && { check }) };
}

function goodbye(registry: Registry, ...[nodeId, said]: Parameters<NodeRegistry['goodbye']>): void {
  const { parts, presence } = registry;
  const state = known(registry, nodeId);
  if (state.row.session !== said.session) return;
  state.presence = 'silent';
  parts.leases.takeBack(nodeId, said.attempts);
  parts.logger.info({ nodeId, name: state.row.name }, 'node said goodbye');
  presence.changed(state);
}

async function change(registry: Registry, ...[nodeId, wishes]: Parameters<NodeRegistry['change']>): Promise<void> {
  const { parts, nodes, presence } = registry;
  const state = nodes.get(nodeId);
  if (state === undefined) throw new MillraceError('not_found');
  const { catalog } = parts;
  const { trusted = state.row.trusted, hold = state.row.hold, name: givenName = state.row.givenName } = wishes;
  const name = await catalog.commit(() => {
    const unique =
      givenName === null ? state.row.name : uniqueName(givenName, namesOfOthers(catalog, nodeId), state.row.name);
    saveWishes(catalog, nodeId, { trusted, hold });
    saveName(catalog, nodeId, unique, givenName);
    return unique;
  });
  state.row = { ...state.row, trusted, hold, name, givenName };
  if (hold === 'pause') parts.leases.takeBack(nodeId, []);
  presence.changed(state);
}

async function remove({ parts, nodes, pairing, requests }: Registry, nodeId: string): Promise<void> {
  const { catalog, clock, leases, logger, events, broker } = parts;
  const state = nodes.get(nodeId);
  if (state === undefined) throw new MillraceError('not_found');
  const { name, pin, joinedBy, local } = state.row;
  if (local && joinedBy === ownNode && state.presence === 'online')
    throw new MillraceError(
      'conflict',
      'This is the hub’s own machine: pause it, or start the hub with --no-local-node to let it do no work.',
    );
  await catalog.commit(() => {
    markRemoved(catalog, nodeId, clock.wallMs());
    // Whoever was sent away knows it still.
    pairing.revoke(joinedBy);
  });
  requests.forget(pin);
  nodes.delete(nodeId);
  parts.dropConnections(nodeId);
  leases.nodeGone(nodeId);
  logger.info({ nodeId, name }, 'node removed');
  events.emit({ name: 'node.state', data: { nodeId, name, state: 'removed' } });
  parts.changed?.(nodeId);
  await broker.expel(nodeId).catch((error: unknown) => {
    logger.error({ error, nodeId }, 'the node was sent away, but the broker could not be told');
  });
}

function authenticateNode(
  { nodes }: Registry,
  ...[bearer, peerPin, door]: Parameters<NodeRegistry['authenticateNode']>
): string | null {
  const credentials = parseNodeBearer(bearer);
  if (credentials === null || door === 'legacy') return null;
  const row = nodes.get(credentials.nodeId)?.row;
  if (row === undefined || !fitsHash(credentials.secret, row.secretHash)) throw new MillraceError('node_unknown');
  if (door === 'loopback') return row.local ? row.id : null;
  return peerPin !== null && samePin(peerPin, row.pin) ? row.id : null;
}

/** The registry over the nodes that the catalog knows. Call `start` before nodes are let in. */
export function createNodeRegistry(parts: NodeRegistryParts): NodeRegistry {
  const { catalog, clock, broker, every = everyInterval } = parts;
  const bornMs = clock.monotonicMs();
  const nodes = new Map<string, NodeState>(liveNodes(catalog).map((row) => [row.id, newNodeState(row, bornMs)]));
  const presence = createPresence(parts, nodes);
  const requests = createJoinRequests({
    ...parts,
    admit: (machine, local) => admit(registry, machine, 'code', local),
    changed: () => parts.events.emit({ name: 'pairing.changed', data: {} }),
  });
  const registry: Registry = { parts, nodes, pairing: createPairing(parts), presence, requests };
  let stopWatching: (() => void) | undefined;
  const admitAll = async (): Promise<void> => {
    for (const { row } of nodes.values()) await broker.admit(row.id, row.brokerPassword);
  };

  return {
    async start() {
      await admitAll();
      stopWatching ??= every(watchIntervalMs, presence.watch);
    },
    stop() {
      stopWatching?.();
      stopWatching = undefined;
    },
    admitAll,
    greetAgain() {
      for (const state of nodes.values()) state.greeted = false;
    },
    createToken: registry.pairing.createToken,
    requests,
    join: (...asked) => join(registry, ...asked),
    hello: (...asked) => hello(registry, ...asked),
    heartbeat: (...asked) => heartbeat(registry, ...asked),
    goodbye: (...asked) => goodbye(registry, ...asked),
    change: (...asked) => change(registry, ...asked),
    remove: (nodeId) => remove(registry, nodeId),
    authenticateNode: (...asked) => authenticateNode(registry, ...asked),
    views: () =>
      [...nodes.values()].map(({ row, presence: at, paused, load }) => ({
        id: row.id,
        name: row.name,
        local: row.local,
        trusted: row.local || row.trusted,
        online: at === 'online',
        paused: paused || row.hold !== 'none',
        capability: row.capability,
        load,
      })),
    list: () =>
      [...nodes.values()].map((state) => ({
        id: state.row.id,
        name: state.row.name,
        state: shownState(state),
        local: state.row.local,
        trusted: state.row.local || state.row.trusted,
        hold: state.row.hold,
        trouble: shownTrouble(state, clock.monotonicMs()),
        capability: state.row.capability,
        load: state.load,
        lastSeenMs: state.row.lastSeenMs,
        joinedMs: state.row.joinedMs,
      })),
  };
}

/** The node-agent's composition root: builds its parts in order, and ends them in reverse. Prints nothing and ends no process. */
import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from '../common/blob-layout.ts';
import { type Clock, systemClock } from '../common/clock.ts';
import { lockFolder } from '../common/files.ts';
import { type Identity, loadOrCreateIdentity } from '../common/identity.ts';
import type { Logger } from '../common/log.ts';
import { type AgentEvent, sayingOnce } from './agent-events.ts';
import { type Ability, findAbility, queueShares } from './capabilities.ts';
import type { AgentConfig } from './config.ts';
import { createHeartbeat, type HeartbeatLoop } from './heartbeat.ts';
import { createHubClient, type HubClient } from './hub-client.ts';
import { type HubLinkParts, keepLinked } from './hub-link.ts';
import { createHubSearch, type HubSearch } from './hub-search.ts';
import { forgetJoinedHub, loadJoinedHub, readJoinToken } from './joined-hub.ts';
import { createKnownAnswers } from './known-answers.ts';
import { createLoadMeter, freeDiskBytes } from './load.ts';
import { countBuffersWithTheHeap } from './memory.ts';
import { type OwnerRules, watchOwnerRules } from './owner-rules.ts';
import { createStageRunner, type StageRunner } from './process-stage.ts';
import { createPull, type Pull } from './pull.ts';
import { openResultOutbox, type ResultOutbox } from './result-outbox.ts';
import { type BlobCache, openBlobCache } from './runtime/blob-cache.ts';
import { createIsolate, type Isolate } from './runtime/isolate.ts';
import { readingInPlace } from './runtime/near-hub.ts';
import { createScratch } from './scratch.ts';
import { createSlots } from './slots.ts';
import { implementedKinds } from './stages/index.ts';
import type { HubAccess } from './stages/stage-implementation.ts';

export interface AgentParts {
  readonly logger: Logger;
  /** Millrace's version. */
  readonly version: string;
  readonly onEvent: (event: AgentEvent) => void;
  readonly clock?: Clock;
  /** Bytes of the cache at most; 10 GB unless said, and never more than half of the free disk. */
  readonly maxCacheBytes?: number;
  /** Stages of another registry; for tests. */
  readonly stages?: { readonly kinds: readonly string[]; readonly entryPath: string };
}

export interface Agent {
  /** Ends in order: units under way get `graceMs` to come to their end, then they are stopped; the hub gives them to others. */
  stop(graceMs?: number): Promise<void>;
}

const defaultCacheBytes = 10_000_000_000;
const defaultGraceMs = 2_000;

type Closers = (() => unknown)[];

/** What lies in the data folder. */
async function openFolders(config: AgentConfig, hub: HubClient, parts: AgentParts, closers: Closers) {
  const { dataDir } = config;
  const { logger } = parts;
  const scratchDir = join(dataDir, 'scratch');
  await rm(scratchDir, { recursive: true, force: true });
  await mkdir(scratchDir, { recursive: true });
  const cache = await openBlobCache({
    dir: cacheFolder(dataDir),
    maxBytes: parts.maxCacheBytes ?? defaultCacheBytes,
    source: (sha256, offset, signal) => hub.readBlob(sha256, offset, signal),
    freeDiskBytes: () => freeDiskBytes(dataDir),
    logger,
  });
  const outbox = await openResultOutbox({ dir: join(dataDir, 'outbox'), hub, cache, logger });
  closers.push(() => outbox.stop());
  return { scratchDir, cache, outbox };
}

/** Only for stages that talk to the hub themselves. */
function hubAccess(hub: HubClient, identity: Identity, { needingHub }: Ability, kind: string): HubAccess | null {
  const endpoint = hub.endpoint();
  if (!needingHub.has(kind) || endpoint === null || endpoint.bearer === null) return null;
  const { baseUrl, bearer, pin } = endpoint;
  const { keyPem, certificatePem } = identity;
  return { baseUrl, bearer, pin: baseUrl.startsWith('https:') ? pin : null, keyPem, certificatePem };
}

interface Works {
  readonly config: AgentConfig;
  readonly identity: Identity;
  readonly hub: HubClient;
  readonly search: HubSearch;
  readonly ability: Ability;
  readonly cache: BlobCache;
  readonly outbox: ResultOutbox;
  readonly runner: StageRunner;
  readonly heartbeat: HeartbeatLoop;
  readonly pull: Pull;
  readonly rules: OwnerRules;
  readonly session: string;
  readonly logger: Logger;
}

const held = ({ runner, outbox }: Pick<Works, 'runner' | 'outbox'>): string[] => [
  ...new Set([...runner.running().map(({ id }) => id), ...outbox.held()]),
];

function linkParts(works: Works, tell: (event: AgentEvent) => void): HubLinkParts {
  const { config, identity, hub, search, ability, cache, outbox, runner, heartbeat, pull, session, logger } = works;
  const { capability } = ability;
  return {
    config,
    hub,
    search,
    membership: { config, hub, search, identity, capability, tell, logger },
    heartbeat,
    pull,
    capability,
    session,
    held: () => held(works),
    drop: (attemptIds) => dropAttempts(works, attemptIds),
    back: outbox.wake,
    async wipe() {
      await pull.close();
      await runner.drop(runner.running().map(({ id }) => id));
      await outbox.wipe();
      await cache.wipe();
      await forgetJoinedHub(config.dataDir);
      logger.warn({}, 'everything of the hub was removed from this machine');
    },
    tell,
    logger,
  };
}

function dropAttempts(works: Pick<Works, 'runner' | 'outbox' | 'logger'>, attemptIds: readonly string[]): void {
  const { runner, outbox, logger } = works;
  // A result may have been taken while the heartbeat that named its attempt was under way.
  const here = new Set(held(works));
  const dropped = attemptIds.filter((id) => here.has(id));
  if (dropped.length === 0) return;
  logger.info({ attempts: dropped }, 'the hub took work back');
  Promise.all([runner.drop(dropped), outbox.drop(dropped)]).catch((error: unknown) => {
    logger.warn({ error }, 'dropped work could not be tidied');
  });
}

/** Everything but the link to a hub. */
async function build(config: AgentConfig, parts: AgentParts, closers: Closers): Promise<Works> {
  const { logger, clock = systemClock } = parts;
  const identity = await loadOrCreateIdentity(join(config.dataDir, 'identity'), config.name);
  const hub = createHubClient(identity);
  closers.push(() => hub.close());
  const search = createHubSearch({ identity, discover: config.discover, logger });
  closers.push(() => search.rest());
  const isolate: Isolate = createIsolate({ logger, ...(parts.stages && { entryPath: parts.stages.entryPath }) });
  closers.push(() => isolate.stop());
  const kinds = parts.stages?.kinds ?? implementedKinds;
  const answers = createKnownAnswers({
    isolate,
    scratchDir: join(config.dataDir, 'scratch'),
    changed: () => heartbeat.changed(),
    logger,
  });
  const ability = await findAbility({ isolate, answers, kinds, config, version: parts.version, logger });
  const { scratchDir, cache, outbox } = await openFolders(config, hub, parts, closers);
  const session = randomUUID();
  const load = createLoadMeter({ dataDir: config.dataDir, cacheBytes: cache.sizeBytes, clock });
  const runner = createStageRunner({
    hub,
    cache: config.hubBlobDir === null ? cache : readingInPlace(cache, config.hubBlobDir),
    hubIsNear: config.hubBlobDir !== null,
    isolate,
    slots: createSlots((kind) => ability.capability.kinds.find((can) => can.kind === kind)?.concurrency ?? 1),
    outbox,
    scratch: createScratch(scratchDir),
    answers,
    hubAccess: (kind) => hubAccess(hub, identity, ability, kind),
    changed: () => heartbeat.changed(),
    clock,
    logger,
  });
  const progress = () => new Map(runner.running().map(({ id, progress: at }) => [id, at]));
  const heartbeat = createHeartbeat({
    hub,
    clock,
    logger,
    drop: (ids) => dropAttempts({ runner, outbox, logger }, ids),
    check: answers.ask,
    beat: async () => {
      const nodeLoad = await load();
      const running = progress();
      const attempts = held({ runner, outbox }).map((id) => ({ id, progress: running.get(id) ?? null }));
      pull.applyPause();
      return { session, load: nodeLoad, attempts, paused: rests(), checks: answers.take() };
    },
  });
  const rules = await watchOwnerRules(config.dataDir, logger, () => {
    pull.applyPause();
    // The hub gives what is not held any more to others.
    if (rules.stops()) stopUnits(runner, logger);
    heartbeat.changed();
  });
  closers.push(rules.stop);
  /** The owner wants no new work, or the hub takes no results. */
  const rests = (): boolean => rules.rests() || outbox.isFull();
  const pull = createPull({
    identity,
    nodeName: config.name,
    queues: queueShares(ability.capability),
    process: runner.process,
    paused: rests,
    logger,
  });
  return { config, identity, hub, search, ability, cache, outbox, runner, heartbeat, pull, rules, session, logger };
}

/** The owner wants the machine now: every unit is stopped, and its process killed. */
function stopUnits(runner: StageRunner, logger: Logger): void {
  runner.drop(runner.running().map(({ id }) => id)).catch((error: unknown) => {
    logger.warn({ error }, 'stopped work could not be tidied');
  });
}

/** So long a hub may take to hear that this node stops, ms. */
const goodbyeMs = 2_000;

/** Tells the hub that what is not kept here is for others now. One that does not hear it finds out by the silence. */
async function sayGoodbye({ hub, outbox, session, logger }: Works, nodeId: string | undefined): Promise<void> {
  if (nodeId === undefined) return;
  try {
    await hub.goodbye(nodeId, { session, attempts: [...outbox.held()] }, AbortSignal.timeout(goodbyeMs));
  } catch (error) {
    logger.info({ error }, 'the hub did not hear the goodbye');
  }
}

/** Resolves when no unit runs any more, or after `ms`. */
async function settle(runner: StageRunner, ms: number, clock: Clock): Promise<void> {
  const endMs = clock.monotonicMs() + ms;
  while (runner.running().length > 0 && clock.monotonicMs() < endMs)
    await new Promise((resolve) => setTimeout(resolve, 50));
}

/**
 * Starts a node on its data folder. Resolves when it has looked around; `ready` is told by `onEvent` when it is a node of a hub
 * and pulls, `waiting` when it cannot yet.
 * @throws Error with a sentence for the user: folder in use, files that cannot be read
 */
export async function startAgent(config: AgentConfig, parts: AgentParts): Promise<Agent> {
  countBuffersWithTheHeap();
  const closers: Closers = [];
  const { logger, clock = systemClock } = parts;
  const close = async (): Promise<void> => {
    for (const one of closers.splice(0).reverse()) {
      await Promise.resolve()
        .then(one)
        .catch((error: unknown) => logger.warn({ error }, 'a part did not stop in order'));
    }
  };
  try {
    closers.push(await lockFolder(config.dataDir));
    const works = await build(config, parts, closers);
    const joined = await loadJoinedHub(config.dataDir);
    const token = config.token === null ? null : (readJoinToken(config.token) ?? null);
    const stopping = new AbortController();
    const linked = keepLinked(linkParts(works, sayingOnce(parts.onEvent)), joined, token, stopping.signal).catch(
      (error: unknown) => {
        if (!stopping.signal.aborted) logger.error({ error }, 'the link to the hub ended');
      },
    );
    return {
      async stop(graceMs = defaultGraceMs) {
        await works.pull.close();
        await settle(works.runner, graceMs, clock);
        stopping.abort(new Error('the agent is stopping'));
        await linked;
        await works.runner.stop();
        await sayGoodbye(works, (await loadJoinedHub(config.dataDir))?.nodeId);
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

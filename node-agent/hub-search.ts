/** Where a hub is now: the addresses it may have, those that mDNS hears of, and which of them answers. Trusts nobody: that is the pin's. */
import { connect } from 'node:net';
import type { Identity } from '../common/identity.ts';
import type { Logger } from '../common/log.ts';
import { connectPinned } from '../common/pinned-tls.ts';
import { MillraceError } from '../contract/errors.ts';
import { browseHubs, type FoundHub, type HubBrowser } from './discovery.ts';
import { parseHubAddress } from './hub-address.ts';
import { pause, retryPauseMs } from './pause.ts';

export interface WantedHub {
  readonly hubId: string;
  readonly pin: string;
  /** Known addresses, best first. */
  readonly addresses: readonly string[];
}

export interface HubSearch {
  /**
   * Works with the hub at the first of its addresses that answers, looking for it until `work` succeeds.
   * @param work throws an error that `goOn` takes: the next address is tried; any other error is thrown on
   * @param onAway a round found it nowhere
   */
  reach<T>(
    wanted: WantedHub,
    work: (baseUrl: string) => Promise<T>,
    hooks: { readonly goOn: (error: unknown) => boolean; readonly onAway: (error: unknown) => void },
    signal: AbortSignal,
  ): Promise<T>;
  /** Hubs that mDNS has heard of since `look`, newest first. */
  heard(): readonly FoundHub[];
  /** Begins to listen, where that is allowed. */
  look(): void;
  /** Stops listening. */
  rest(): Promise<void>;
}

export interface HubSearchParts {
  readonly identity: Identity;
  /** False: only known addresses. */
  readonly discover: boolean;
  readonly logger: Logger;
}

/** For one address to answer, ms. */
const probeMs = 3_000;
const maxPauseMs = 1_500;

/** Resolves when something with the right key (or, on this machine, anything) answers there. */
function probe(baseUrl: string, pin: string, identity: Identity): Promise<void> {
  const { host, tls } = parseHubAddress(baseUrl);
  const port = Number(new URL(baseUrl).port || (tls ? 443 : 80));
  if (tls)
    return connectPinned({ host, port, pin, identity, timeoutMs: probeMs }).then((socket) => {
      socket.on('error', () => {});
      socket.destroy();
    });
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: probeMs });
    const end = (error?: Error): void => {
      socket.destroy();
      if (error) reject(error);
      else resolve();
    };
    socket.once('connect', () => end());
    socket.once('error', end);
    socket.once('timeout', () => end(new Error('no answer')));
  });
}

/** The first one that answers; all are asked at once. Undefined when none does. */
async function firstAnswering(addresses: readonly string[], pin: string, identity: Identity) {
  try {
    return await Promise.any(addresses.map((address) => probe(address, pin, identity).then(() => address)));
  } catch {
    return undefined;
  }
}

/** Where a hub that was heard of may be reached, its address on the common network first. */
export const addressesOf = ({ address, otherAddresses, port }: FoundHub): string[] =>
  [address, ...otherAddresses].map((host) => `https://${host.includes(':') ? `[${host}]` : host}:${port}`);

export function createHubSearch({ identity, discover, logger }: HubSearchParts): HubSearch {
  let browser: HubBrowser | undefined;
  const heard = (): readonly FoundHub[] => browser?.hubs() ?? [];
  const look = (): void => {
    if (discover) browser ??= browseHubs({ logger });
  };
  const candidates = ({ hubId, pin, addresses }: WantedHub): string[] => {
    const found = heard().filter((hub) => hub.id === hubId && hub.pin === pin);
    return [...new Set([...addresses, ...found.flatMap(addressesOf)])];
  };
  const pauseOrFound = async (wanted: WantedHub, round: number, signal: AbortSignal): Promise<void> => {
    const done = new AbortController();
    const waits = AbortSignal.any([signal, done.signal]);
    const found = browser?.waitFor((hub) => hub.id === wanted.hubId && hub.pin === wanted.pin, waits);
    // Heard of already, and yet not reached: only time helps.
    const isNew = found !== undefined && !heard().some((hub) => hub.id === wanted.hubId && hub.pin === wanted.pin);
    const paused = pause(Math.min(maxPauseMs, retryPauseMs(round)), waits);
    try {
      await Promise.race(isNew ? [paused, found] : [paused]);
    } finally {
      done.abort();
      await Promise.allSettled([paused, found]);
    }
  };

  return {
    async reach(wanted, work, { goOn, onAway }, signal) {
      for (let round = 1; ; round++) {
        const tried = new Set<string>();
        let last: unknown = new MillraceError('hub_unreachable', 'The hub answers at none of its addresses.');
        for (;;) {
          const open = candidates(wanted).filter((address) => !tried.has(address));
          const baseUrl = open.length > 0 ? await firstAnswering(open, wanted.pin, identity) : undefined;
          signal.throwIfAborted();
          if (baseUrl === undefined) break;
          tried.add(baseUrl);
          try {
            return await work(baseUrl);
          } catch (error) {
            signal.throwIfAborted();
            if (!goOn(error)) throw error;
            last = error;
          }
        }
        onAway(last);
        look();
        await pauseOrFound(wanted, round, signal);
      }
    },
    heard,
    look,
    async rest() {
      const before = browser;
      browser = undefined;
      await before?.stop();
    },
  };
}

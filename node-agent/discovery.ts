/** Finds hubs by mDNS on every network that this machine is in. What is found is a hint: whom to trust says the token. */
import { isIPv4 } from 'node:net';
import type { Service } from 'bonjour-service';
import { z } from 'zod';
import type { Logger } from '../common/log.ts';
import { onEveryInterface } from '../common/mdns.ts';
import { discoveryServiceType, discoveryTxtSchema } from '../contract/node.ts';

export interface FoundHub {
  readonly id: string;
  readonly pin: string;
  readonly name: string;
  /** The hub's address on the network that the answer came from; try it first. */
  readonly address: string;
  /** Its other addresses, as the answer's records and sender have them. */
  readonly otherAddresses: readonly string[];
  readonly port: number;
  /** Its protocol version. */
  readonly v: number;
}

export interface HubBrowser {
  /** Hubs heard of lately, newest answer first. */
  hubs(): readonly FoundHub[];
  /** The first hub that fits, found already or from now on. Rejects with the signal's reason. */
  waitFor(fits: (hub: FoundHub) => boolean, signal?: AbortSignal): Promise<FoundHub>;
  stop(): Promise<void>;
}

export interface HubBrowserParts {
  readonly logger: Logger;
  /** Each answer, also repeated ones. */
  readonly onHub?: (hub: FoundHub) => void;
  /** Longest pause between two questions, ms; the first ones come after 0.25 s, 0.5 s, 1 s … */
  readonly maxIntervalMs?: number;
}

/** Anybody on the network can answer; more than this is nonsense. */
const maxHubs = 64;
const serviceSchema = z.object({
  port: z.int().min(1).max(65_535),
  txt: discoveryTxtSchema,
  addresses: z.array(z.string()).max(64).default([]),
  referer: z.object({ address: z.string() }).optional(),
});

function parseService(service: Service): FoundHub | undefined {
  const parsed = serviceSchema.safeParse(service);
  if (!parsed.success) return undefined;
  const { port, txt, addresses, referer } = parsed.data;
  const others = new Set([...(referer ? [referer.address] : []), ...addresses].filter((one) => isIPv4(one)));
  others.delete(txt.addr);
  const { id, pin, name, v, addr: address } = txt;
  return { id, pin, name, address, otherAddresses: [...others].slice(0, 8), port, v };
}

/** Asks on every IPv4 interface, again and again, until `stop`. */
export function browseHubs(parts: HubBrowserParts): HubBrowser {
  const { logger, onHub, maxIntervalMs = 10_000 } = parts;
  const found = new Map<string, FoundHub>();
  const listeners = new Set<(hub: FoundHub) => void>();

  const answered = (service: Service): void => {
    const hub = parseService(service);
    if (hub === undefined) return;
    const key = `${hub.id} ${hub.address}`;
    found.delete(key);
    found.set(key, hub);
    for (const oldest of found.keys()) {
      if (found.size <= maxHubs) break;
      found.delete(oldest);
    }
    onHub?.(hub);
    for (const listener of listeners) listener(hub);
  };
  const sockets = onEveryInterface({
    logger,
    opened: ({ bonjour }) => {
      let browser = bonjour.find({ type: discoveryServiceType }, answered);
      let pauseMs = 250;
      // A browser reports each service once and keeps what it ever heard; a new one asks again and forgets.
      const again = (): void => {
        browser.stop();
        browser = bonjour.find({ type: discoveryServiceType }, answered);
        pauseMs = Math.min(pauseMs * 2, maxIntervalMs);
        timer = setTimeout(again, pauseMs);
      };
      let timer = setTimeout(again, pauseMs);
      return () => {
        clearTimeout(timer);
        browser.stop();
      };
    },
  });
  const hubs = (): FoundHub[] => [...found.values()].reverse();

  return {
    hubs,
    waitFor: (fits, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const known = hubs().find(fits);
        if (known) return resolve(known);
        const done = (): void => {
          listeners.delete(listener);
          signal?.removeEventListener('abort', onAbort);
        };
        const listener = (hub: FoundHub): void => {
          if (!fits(hub)) return;
          done();
          resolve(hub);
        };
        const onAbort = (): void => {
          done();
          reject(signal?.reason);
        };
        listeners.add(listener);
        signal?.addEventListener('abort', onAbort, { once: true });
      }),
    stop: () => sockets.stop(),
  };
}

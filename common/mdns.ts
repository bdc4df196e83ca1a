/**
 * One mDNS socket per IPv4 interface address, kept in step with the machine's interfaces. A socket on the default interface finds
 * nothing on a second network, and nothing at all without a default route. What is asked and answered is the caller's.
 */
import { networkInterfaces } from 'node:os';
import { Bonjour, type ServiceConfig } from 'bonjour-service';
import type { Logger } from './log.ts';

export interface MdnsInterface {
  readonly interfaceName: string;
  readonly address: string;
  readonly bonjour: Bonjour;
}

export interface MdnsParts {
  readonly logger: Logger;
  /** A new interface address: announce or ask there. @returns what to do when it goes or all stops */
  readonly opened: (at: MdnsInterface) => () => Promise<void> | void;
  /** How often to look for interfaces that came or went, ms. */
  readonly pollMs?: number;
}

interface Address {
  readonly interfaceName: string;
  readonly address: string;
}

/** By name, address and hardware address: an adapter that was taken out and put back is another one. */
function currentAddresses(): Map<string, Address> {
  const found = new Map<string, Address>();
  for (const [interfaceName, addresses = []] of Object.entries(networkInterfaces())) {
    for (const { family, internal, address, mac } of addresses) {
      if (family === 'IPv4' && !internal) found.set(`${interfaceName} ${address} ${mac}`, { interfaceName, address });
    }
  }
  return found;
}

const closeSocket = (bonjour: Bonjour): Promise<void> => new Promise((resolve) => bonjour.destroy(() => resolve()));

/**
 * Keeps the sockets until `stop`. A socket that fails is closed and opened again at the next look; no failure leaves this function.
 */
export function onEveryInterface(parts: MdnsParts): { stop(): Promise<void> } {
  const { logger, opened, pollMs = 2_000 } = parts;
  const sockets = new Map<string, () => Promise<void>>();
  const complained = new Set<string>();

  const open = (key: string, at: Address): void => {
    const fail = (error: unknown): void => {
      const fields = { error, interface: at.interfaceName, address: at.address };
      if (complained.has(key)) logger.debug(fields, 'discovery on an interface failed again');
      else logger.warn(fields, 'discovery does not work on an interface');
      complained.add(key);
      void shut(key);
    };
    const options: Partial<ServiceConfig> & { interface: string; bind: string } = {
      interface: at.address,
      bind: '0.0.0.0',
    };
    try {
      const bonjour = new Bonjour(options, fail);
      // The library leaves its socket's errors to nobody, which would end the process.
      bonjour['server'].mdns.on('error', fail);
      const close = opened({ ...at, bonjour });
      sockets.set(key, async () => {
        try {
          await close();
        } finally {
          await closeSocket(bonjour);
        }
      });
      logger.debug({ interface: at.interfaceName, address: at.address }, 'discovery on an interface');
    } catch (error) {
      fail(error);
    }
  };
  const shut = async (key: string): Promise<void> => {
    const close = sockets.get(key);
    sockets.delete(key);
    await close?.().catch((error: unknown) => logger.debug({ error }, 'discovery socket not closed in order'));
  };
  const look = (): void => {
    const addresses = currentAddresses();
    for (const key of sockets.keys()) if (!addresses.has(key)) void shut(key);
    for (const [key, at] of addresses) if (!sockets.has(key)) open(key, at);
  };
  look();
  const timer = setInterval(look, pollMs);

  return {
    async stop() {
      clearInterval(timer);
      await Promise.all([...sockets.keys()].map(shut));
    },
  };
}

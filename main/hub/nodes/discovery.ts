/** Makes the hub findable: mDNS (`_millrace._tcp`) on every network that it is in. Proves nothing: trust comes from tokens. */
import type { Logger } from '../../../common/log.ts';
import { onEveryInterface } from '../../../common/mdns.ts';
import { type DiscoveryTxt, discoveryServiceType, protocolVersion } from '../../../contract/node.ts';

export interface Advertisement {
  readonly hubId: string;
  /** The hub's key pin. */
  readonly pin: string;
  /** For people. */
  readonly name: string;
  /** Of the TLS door. */
  readonly port: number;
}

/** Says goodbye for so long at most; a dead network must not hold up the hub's end. */
const goodbyeMs = 500;

/** Answers on every IPv4 interface, with that interface's own address, until `stop`. Interfaces may come and go. */
export function advertise(hub: Advertisement, logger: Logger): { stop(): Promise<void> } {
  return onEveryInterface({
    logger,
    opened: ({ address, bonjour }) => {
      const txt: DiscoveryTxt = {
        v: protocolVersion,
        id: hub.hubId,
        pin: hub.pin,
        addr: address,
        name: hub.name.slice(0, 63) || 'Millrace',
      };
      bonjour.publish({
        // The id makes it unique, so no time is lost with probing for twins.
        name: `millrace-${hub.hubId}`,
        host: `millrace-${hub.hubId}.local`,
        type: discoveryServiceType,
        port: hub.port,
        txt,
        probe: false,
        disableIPv6: true,
      });
      return () =>
        new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, goodbyeMs);
          bonjour.unpublishAll(() => {
            clearTimeout(timer);
            resolve();
          });
        });
    },
  });
}

/**
 * The hub's doors to the network: TLS for the API, TLS for the broker, and the announcement on every interface. Closed until
 * machines are accepted; the owner opens and closes them. Ports are kept, so that nodes find the hub again after a restart.
 */
import type { Socket } from 'node:net';
import type { Identity } from '../../common/identity.ts';
import type { Logger } from '../../common/log.ts';
import type { Api } from './api/parts.ts';
import { reachableAt } from './nodes/addresses.ts';
import { type BrokerDoor, openBrokerDoor } from './nodes/broker-door.ts';
import { advertise } from './nodes/discovery.ts';
import type { KeptPorts } from './ports.ts';

export interface Doors {
  open(): Promise<void>;
  close(): Promise<void>;
  /** `addr:port` of the API for other machines; empty while closed. */
  addresses(): readonly string[];
  /** Port of the broker's door; null while closed. */
  brokerPort(): number | null;
  dropNode(nodeId: string): void;
}

export interface DoorsParts {
  readonly api: () => Api;
  readonly identity: Identity;
  readonly hubId: string;
  readonly hubName: () => string;
  readonly host: string;
  readonly ports: KeptPorts;
  /** Opens a connection to the broker on loopback; null when nodes reach the broker without the hub. */
  readonly connectBroker: (() => Socket) | null;
  readonly logger: Logger;
  nodeOfPin(pin: string): string | null;
}

interface OpenDoors {
  readonly apiPort: number;
  readonly broker: BrokerDoor | null;
  readonly advertisement: { stop(): Promise<void> };
}

async function openAll(parts: DoorsParts): Promise<OpenDoors> {
  const { identity, host, ports, logger } = parts;
  const { port } = await ports.use('tls', 0, (wanted) => parts.api().openTlsDoor(identity, host, wanted));
  const connectInside = parts.connectBroker;
  const broker =
    connectInside &&
    (await ports.use('brokerTls', 0, (wanted) =>
      openBrokerDoor({ identity, host, port: wanted, connectInside, logger, nodeOfPin: parts.nodeOfPin }),
    ));
  const advertisement = advertise({ hubId: parts.hubId, pin: identity.pin, name: parts.hubName(), port }, logger);
  logger.info({ port, brokerPort: broker?.port ?? null }, 'the doors to the network are open');
  return { apiPort: port, broker, advertisement };
}

export function createDoors(parts: DoorsParts): Doors {
  let doors: OpenDoors | null = null;
  // Opening and closing are done one after the other, whoever asks.
  let last: Promise<void> = Promise.resolve();
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    last = last.catch(() => undefined).then(work);
    return last;
  };
  return {
    open: () =>
      inTurn(async () => {
        doors ??= await openAll(parts);
      }),
    close: () =>
      inTurn(async () => {
        const open = doors;
        doors = null;
        if (!open) return;
        await open.advertisement.stop();
        await open.broker?.close();
        await parts.api().closeTlsDoor();
        parts.logger.info({}, 'the doors to the network are closed');
      }),
    addresses: () => (doors ? reachableAt(doors.apiPort) : []),
    brokerPort: () => doors?.broker?.port ?? null,
    dropNode: (nodeId) => doors?.broker?.dropNode(nodeId),
  };
}

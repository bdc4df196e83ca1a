/** What the node registry needs and offers. */
import type { Clock } from '../../../common/clock.ts';
import type { Logger } from '../../../common/log.ts';
import type { Failure } from '../../../contract/errors.ts';
import type {
  BrokerAccess,
  Goodbye,
  Heartbeat,
  HeartbeatAnswer,
  HelloRequest,
  HelloResponse,
  JoinRequest,
  JoinResponse,
} from '../../../contract/node.ts';
import type { NodeHold } from '../../../contract/operations/nodes.ts';
import type { Catalog } from '../catalog/database.ts';
import type { EventLog } from '../events.ts';
import type { Checks } from '../planner/checks.ts';
import type { NodeView } from '../planner/context.ts';
import type { Leases } from '../planner/leases.ts';
import type { JoinRequests } from './join-requests.ts';
import type { Pairing } from './pairing.ts';

/** The broker as the registry needs it. */
export interface BrokerDoors {
  /** How a node reaches the broker; local nodes over loopback, others over the pinned TLS door. */
  access(node: { readonly id: string; readonly local: boolean; readonly password: string }): BrokerAccess;
  /** Makes or replaces the node's own user. */
  admit(nodeId: string, password: string): Promise<void>;
  /** Removes it, ends its connections and deletes its keys. */
  expel(nodeId: string): Promise<void>;
}

export interface NodeRegistryParts {
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: Pick<EventLog, 'emit'>;
  readonly leases: Pick<Leases, 'hello' | 'renew' | 'nodeGone' | 'takeBack'>;
  /** Known answers: what nodes report, and what they shall check. */
  readonly checks: Pick<Checks, 'hello' | 'reported' | 'due'>;
  readonly broker: BrokerDoors;
  readonly hubId: string;
  /** The hub's key pin. */
  readonly pin: string;
  readonly hubName: () => string;
  /** Where other machines reach the hub now (`addr:port`), for join tokens; empty while the door is closed. */
  readonly addresses: () => readonly string[];
  /** Ends a removed node's connections to the API. */
  readonly dropConnections: (nodeId: string) => void;
  /** A node came, went, paused or changed what it can do: time to place again. */
  readonly changed?: (nodeId: string) => void;
  /** Calls `work` every so many ms until the answer is called. */
  readonly every?: (intervalMs: number, work: () => void) => () => void;
}

/** What the window is told of a node, apart from its work. Wall-clock ms. */
export interface NodeFacts {
  readonly id: string;
  readonly name: string;
  readonly state: 'online' | 'silent' | 'paused';
  readonly local: boolean;
  readonly trusted: boolean;
  readonly hold: NodeHold;
  readonly trouble: Failure | null;
  readonly capability: NodeView['capability'];
  readonly load: NodeView['load'];
  readonly lastSeenMs: number | null;
  readonly joinedMs: number;
}

export interface NodeRegistry {
  /** Admits the known nodes at the broker and begins to watch for silence. */
  start(): Promise<void>;
  stop(): void;
  /** Makes all nodes' users at the broker again; at start, and when the broker has lost them. */
  admitAll(): Promise<void>;
  /** Lets all nodes say hello again, which tells them how the broker is reached now. */
  greetAgain(): void;
  createToken: Pairing['createToken'];
  /** Machines that ask to be let in by a code. */
  readonly requests: JoinRequests;
  /**
   * @param peerPin of the key shown over TLS; null over loopback
   * @param local the request came over loopback
   * @throws MillraceError token_invalid, protocol_unsupported, forbidden (another key than the one named)
   */
  join(request: JoinRequest, peerPin: string | null, local: boolean): Promise<JoinResponse>;
  /** @throws MillraceError node_unknown, protocol_unsupported */
  hello(nodeId: string, request: HelloRequest): Promise<HelloResponse>;
  /** @throws MillraceError node_unknown */
  heartbeat(nodeId: string, beat: Heartbeat): HeartbeatAnswer;
  /** A node stops in order. @throws MillraceError node_unknown */
  goodbye(nodeId: string, goodbye: Goodbye): void;
  /** What the hub's owner wants of a node. @throws MillraceError not_found */
  change(
    nodeId: string,
    wishes: { name?: string | null | undefined; trusted?: boolean | undefined; hold?: NodeHold | undefined },
  ): Promise<void>;
  /** Sends a node away. @throws MillraceError not_found */
  remove(nodeId: string): Promise<void>;
  /**
   * Who holds this bearer token. Over `tls` the key shown must be the node's; without TLS only nodes of the hub's own machine come.
   * @returns the node's id, or null when it is no node's token or not allowed here
   * @throws MillraceError node_unknown for a node that was removed or never joined: it has to join again
   */
  authenticateNode(bearer: string, peerPin: string | null, door: 'loopback' | 'tls' | 'legacy'): string | null;
  /** For placing; in memory, cheap. */
  views(): readonly NodeView[];
  /** For people; in memory. */
  list(): NodeFacts[];
}

/** Joining: is the version right, is the key proved, is it let in, and which node is it then. Writes the node's row. */
import { v7 as uuidv7 } from 'uuid';
import type { Clock } from '../../../common/clock.ts';
import { samePin } from '../../../common/pins.ts';
import { MillraceError } from '../../../contract/errors.ts';
import { type JoinRequest, oldestProtocolVersion, protocolVersion } from '../../../contract/node.ts';
import type { Catalog } from '../catalog/database.ts';
import { findNodeByPin, type NodeRow, namesOfOthers, saveNode } from '../catalog/nodes.ts';
import { uniqueName } from './node-state.ts';
import type { Pairing } from './pairing.ts';
import { hashSecret, newSecret } from './secrets.ts';

/** What a machine says of itself when it joins. */
export type JoiningMachine = Pick<JoinRequest, 'name' | 'pin' | 'capability'>;

/** How the hub's own node came in. */
export const ownNode = 'own';

/** What lets it in: a join token, or that the hub's owner compared its code. */
export type Credential = { readonly token: string } | 'code';

/** What a refused node may read: the versions that this hub speaks. */
const spoken = { oldest: oldestProtocolVersion, newest: protocolVersion };

/** @throws MillraceError protocol_unsupported with a sentence that names the machine to update */
export function checkProtocol(protocol: number, nodeName: string, hubName: string): void {
  if (protocol < oldestProtocolVersion)
    throw new MillraceError(
      'protocol_unsupported',
      `The node “${nodeName}” speaks protocol ${protocol}, the hub needs at least ${oldestProtocolVersion}: update Millrace on “${nodeName}”.`,
      spoken,
    );
  if (protocol > protocolVersion)
    throw new MillraceError(
      'protocol_unsupported',
      `The node “${nodeName}” speaks protocol ${protocol}, the hub at most ${protocolVersion}: update Millrace on the hub “${hubName}”.`,
      spoken,
    );
}

/** @throws MillraceError forbidden when a machine beyond loopback does not show the key that it names */
export function checkKeyShown(pin: string, peerPin: string | null, local: boolean): void {
  if (!local && (peerPin === null || !samePin(peerPin, pin)))
    throw new MillraceError('forbidden', 'The key shown is not the one named in the request.');
}

/** What the node's row says of how it came in. A token's use is taken, unless its first answer was lost: then the same key comes with it again. */
function spend(pairing: Pairing, credential: Credential, before: NodeRow | undefined, local: boolean): string {
  if (credential === 'code') return 'code';
  const isRepeat = before !== undefined && !local && before.joinedBy === pairing.verify(credential.token);
  if (isRepeat) return before.joinedBy;
  const tokenId = pairing.redeem(credential.token);
  return pairing.isOwn(tokenId) ? ownNode : tokenId;
}

/**
 * Stores a node that joins; inside a transaction, which also takes the token's use. A machine whose key is known here keeps its
 * id and gets new secrets.
 * @throws MillraceError token_invalid
 */
export function storeJoin(
  parts: { readonly catalog: Catalog; readonly clock: Clock; readonly pairing: Pairing },
  machine: JoiningMachine,
  credential: Credential,
  local: boolean,
): { row: NodeRow; secret: string } {
  const { catalog, clock, pairing } = parts;
  const before = findNodeByPin(catalog, machine.pin, local);
  const joinedBy = spend(pairing, credential, before, local);
  const id = before?.id ?? uuidv7();
  const secret = newSecret();
  const row: NodeRow = {
    id,
    name: uniqueName(before?.givenName ?? machine.name, namesOfOthers(catalog, id), before?.name),
    pin: machine.pin,
    secretHash: hashSecret(secret),
    brokerPassword: newSecret(),
    local,
    session: null,
    capability: machine.capability,
    trusted: before?.trusted ?? false,
    hold: before?.hold ?? 'none',
    givenName: before?.givenName ?? null,
    joinedBy,
    joinedMs: before?.joinedMs ?? clock.wallMs(),
    lastSeenMs: before?.lastSeenMs ?? null,
  };
  saveNode(catalog, row);
  return { row, secret };
}

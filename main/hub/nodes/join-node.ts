/** Joining: is the version right, is the key proved, is the token good, and which node is it then. Writes the node's row. */
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

/** @throws MillraceError protocol_unsupported with a sentence that names the machine to update */
export function checkProtocol(protocol: number, nodeName: string, hubName: string): void {
  if (protocol < oldestProtocolVersion)
    throw new MillraceError(
      'protocol_unsupported',
      `The node “${nodeName}” speaks protocol ${protocol}, the hub needs at least ${oldestProtocolVersion}: update Millrace on “${nodeName}”.`,
    );
  if (protocol > protocolVersion)
    throw new MillraceError(
      'protocol_unsupported',
      `The node “${nodeName}” speaks protocol ${protocol}, the hub at most ${protocolVersion}: update Millrace on the hub “${hubName}”.`,
    );
}

/** @throws MillraceError forbidden when a machine beyond loopback does not show the key that it names */
export function checkKeyShown(pin: string, peerPin: string | null, local: boolean): void {
  if (!local && (peerPin === null || !samePin(peerPin, pin)))
    throw new MillraceError('forbidden', 'The key shown is not the one named in the request.');
}

/**
 * Stores a node that joins; inside a transaction, which also takes the token's use. A machine whose key is known here keeps its
 * id and gets new secrets. With the same token again no use is taken: then its first answer was lost on the way.
 * @throws MillraceError token_invalid
 */
export function storeJoin(
  parts: { readonly catalog: Catalog; readonly clock: Clock; readonly pairing: Pairing },
  request: JoinRequest,
  local: boolean,
): { row: NodeRow; secret: string } {
  const { catalog, clock, pairing } = parts;
  const before = findNodeByPin(catalog, request.pin, local);
  const again = before !== undefined && !local && before.joinedBy === pairing.verify(request.token);
  const joinedBy = again ? before.joinedBy : pairing.redeem(request.token);
  const id = before?.id ?? uuidv7();
  const secret = newSecret();
  const row: NodeRow = {
    id,
    name: uniqueName(request.name, namesOfOthers(catalog, id), before?.name),
    pin: request.pin,
    secretHash: hashSecret(secret),
    brokerPassword: newSecret(),
    local,
    session: null,
    capability: request.capability,
    joinedBy,
    joinedMs: before?.joinedMs ?? clock.wallMs(),
    lastSeenMs: before?.lastSeenMs ?? null,
  };
  saveNode(catalog, row);
  return { row, secret };
}

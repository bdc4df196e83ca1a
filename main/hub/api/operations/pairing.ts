/** Handlers of joining by a code: what the asking node calls, and what the hub's owner decides. */
import { timestamp } from '../../../../common/clock.ts';
import { MillraceError } from '../../../../contract/errors.ts';
import type { PairingRequest } from '../../../../contract/operations/pairing.ts';
import type { AskOrigin, JoinRequests, WaitingMachine } from '../../nodes/join-requests.ts';
import type { Caller, JsonHandlers } from '../handlers.ts';

function requestView({ askedMs, expiresMs, ...machine }: WaitingMachine): PairingRequest {
  return { ...machine, askedAt: timestamp(askedMs), expiresAt: timestamp(expiresMs) };
}

/** Machines join over loopback and at the door for nodes, nowhere else. @throws MillraceError forbidden */
export function originOf({ door, peerPin, remoteAddress }: Caller): AskOrigin {
  if (door !== 'loopback' && door !== 'tls') throw new MillraceError('forbidden', 'Machines do not join here.');
  return { peerPin, remoteAddress, local: door === 'loopback' };
}

export type PairingNames = 'askToJoin' | 'waitForApproval' | 'listPairingRequests' | 'approvePairing' | 'rejectPairing';

export function pairingHandlers(requests: JoinRequests): Pick<JsonHandlers, PairingNames> {
  return {
    askToJoin: async ({ body, caller }) => requests.ask(body, originOf(caller)),
    waitForApproval: ({ params, body, caller }) => requests.wait(params.id, body, originOf(caller)),
    listPairingRequests: async () => {
      const { rows, turnedAway } = requests.list();
      return { rows: rows.map(requestView), turnedAway };
    },
    approvePairing: async ({ params, body }) => requestView(requests.approve(params.id, body.code)),
    rejectPairing: async ({ params }) => {
      requests.reject(params.id);
      return undefined;
    },
  };
}

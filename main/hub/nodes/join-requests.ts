/**
 * Machines that ask to be let in without a token: kept in memory while people compare codes. Bounded in number, by address and by
 * pace, so that who floods it hides nobody else. Decides nothing about nodes: who was approved is admitted by the registry.
 */
import { randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import type { Clock } from '../../../common/clock.ts';
import { pairingCode, pairingCommitment } from '../../../common/pairing-code.ts';
import { samePin } from '../../../common/pins.ts';
import { MillraceError } from '../../../contract/errors.ts';
import type { JoinResponse } from '../../../contract/node.ts';
import type { PairingAnswer, PairingAsk, PairingOffer, PairingWait } from '../../../contract/pairing.ts';
import { checkKeyShown, checkProtocol, type JoiningMachine } from './join-node.ts';
import { addressGroup, createAskLimits } from './join-request-limits.ts';
import { plainMachineName } from './node-state.ts';

/** Where a request comes from. */
export interface AskOrigin {
  readonly peerPin: string | null;
  /** Over loopback. */
  readonly local: boolean;
  readonly remoteAddress: string;
}

export interface WaitingMachine {
  readonly id: string;
  readonly name: string;
  readonly code: string;
  readonly address: string;
  readonly os: string;
  readonly cores: number;
  readonly state: 'pending' | 'approved';
  /** Wall-clock ms. */
  readonly askedMs: number;
  readonly expiresMs: number;
}

export interface JoinRequests {
  /** @throws MillraceError protocol_unsupported, forbidden, too_many_requests */
  ask(request: PairingAsk, from: AskOrigin): PairingOffer;
  /**
   * Takes the node's random number, and waits for a decision up to `waitMs`.
   * @throws MillraceError not_found (run out), forbidden (another key or another number)
   */
  wait(id: string, told: PairingWait, from: AskOrigin): Promise<PairingAnswer>;
  list(): { readonly rows: WaitingMachine[]; readonly turnedAway: number };
  /** @throws MillraceError not_found, conflict (another code, or the same code twice) */
  approve(id: string, code: string): WaitingMachine;
  /** @throws MillraceError not_found */
  reject(id: string): void;
  /** Nothing of this key counts any more: its node was sent away. */
  forget(pin: string): void;
}

export interface JoinRequestsParts {
  readonly clock: Clock;
  readonly hubId: string;
  readonly pin: string;
  readonly hubName: () => string;
  /** Makes the machine a node; again when its answer was lost. */
  readonly admit: (machine: JoiningMachine, local: boolean) => Promise<JoinResponse>;
  /** What `list` answers has changed. */
  readonly changed: () => void;
}

/** So long a machine is shown and its code counts, ms. */
export const requestLifeMs = 10 * 60_000;
/** To tell its random number, ms. */
const tellLimitMs = 30_000;
/** After it was let in, its answer can be asked for again for so long, ms. */
const repeatMs = 60_000;

interface Entry {
  readonly id: string;
  readonly machine: JoiningMachine;
  readonly local: boolean;
  readonly address: string;
  readonly group: string;
  readonly hubNonce: string;
  readonly askedMs: number;
  /** Steady ms. */
  endMs: number;
  /** Null until the node told its number. */
  told: { readonly nodeNonce: string; readonly code: string } | null;
  state: 'pending' | 'approved' | 'rejected';
  /** Wakes the one call that waits. */
  wake: () => void;
}

type Told = Entry & { readonly told: NonNullable<Entry['told']> };
const hasTold = (entry: Entry): entry is Told => entry.told !== null;

export function createJoinRequests(parts: JoinRequestsParts): JoinRequests {
  const { clock, hubId, pin: hubPin } = parts;
  const entries = new Map<string, Entry>();
  const limits = createAskLimits(clock);

  const sweep = (): void => {
    const nowMs = clock.monotonicMs();
    for (const entry of entries.values()) if (nowMs >= entry.endMs) remove(entry);
  };
  const remove = (entry: Entry): void => {
    entries.delete(entry.id);
    entry.wake();
    if (entry.told) parts.changed();
  };
  const find = (id: string): Entry => {
    sweep();
    const entry = entries.get(id);
    if (entry === undefined) throw new MillraceError('not_found', 'This request has run out, or was never made.');
    return entry;
  };
  const shown = (): Told[] => [...entries.values()].filter(hasTold).filter(({ state }) => state !== 'rejected');
  const view = ({ id, machine, address, askedMs, told, state }: Told): WaitingMachine => ({
    id,
    name: machine.name,
    code: told.code,
    address,
    os: machine.capability.os,
    cores: machine.capability.cores,
    state: state === 'approved' ? 'approved' : 'pending',
    askedMs,
    expiresMs: askedMs + requestLifeMs,
  });

  /** Who asks anew (its process was started again) takes back what it asked before; who was turned away is not asked about again. */
  const takeBack = (pin: string): void => {
    for (const entry of entries.values()) {
      if (entry.machine.pin !== pin) continue;
      if (entry.state === 'rejected')
        throw new MillraceError(
          'forbidden',
          'This machine was turned away. Ask again in a few minutes, or use a token.',
        );
      remove(entry);
    }
  };
  const tell = (entry: Entry, nodeNonce: string): void => {
    if (entry.told !== null) {
      if (!samePin(entry.told.nodeNonce, nodeNonce))
        throw new MillraceError('forbidden', 'Another number was told before.');
      return;
    }
    const { pin: nodePin } = entry.machine;
    entry.told = { nodeNonce, code: pairingCode({ hubPin, nodePin, hubNonce: entry.hubNonce, nodeNonce }) };
    entry.endMs = clock.monotonicMs() + requestLifeMs;
    parts.changed();
  };
  const answer = async (entry: Entry): Promise<PairingAnswer> => {
    if (entry.state === 'rejected') return { state: 'rejected' };
    if (entry.state === 'pending') return { state: 'pending', hubNonce: entry.hubNonce };
    const join = await parts.admit(entry.machine, entry.local);
    entry.endMs = Math.min(entry.endMs, clock.monotonicMs() + repeatMs);
    parts.changed();
    return { state: 'approved', join };
  };
  /** One call at a time waits for an entry; a newer one sends the older away. */
  const decision = (entry: Entry, waitMs: number): Promise<void> =>
    new Promise((resolve) => {
      entry.wake();
      const done = (): void => {
        clearTimeout(timer);
        entry.wake = () => {};
        resolve();
      };
      const timer = setTimeout(done, waitMs);
      entry.wake = done;
    });

  return {
    ask(request, from) {
      checkProtocol(request.protocol, request.name, parts.hubName());
      checkKeyShown(request.pin, from.peerPin, from.local);
      sweep();
      takeBack(request.pin);
      const group = addressGroup(from.remoteAddress);
      const evicted = limits.admit(group, [...entries.values()]);
      if (evicted !== null) remove(evicted);
      const { name, pin, capability } = request;
      const entry: Entry = {
        id: uuidv7(),
        machine: { name: plainMachineName(name), pin, capability },
        local: from.local,
        address: from.remoteAddress,
        group,
        hubNonce: randomBytes(32).toString('hex'),
        askedMs: clock.wallMs(),
        endMs: clock.monotonicMs() + tellLimitMs,
        told: null,
        state: 'pending',
        wake: () => {},
      };
      entries.set(entry.id, entry);
      const commitment = pairingCommitment({ hubPin, nodePin: pin, hubNonce: entry.hubNonce });
      return { requestId: entry.id, hubId, hubName: parts.hubName(), hubPin, commitment, lifeMs: requestLifeMs };
    },
    async wait(id, { nonce, waitMs }, from) {
      const entry = find(id);
      checkKeyShown(entry.machine.pin, from.peerPin, from.local);
      if (from.local !== entry.local) throw new MillraceError('forbidden');
      tell(entry, nonce);
      if (entry.state === 'pending' && waitMs > 0) await decision(entry, waitMs);
      return answer(find(id));
    },
    list() {
      sweep();
      return { rows: shown().map(view), turnedAway: limits.turnedAway() };
    },
    approve(id, code) {
      const entry = find(id);
      if (!hasTold(entry) || entry.state === 'rejected')
        throw new MillraceError('not_found', 'Nobody asks under this id.');
      if (entry.told.code !== code)
        throw new MillraceError('conflict', `This request’s code is another one than ${code}. Compare again.`);
      if (shown().filter(({ told }) => told.code === code).length > 1)
        throw new MillraceError('conflict', 'Two machines show this code; that is no accident. Let both ask anew.');
      entry.state = 'approved';
      entry.wake();
      parts.changed();
      return view(entry);
    },
    reject(id) {
      const entry = find(id);
      entry.state = 'rejected';
      entry.wake();
      parts.changed();
    },
    forget(pin) {
      for (const entry of entries.values()) if (entry.machine.pin === pin) remove(entry);
    },
  };
}

import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Clock } from '../../common/clock.ts';
import { keepsCommitment, pairingCode } from '../../common/pairing-code.ts';
import { protocolVersion } from '../../contract/node.ts';
import { addressGroup } from '../../main/hub/nodes/join-request-limits.ts';
import { type AskOrigin, createJoinRequests, requestLifeMs } from '../../main/hub/nodes/join-requests.ts';
import { labCapability } from '../support/api-lab.ts';

const hubId = '0190b1a0-0000-7000-8000-000000000001';
const hubPin = 'f'.repeat(64);
const pinOf = (number: number): string => number.toString(16).padStart(64, '0');
const nonce = (): string => randomBytes(32).toString('hex');

function setUp() {
  const time = { wallMs: 1_700_000_000_000, monotonicMs: 50_000 };
  const clock: Clock = { wallMs: () => time.wallMs, monotonicMs: () => time.monotonicMs };
  const admitted: string[] = [];
  const told = { changes: 0 };
  const requests = createJoinRequests({
    clock,
    hubId,
    pin: hubPin,
    hubName: () => 'desk',
    admit: async ({ pin }) => {
      admitted.push(pin);
      return {
        nodeId: hubId,
        secret: `secret-number-${admitted.length}-long-enough`,
        hubId,
        hubName: 'desk',
        broker: { port: 1, tls: true, url: null, username: null, password: null, prefix: 'p' },
      };
    },
    changed: () => {
      told.changes += 1;
    },
  });
  return { requests, time, admitted, told };
}
const from = (pin: string, remoteAddress = '10.0.0.7'): AskOrigin => ({ peerPin: pin, local: false, remoteAddress });
const asking = (pin: string, name = 'attic') => ({ protocol: protocolVersion, name, pin, capability: labCapability });

/** Asks and tells the number; answers what the node knows then. */
async function ask({ requests }: ReturnType<typeof setUp>, pin: string, address?: string) {
  const origin = from(pin, address);
  const offer = requests.ask(asking(pin), origin);
  const mine = nonce();
  const answer = await requests.wait(offer.requestId, { nonce: mine, waitMs: 0 }, origin);
  if (answer.state !== 'pending') throw new Error(`decided already: ${answer.state}`);
  const facts = { hubPin, nodePin: pin, hubNonce: answer.hubNonce, nodeNonce: mine };
  return { id: offer.requestId, offer, mine, origin, facts, code: pairingCode(facts) };
}

describe('asking to be let in', () => {
  it('shows both sides the same code, which the hub could not choose', async () => {
    const at = setUp();
    const { offer, facts, code } = await ask(at, pinOf(1));
    expect(keepsCommitment(offer.commitment, facts)).toBe(true);
    expect(keepsCommitment(offer.commitment, { ...facts, hubNonce: nonce() })).toBe(false);
    expect(at.requests.list().rows).toMatchObject([{ name: 'attic', code, address: '10.0.0.7', state: 'pending' }]);
    expect(code).toMatch(/^\d{6}$/);
  });

  it('shows other codes to both sides when somebody sits between them', async () => {
    // The one in the middle shows each side a key of its own; it hands the numbers on as they are, or makes its own.
    const hubSide = setUp();
    const between = await ask(hubSide, pinOf(666));
    const handedOn = { ...between.facts, hubPin: pinOf(667), nodePin: pinOf(1) };
    expect(pairingCode(handedOn)).not.toBe(between.code);
    expect(keepsCommitment(between.offer.commitment, handedOn)).toBe(false);
  });

  it('lets in whose code was compared, once; a lost answer can be asked for again', async () => {
    const at = setUp();
    const asked = await ask(at, pinOf(1));
    const waiting = at.requests.wait(asked.id, { nonce: asked.mine, waitMs: 20_000 }, asked.origin);
    expect(() => at.requests.approve(asked.id, asked.code === '000000' ? '000001' : '000000')).toThrow(/another one/);
    at.requests.approve(asked.id, asked.code);
    const first = await waiting;
    expect(first).toMatchObject({ state: 'approved', join: { hubId } });
    const again = await at.requests.wait(asked.id, { nonce: asked.mine, waitMs: 0 }, asked.origin);
    expect(again).toMatchObject({ state: 'approved' });
    expect(again).not.toEqual(first);
    at.time.monotonicMs += 60_000;
    await expect(at.requests.wait(asked.id, { nonce: asked.mine, waitMs: 0 }, asked.origin)).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  it('gives the answer to nobody else: neither with another key, nor with another number, nor over another door', async () => {
    const at = setUp();
    const { id, mine, origin, code } = await ask(at, pinOf(1));
    at.requests.approve(id, code);
    for (const [told, who] of [
      [mine, from(pinOf(2))],
      [mine, { ...origin, peerPin: null }],
      [nonce(), origin],
      [mine, { ...origin, local: true }],
    ] as const)
      await expect(at.requests.wait(id, { nonce: told, waitMs: 0 }, who)).rejects.toMatchObject({ code: 'forbidden' });
    expect(() => at.requests.ask(asking(pinOf(1)), from(pinOf(2)))).toThrow(/key shown/);
    expect(at.admitted).toEqual([]);
  });

  it('tells a machine that it was turned away, and does not let it ask again at once', async () => {
    const at = setUp();
    const { id, mine, origin } = await ask(at, pinOf(1));
    const waiting = at.requests.wait(id, { nonce: mine, waitMs: 20_000 }, origin);
    at.requests.reject(id);
    expect(await waiting).toEqual({ state: 'rejected' });
    expect(at.requests.list().rows).toEqual([]);
    expect(() => at.requests.ask(asking(pinOf(1)), origin)).toThrow(/turned away/);
    expect(() => at.requests.approve(id, '000000')).toThrow(/Nobody asks/);
    at.time.monotonicMs += requestLifeMs;
    expect(at.requests.ask(asking(pinOf(1)), origin)).toMatchObject({ hubId });
  });

  it('forgets what ran out, by steady time: the clock may be set meanwhile', async () => {
    const at = setUp();
    const { id, code } = await ask(at, pinOf(1));
    at.time.wallMs -= 86_400_000;
    at.time.monotonicMs += requestLifeMs - 1;
    expect(at.requests.list().rows).toHaveLength(1);
    at.time.monotonicMs += 1;
    expect(at.requests.list().rows).toEqual([]);
    expect(() => at.requests.approve(id, code)).toThrow(/run out/);
  });

  it('shows nobody who did not tell a number, and keeps no such request long', () => {
    const at = setUp();
    at.requests.ask(asking(pinOf(1)), from(pinOf(1)));
    expect(at.requests.list().rows).toEqual([]);
    expect(at.told.changes).toBe(0);
  });

  it('a machine that starts again replaces what it asked before', async () => {
    const at = setUp();
    const first = await ask(at, pinOf(1));
    const second = await ask(at, pinOf(1));
    expect(at.requests.list().rows.map(({ code }) => code)).toEqual([second.code]);
    expect(() => at.requests.approve(first.id, first.code)).toThrow(/run out/);
  });

  it('cleans names of what cannot be seen', async () => {
    const at = setUp();
    const pin = pinOf(1);
    const { requestId } = at.requests.ask(asking(pin, ' at\u202etic\u0000\n \u200b9 '), from(pin));
    await at.requests.wait(requestId, { nonce: nonce(), waitMs: 0 }, from(pin));
    expect(at.requests.list().rows[0]?.name).toBe('attic 9');
  });
});

describe('a flood of requests', () => {
  it('from one address takes few places, and hides nobody', async () => {
    const at = setUp();
    let refused = 0;
    for (let n = 0; n < 200; n++) {
      await ask(at, pinOf(1_000 + n), '10.0.0.66').catch(() => refused++);
    }
    const honest = await ask(at, pinOf(1), '10.0.0.7');
    const { rows, turnedAway } = at.requests.list();
    expect(rows.filter(({ address }) => address === '10.0.0.66').length).toBeLessThanOrEqual(4);
    expect(rows.map(({ code }) => code)).toContain(honest.code);
    expect(turnedAway).toBe(refused);
    expect(refused).toBeGreaterThan(190);
  });

  it('cannot guess on by asking and giving up', async () => {
    const at = setUp();
    let guesses = 0;
    for (let n = 0; n < 1_000; n++) {
      try {
        at.requests.ask(asking(pinOf(7)), from(pinOf(7), '10.0.0.66'));
        guesses++;
      } catch {
        // Turned away.
      }
    }
    expect(guesses).toBe(12);
  });

  it('from many addresses makes room at the cost of whoever has most', async () => {
    const at = setUp();
    const honest = await ask(at, pinOf(1), '10.0.0.7');
    for (let n = 0; n < 40; n++)
      for (let more = 0; more < 4; more++) await ask(at, pinOf(1_000 + n * 4 + more), `10.0.1.${n}`);
    const { rows } = at.requests.list();
    expect(rows.length).toBeLessThanOrEqual(64);
    expect(rows.map(({ code }) => code)).toContain(honest.code);
  });

  it('counts the network of an IPv6 address as one', () => {
    expect(addressGroup('2001:db8:1:2:aaaa::1')).toBe(addressGroup('2001:DB8:1:2::ffff'));
    expect(addressGroup('2001:db8:1:2::1')).not.toBe(addressGroup('2001:db8:1:3::1'));
    expect(addressGroup('fe80::1%eth0')).toBe('fe80:0:0:0');
    expect(addressGroup('::ffff:10.0.0.7')).toBe('10.0.0.7');
  });
});

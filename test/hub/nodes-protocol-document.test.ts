import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { errorTable } from '../../contract/errors.ts';
import {
  discoveryServiceType,
  discoveryTxtSchema,
  goodbyeSchema,
  heartbeatAnswerSchema,
  heartbeatIntervalMs,
  heartbeatMinIntervalMs,
  heartbeatSchema,
  helloRequestSchema,
  helloResponseSchema,
  joinRequestSchema,
  joinResponseSchema,
  leaseMs,
  protocolVersion,
} from '../../contract/node.ts';
import {
  pairingAnswerSchema,
  pairingAskSchema,
  pairingOfferSchema,
  pairingWaitSchema,
} from '../../contract/pairing.ts';
import { stagePayloadSchema, stageResultSchema } from '../../contract/stage.ts';

const schemas: Readonly<Record<string, z.ZodType>> = {
  discoveryTxt: discoveryTxtSchema,
  joinRequest: joinRequestSchema,
  joinResponse: joinResponseSchema,
  pairingAsk: pairingAskSchema,
  pairingOffer: pairingOfferSchema,
  pairingWait: pairingWaitSchema,
  pairingAnswer: pairingAnswerSchema,
  helloRequest: helloRequestSchema,
  helloResponse: helloResponseSchema,
  heartbeat: heartbeatSchema,
  heartbeatAnswer: heartbeatAnswerSchema,
  goodbye: goodbyeSchema,
  stagePayload: stagePayloadSchema,
  stageResult: stageResultSchema,
};
const text = await readFile(new URL('../../docs/PROTOCOL.md', import.meta.url), 'utf8');
const examples = [...text.matchAll(/^```json (\w+)\n([\s\S]*?)^```/gm)].map(([, name = '', json = '']) => ({
  name,
  json,
}));

describe('docs/PROTOCOL.md', () => {
  it('has an example of every message', () => {
    expect(new Set(examples.map(({ name }) => name))).toEqual(new Set(Object.keys(schemas)));
  });

  it.each(examples)('has a valid example of $name, with known fields only', ({ name, json }) => {
    const value: unknown = JSON.parse(json);
    const parsed = schemas[name]?.parse(value);
    if (name !== 'discoveryTxt') expect(parsed).toEqual(value);
  });

  it('names the values that the code uses', () => {
    expect(text).toContain(`Version **${protocolVersion}**`);
    expect(text).toContain(`- **${protocolVersion}** `);
    expect(text).toContain(`_${discoveryServiceType}._tcp`);
    expect(text).toContain(`every ${heartbeatIntervalMs} ms`);
    expect(text).toContain(`at most every ${heartbeatMinIntervalMs} ms`);
    expect(text).toContain(`${leaseMs} ms without a heartbeat`);
  });

  it('names errors with the status that they have', () => {
    const rows = [...text.matchAll(/^\| (\d{3}) (?:\| )?`(\w+)`/gm)];
    expect(rows.length).toBeGreaterThan(5);
    for (const [, status, code = ''] of rows)
      expect([code, Object.entries(errorTable).find(([name]) => name === code)?.[1].status]).toEqual([
        code,
        Number(status),
      ]);
  });
});

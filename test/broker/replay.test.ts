/** Records of the log taken apart: arguments of every length, at every place of the reader's window. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { silentLogger } from '../../common/log.ts';
import { createClock } from '../../main/broker/clock.ts';
import { families } from '../../main/broker/commands/index.ts';
import { Config } from '../../main/broker/config.ts';
import { Engine } from '../../main/broker/engine.ts';
import { createReplay } from '../../main/broker/replay.ts';
import { encodeRequest } from '../../main/broker/resp.ts';

const newEngine = (): Engine =>
  new Engine({ clock: createClock(), config: new Config({}), commands: families.flat(), logger: silentLogger });

const asRecord = (requests: readonly (readonly string[])[]): Buffer =>
  Buffer.from(requests.map(encodeRequest).join(''), 'latin1');

it('gives each argument back, short and long ones, over many windows', () => {
  const byte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
  const short = fc.string({ unit: byte, maxLength: 16 });
  const value = fc.oneof(
    { weight: 20, arbitrary: short },
    { weight: 1, arbitrary: fc.integer({ min: 13, max: 40_000 }).map((length) => '\r\n$3'.repeat(length / 4)) },
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(short, value), { minLength: 1, maxLength: 3000, size: 'max' }), (pairs) => {
      const engine = newEngine();
      createReplay(engine)(asRecord(pairs.map(([key, text]) => ['SET', key, text])));
      const kept = [...engine.keyspace.db(0).entries].map(([key, entry]) => [key, entry.value]);
      expect(new Map(kept.map(([key, text]) => [key, text]))).toEqual(new Map(pairs));
    }),
    { numRuns: 20 },
  );
});

it('starts each record in database 0 and finds subcommands', () => {
  const engine = newEngine();
  const replay = createReplay(engine);
  replay(
    asRecord([
      ['SELECT', '3'],
      ['xgroup', 'create', 's', 'g', '0', 'MKSTREAM'],
    ]),
  );
  replay(asRecord([['SET', 'a', '']]));
  expect([...engine.keyspace.db(3).entries.keys()]).toEqual(['s']);
  expect([...engine.keyspace.db(0).entries.keys()]).toEqual(['a']);
});

it('refuses what no broker has written', () => {
  const replay = createReplay(newEngine());
  expect(() => replay(asRecord([['NONSENSE']]))).toThrow('the log holds the unknown command NONSENSE');
  expect(() => replay(Buffer.from('*2\r\n$3\r\nGET\r\n$1'))).toThrow('a record of the log ends within a request');
});

/** What keeps the broker's memory small: the packed form of hashes, and the collection after a burst. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createIdleMemory } from '../../main/broker/idle-memory.ts';
import { Hash, HashCooler } from '../../main/broker/structures/hash.ts';

const field = fc.oneof(fc.constantFrom('a', 'b', 'ab', '', 'data', 'é\0\xff'), fc.string({ maxLength: 300 }));
const value = fc.oneof(
  fc.constantFrom('', '0', '\0\x01\xff'),
  fc.string({ maxLength: 30 }),
  fc.constant('v'.repeat(700)),
);
const latin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('set' as const), field, value }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), field, value }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cool' as const), field, value }) },
);

describe('a hash', () => {
  test('behaves as a Map, cold or hot, small or large', () => {
    const scratch = Buffer.alloc(4096);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const hash = new Hash();
        const model = new Map<string, string>();
        for (const each of steps) {
          const [name, text] = [latin1(each.field), latin1(each.value)];
          if (each.do === 'set') {
            hash.set(name, text);
            model.set(name, text);
          } else if (each.do === 'delete') {
            expect(hash.delete(name)).toBe(model.delete(name));
          } else {
            hash.cool(scratch);
          }
          expect(hash.get(name)).toBe(model.get(name));
          expect(hash.has(name)).toBe(model.has(name));
          expect(hash.size).toBe(model.size);
        }
        expect([...hash]).toEqual([...model]);
        expect([...hash.copy()]).toEqual([...model]);
        expect([...hash.keys()]).toEqual([...model.keys()]);
        expect([...hash.values()]).toEqual([...model.values()]);
      }),
    );
  });

  test('is packed when 512 others were written after it, and a read leaves it packed', () => {
    const cooler = new HashCooler();
    const hash = new Hash();
    hash.set('name', 'j');
    cooler.add(hash);
    for (let n = 0; n < 511; n++) cooler.add(new Hash());
    expect(hash.isCold).toBe(false);
    cooler.add(new Hash());
    expect(hash.isCold).toBe(true);
    expect(hash.get('name')).toBe('j');
    expect(hash.isCold).toBe(true);
    hash.set('name', 'k');
    expect(hash.isCold).toBe(false);
  });
});

describe('memory after a burst', () => {
  const MIB = 1 << 20;

  /** A heap that falls to 40 MiB when it is collected. */
  function aHeap() {
    const heap = { takenBytes: 100 * MIB, usedBytes: 20 * MIB, commands: 5000, collections: 0, ticks };
    const look = createIdleMemory(() => {
      heap.collections++;
      heap.takenBytes = 40 * MIB;
      return heap.takenBytes;
    });
    function ticks(count: number, commandsEach: number): void {
      for (let n = 0; n < count; n++) {
        heap.commands += commandsEach;
        look(heap.commands, heap.usedBytes, heap.takenBytes);
      }
    }
    return heap;
  }

  test('is collected once after a second without commands, and again only after it has grown anew', () => {
    const heap = aHeap();
    heap.ticks(10, 0);
    expect(heap.collections).toBe(0);
    heap.ticks(30, 0);
    expect(heap.collections).toBe(1);
    heap.takenBytes = 50 * MIB;
    heap.ticks(30, 0);
    expect(heap.collections).toBe(1);
    heap.takenBytes = 60 * MIB;
    heap.ticks(30, 0);
    expect(heap.collections).toBe(2);
  });

  test('is collected beside workers that wait and ask now and then', () => {
    const heap = aHeap();
    heap.ticks(30, 4);
    expect(heap.collections).toBe(1);
  });

  test('is left alone under load and when much is in use', () => {
    const heap = aHeap();
    heap.ticks(50, 5);
    heap.usedBytes = 200 * MIB;
    heap.takenBytes = 250 * MIB;
    heap.ticks(30, 0);
    expect(heap.collections).toBe(0);
  });
});

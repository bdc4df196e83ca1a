/** Turns at computing: so many at once, in order, and none is lost by an abort. */
import { expect, test } from 'vitest';
import { createSlots } from '../../node-agent/slots.ts';

const never = new AbortController().signal;

test('so many at once, the others in the order they came; kinds do not wait for each other', async () => {
  const slots = createSlots((kind) => (kind === 'two' ? 2 : 1));
  const order: string[] = [];
  const first = await slots.take('two', never);
  const second = await slots.take('two', never);
  const third = slots.take('two', never).then((giveBack) => {
    order.push('third');
    return giveBack;
  });
  const fourth = slots.take('two', never).then(() => order.push('fourth'));
  await slots.take('one', never);
  expect(order).toEqual([]);
  second();
  const giveBack = await third;
  expect(order).toEqual(['third']);
  first();
  await fourth;
  giveBack();
  expect(order).toEqual(['third', 'fourth']);
  await slots.take('two', never);
});

test('one that is aborted while it waits leaves the queue; its turn is the next one’s', async () => {
  const slots = createSlots(() => 1);
  const giveBack = await slots.take('kind', never);
  const abort = new AbortController();
  const aborted = slots.take('kind', abort.signal);
  const next = slots.take('kind', never);
  abort.abort(new Error('dropped'));
  await expect(aborted).rejects.toThrow('dropped');
  giveBack();
  await next;
  await expect(slots.take('kind', abort.signal)).rejects.toThrow('dropped');
});

/** Sends broken and strange mDNS packets to everybody on the network of the given address, then ends. */
import { createSocket } from 'node:dgram';
import { createRequire } from 'node:module';

interface Packet {
  encode(packet: object): Uint8Array;
}
// A part of multicast-dns, which bonjour-service stands on; it has no types.
const packet: Packet = createRequire(import.meta.url)('dns-packet');
const type = '_millrace._tcp.local';
const name = `x.${type}`;
const answers = (...records: object[]): Uint8Array => packet.encode({ type: 'response', answers: records });
const ptr = (data: string) => ({ type: 'PTR', name: type, ttl: 60, data });
const seeds = [
  packet.encode({ type: 'query', questions: [{ type: 'ANY', name: '__proto__' }] }),
  packet.encode({ type: 'query', questions: [{ type: 'PTR', name: type }] }),
  answers(ptr(name), { type: 'SRV', name, ttl: 60, data: { port: 0, target: '' } }),
  answers(ptr(name), {
    type: 'TXT',
    name,
    ttl: 60,
    data: ['__proto__=x', 'id=', '=', 'addr=999.1.1.1', `name=${'y'.repeat(200)}`],
  }),
  answers(ptr(type), ptr('.'), ptr('x')),
  answers(
    { type: 'TXT', name: type, ttl: 60, data: [] },
    { type: 'SRV', name: '_millrace', ttl: 1, data: { port: 1, target: 'x' } },
  ),
  answers(ptr('x'), { type: 'SRV', name: 'x', ttl: 60, data: { port: 1, target: 'x' } }),
];
const socket = createSocket('udp4');
const [address = ''] = process.argv.slice(2);
const send = (bytes: Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.send(bytes, 5353, '224.0.0.251', (error) => (error ? reject(error) : resolve()));
  });
/** The same at every run: a failure can be looked into. */
let state = 42;
const random = (below: number): number => {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
  return (state >>> 8) % below;
};
socket.bind(0, '0.0.0.0', async () => {
  socket.setMulticastInterface(address);
  for (const seed of seeds) await send(seed);
  for (let number = 0; number < 3_000; number++) {
    const bytes = Uint8Array.from(seeds[random(seeds.length)] ?? []);
    for (let changes = random(6); changes >= 0; changes--) bytes[random(bytes.length)] = random(256);
    await send(bytes.subarray(0, random(4) === 0 ? random(bytes.length) : bytes.length));
  }
  socket.close();
});

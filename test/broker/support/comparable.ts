/** When two replies to the same request count as equal: order where Redis has none, digits of doubles, times. */
import { replyEnd } from './raw-client.ts';

/** Commands whose replies have no order in Redis: their items are compared sorted. */
const UNORDERED = /^(smembers|sinter|sunion|sdiff|keys|hgetall|hkeys|hvals|sort_?|command|config)$/i;

function sortedItems(reply: string): string {
  if (!/^[*~%]/.test(reply)) return reply;
  const head = reply.indexOf('\r\n') + 2;
  const items: string[] = [];
  for (let at = head; at < reply.length; ) {
    const end = replyEnd(reply, at);
    if (end === undefined) break;
    items.push(reply.slice(at, end));
    at = end;
  }
  return reply.slice(0, head) + items.sort().join('');
}

/** Redis 7.0 prints doubles with 17 digits, 7.2 (and the broker) the shortest: compare values. */
function shortDoubles(reply: string): string {
  const shorten = (text: string): string => (/\.\d{10,}|e/.test(text) ? String(Number(text)) : text);
  return reply
    .replace(/^,(-?\d[\d.e+-]*)\r\n/gm, (_, text: string) => `,${shorten(text)}\r\n`)
    .replace(
      /\$\d+\r\n(-?\d[\d.]*(?:e[+-]\d+)?)\r\n/g,
      (_, text: string) => `$${shorten(text).length}\r\n${shorten(text)}\r\n`,
    );
}

export function comparable(args: readonly string[], reply: string): string {
  const name = args[0] ?? '';
  return shortDoubles(UNORDERED.test(name) ? sortedItems(reply) : reply);
}

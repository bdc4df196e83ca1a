/** SUBSCRIBE, PUBLISH and PUBSUB, sharded ones included (one shard). */
import { declareCommands, type Handler } from '../command.ts';
import { compileGlob } from '../glob.ts';
import { MultiReply, PushReply, type Reply, wrongForm } from '../replies.ts';
import type { Session } from '../session.ts';
import { at } from './support.ts';

const TABLE = `
psubscribe | -2 | pubsub noscript loading stale in_subscribe | - | - | - | 2.0.0 | O(N) where N is the number of patterns to subscribe to. | push | Listens for messages published to channels that match one or more patterns.
publish | 3 | pubsub loading stale fast | - | - | - | 2.0.0 | O(N+M) where N is the number of clients subscribed to the receiving channel and M is the total number of subscribed patterns (by any client). | integer | Posts a message to a channel.
pubsub | -2 | - | - | - | - | 2.8.0 | Depends on subcommand. | container | A container for Pub/Sub commands.
pubsub|channels | -2 | pubsub loading stale | - | - | - | 2.8.0 | O(N) where N is the number of active channels, and assuming constant time pattern matching (relatively short channels and patterns) | array | Returns the active channels.
pubsub|help | 2 | loading stale | - | - | - | 6.2.0 | O(1) | array | Returns helpful text about the different subcommands.
pubsub|numpat | 2 | pubsub loading stale | - | - | - | 2.8.0 | O(1) | integer | Returns a count of unique pattern subscriptions.
pubsub|numsub | -2 | pubsub loading stale | - | - | - | 2.8.0 | O(N) for the NUMSUB subcommand, where N is the number of requested channels | array | Returns a count of subscribers to channels.
pubsub|shardchannels | -2 | pubsub loading stale | - | - | - | 7.0.0 | O(N) where N is the number of active shard channels, and assuming constant time pattern matching (relatively short shard channels). | array | Returns the active shard channels.
pubsub|shardnumsub | -2 | pubsub loading stale | - | - | - | 7.0.0 | O(N) for the SHARDNUMSUB subcommand, where N is the number of requested shard channels | array | Returns the count of subscribers of shard channels.
punsubscribe | -1 | pubsub noscript loading stale in_subscribe | - | - | - | 2.0.0 | O(N) where N is the number of patterns to unsubscribe. | push | Stops listening to messages published to channels that match one or more patterns.
spublish | 3 | pubsub loading stale fast | n:1 | - | - | 7.0.0 | O(N) where N is the number of clients subscribed to the receiving shard channel. | integer | Post a message to a shard channel
ssubscribe | -2 | pubsub noscript loading stale in_subscribe | n:1,-1 | - | - | 7.0.0 | O(N) where N is the number of shard channels to subscribe to. | push | Listens for messages published to shard channels.
subscribe | -2 | pubsub noscript loading stale in_subscribe | - | - | - | 2.0.0 | O(N) where N is the number of channels to subscribe to. | push | Listens for messages published to channels.
sunsubscribe | -1 | pubsub noscript loading stale in_subscribe | n:1,-1 | - | - | 7.0.0 | O(N) where N is the number of shard channels to unsubscribe. | push | Stops listening to messages posted to shard channels.
unsubscribe | -1 | pubsub noscript loading stale in_subscribe | - | - | - | 2.0.0 | O(N) where N is the number of channels to unsubscribe. | push | Stops listening to messages posted to channels.
`;

function report(session: Session, kind: string, name: string | null): PushReply {
  const count =
    kind.startsWith('s') && kind !== 'subscribe'
      ? session.shardChannels.size
      : session.channels.size + session.patterns.size;
  return new PushReply([kind, name, count]);
}

const joining =
  (kind: string, join: (session: Session, name: string) => void): Handler =>
  (session, argv) => {
    const out: Reply[] = [];
    for (const name of argv.slice(1)) {
      join(session, name);
      out.push(report(session, kind, name));
    }
    return new MultiReply(out);
  };

const leaving =
  (
    kind: string,
    current: (session: Session) => ReadonlySet<string>,
    leave: (session: Session, name: string) => void,
  ): Handler =>
  (session, argv) => {
    const names = argv.length > 1 ? argv.slice(1) : [...current(session)];
    const out: Reply[] = [];
    for (const name of names) {
      leave(session, name);
      out.push(report(session, kind, name));
    }
    if (names.length === 0) out.push(report(session, kind, null));
    return new MultiReply(out);
  };

const activeChannels = (names: Iterable<string>, argv: readonly string[]): string[] => {
  if (argv.length > 3) throw wrongForm(argv);
  const pattern = argv[2];
  const matches = pattern === undefined ? () => true : compileGlob(pattern);
  return [...names].filter(matches);
};

export const pubsubCommands = declareCommands('pubsub', TABLE, {
  psubscribe: joining('psubscribe', (session, name) => session.engine.pubsub.subscribePattern(session, name)),
  publish: (session, argv) => session.engine.pubsub.publish(at(argv, 1), at(argv, 2)),
  'pubsub|channels': (session, argv) => activeChannels(session.engine.pubsub.channels.keys(), argv),
  'pubsub|numpat': (session) => session.engine.pubsub.patterns.size,
  'pubsub|numsub': (session, argv) =>
    argv.slice(2).flatMap((name) => [name, session.engine.pubsub.channels.get(name)?.size ?? 0]),
  'pubsub|shardchannels': (session, argv) => activeChannels(session.engine.pubsub.shardChannels.keys(), argv),
  'pubsub|shardnumsub': (session, argv) =>
    argv.slice(2).flatMap((name) => [name, session.engine.pubsub.shardChannels.get(name)?.size ?? 0]),
  punsubscribe: leaving(
    'punsubscribe',
    (session) => session.patterns,
    (session, name) => session.engine.pubsub.unsubscribePattern(session, name),
  ),
  spublish: (session, argv) => session.engine.pubsub.publishShard(at(argv, 1), at(argv, 2)),
  ssubscribe: joining('ssubscribe', (session, name) => session.engine.pubsub.subscribeShard(session, name)),
  subscribe: joining('subscribe', (session, name) => session.engine.pubsub.subscribe(session, name)),
  sunsubscribe: leaving(
    'sunsubscribe',
    (session) => session.shardChannels,
    (session, name) => session.engine.pubsub.unsubscribeShard(session, name),
  ),
  unsubscribe: leaving(
    'unsubscribe',
    (session) => session.channels,
    (session, name) => session.engine.pubsub.unsubscribe(session, name),
  ),
});

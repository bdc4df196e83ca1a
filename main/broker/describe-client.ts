/** A client as CLIENT LIST, CLIENT INFO and ACL LOG show it. */
import type { Session } from './session.ts';

/** One line of CLIENT LIST. */
export function describeClient(session: Session): string {
  const { port, engine } = session;
  const now = engine.clock.nowMs();
  const subscribed = session.subscriptions > 0;
  const flags = `${subscribed ? 'P' : ''}${session.queue === undefined ? '' : 'x'}${session.blocked ? 'b' : ''}` || 'N';
  return [
    `id=${session.id}`,
    `addr=${port?.remoteAddress ?? ''}`,
    `laddr=${port?.localAddress ?? ''}`,
    'fd=0',
    `name=${session.name}`,
    `age=${Math.floor((now - session.createdAtMs) / 1000)}`,
    `idle=${Math.floor(Math.max(0, now - session.lastActiveMs) / 1000)}`,
    `flags=${flags}`,
    `db=${session.db.index}`,
    `sub=${session.channels.size}`,
    `psub=${session.patterns.size}`,
    `ssub=${session.shardChannels.size}`,
    `multi=${session.queue?.length ?? -1}`,
    `qbuf=${port?.queryBytes ?? 0}`,
    'qbuf-free=0',
    'argv-mem=0',
    'multi-mem=0',
    'rbs=1024',
    'rbp=0',
    'obl=0',
    'oll=0',
    `omem=${port?.outputBytes ?? 0}`,
    `tot-mem=${(port?.queryBytes ?? 0) + (port?.outputBytes ?? 0)}`,
    'events=r',
    `cmd=${session.lastCommand || 'NULL'}`,
    `user=${session.user.name}`,
    'redir=-1',
    `resp=${session.resp}`,
    `lib-name=${session.libraryName}`,
    `lib-ver=${session.libraryVersion}`,
  ].join(' ');
}

/** Channels and patterns and who listens. It delivers to sessions; the subscribe commands and their replies are elsewhere. */
import { compileGlob } from './glob.ts';
import { PushReply } from './replies.ts';
import type { Session } from './session.ts';

interface PatternListeners {
  readonly matches: (channel: string) => boolean;
  readonly sessions: Set<Session>;
}

export class PubSub {
  readonly channels = new Map<string, Set<Session>>();
  readonly shardChannels = new Map<string, Set<Session>>();
  readonly patterns = new Map<string, PatternListeners>();

  subscribe(session: Session, channel: string): void {
    session.channels.add(channel);
    addTo(this.channels, channel, session);
  }

  unsubscribe(session: Session, channel: string): boolean {
    removeFrom(this.channels, channel, session);
    return session.channels.delete(channel);
  }

  subscribeShard(session: Session, channel: string): void {
    session.shardChannels.add(channel);
    addTo(this.shardChannels, channel, session);
  }

  unsubscribeShard(session: Session, channel: string): boolean {
    removeFrom(this.shardChannels, channel, session);
    return session.shardChannels.delete(channel);
  }

  subscribePattern(session: Session, pattern: string): void {
    session.patterns.add(pattern);
    const known = this.patterns.get(pattern);
    if (known === undefined)
      this.patterns.set(pattern, { matches: compileGlob(pattern), sessions: new Set([session]) });
    else known.sessions.add(session);
  }

  unsubscribePattern(session: Session, pattern: string): boolean {
    const known = this.patterns.get(pattern);
    known?.sessions.delete(session);
    if (known?.sessions.size === 0) this.patterns.delete(pattern);
    return session.patterns.delete(pattern);
  }

  forget(session: Session): void {
    for (const channel of session.channels) this.unsubscribe(session, channel);
    for (const channel of session.shardChannels) this.unsubscribeShard(session, channel);
    for (const pattern of session.patterns) this.unsubscribePattern(session, pattern);
  }

  /** Returns how many received it. */
  publish(channel: string, message: string): number {
    let receivers = 0;
    const direct = this.channels.get(channel);
    if (direct !== undefined) {
      const push = new PushReply(['message', channel, message]);
      for (const session of direct) session.port?.send(push);
      receivers += direct.size;
    }
    for (const [pattern, { matches, sessions }] of this.patterns) {
      if (!matches(channel)) continue;
      const push = new PushReply(['pmessage', pattern, channel, message]);
      for (const session of sessions) session.port?.send(push);
      receivers += sessions.size;
    }
    return receivers;
  }

  publishShard(channel: string, message: string): number {
    const listeners = this.shardChannels.get(channel);
    if (listeners === undefined) return 0;
    const push = new PushReply(['smessage', channel, message]);
    for (const session of listeners) session.port?.send(push);
    return listeners.size;
  }
}

function addTo(map: Map<string, Set<Session>>, channel: string, session: Session): void {
  const sessions = map.get(channel);
  if (sessions === undefined) map.set(channel, new Set([session]));
  else sessions.add(session);
}

function removeFrom(map: Map<string, Set<Session>>, channel: string, session: Session): void {
  const sessions = map.get(channel);
  sessions?.delete(session);
  if (sessions?.size === 0) map.delete(channel);
}

/** What users may do, applied to sessions: refusals with their texts and their note in ACL LOG, and changes of rights. */
import type { User } from './acl.ts';
import type { DenialReason } from './acl-log.ts';
import type { Command } from './command.ts';
import { describeClient } from './describe-client.ts';
import type { Engine } from './engine.ts';
import { ErrorReply, NO_CHANNEL_PERMISSION, NO_KEY_PERMISSION } from './replies.ts';
import type { Session } from './session.ts';

/** Why the caller's user may not do this, noted. @param context where it was asked, in Redis's words: toplevel, multi or lua */
export function denialOf(
  session: Session,
  command: Command,
  argv: readonly string[],
  context: string,
): ErrorReply | undefined {
  const { user, engine } = session;
  const denial = engine.acl.check(user, command, argv);
  if (denial === undefined) return undefined;
  noteDenial(session, denial.reason, denial.object, context, user.name);
  if (denial.reason === 'key') return NO_KEY_PERMISSION;
  if (denial.reason === 'channel') return NO_CHANNEL_PERMISSION;
  return new ErrorReply(`NOPERM User ${user.name} has no permissions to run the '${denial.object}' command`);
}

/** Writes to ACL LOG. */
export function noteDenial(
  session: Session,
  reason: DenialReason,
  object: string,
  context: string,
  username: string,
): void {
  const { engine } = session;
  engine.acl.log.add({ reason, context, object, username, clientInfo: describeClient(session) }, engine.clock.nowMs());
}

/** Creates or changes a user. Listeners who may not hear their channels any more are cut off. @throws ErrorReply on a bad rule */
export function changeUser(engine: Engine, name: string, rules: readonly string[], by?: Session): User {
  const user = engine.acl.setUser(name, rules);
  const mayHear = (isPattern: boolean) => (channel: string) => engine.acl.mayUseChannel(user, channel, isPattern);
  for (const session of engine.sessions.values()) {
    if (session.user !== user || session.subscriptions === 0) continue;
    const channels = [...session.channels, ...session.shardChannels];
    if (channels.every(mayHear(false)) && [...session.patterns].every(mayHear(true))) continue;
    if (session === by) session.port?.closeAfterReplies();
    else session.port?.kill();
  }
  return user;
}

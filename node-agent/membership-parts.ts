/** What every way of becoming a node of a hub needs, and how errors are told apart there. */
import type { Identity } from '../common/identity.ts';
import type { Logger } from '../common/log.ts';
import { MillraceError } from '../contract/errors.ts';
import type { Capability } from '../contract/node.ts';
import type { AgentEvent } from './agent-events.ts';
import type { AgentConfig } from './config.ts';
import type { HubClient } from './hub-client.ts';
import type { HubSearch } from './hub-search.ts';

export interface MembershipParts {
  readonly config: Pick<AgentConfig, 'dataDir' | 'name' | 'hubUrl' | 'asksToJoin'>;
  readonly hub: HubClient;
  readonly search: HubSearch;
  readonly identity: Identity;
  readonly capability: Capability;
  /** Says why it waits; the same reason is said once. */
  readonly tell: (event: AgentEvent) => void;
  readonly logger: Logger;
}

export function isCode(error: unknown, code: MillraceError['code']): boolean {
  return error instanceof MillraceError && error.code === code;
}

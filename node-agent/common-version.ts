/** The version that this node and a hub both speak: ours, or the one before ours with a hub that has not been updated yet. */
import { MillraceError } from '../contract/errors.ts';
import { oldestProtocolVersion, protocolVersion } from '../contract/node.ts';

/**
 * Does something that names our version to the hub, and does it again in the version before when the hub is one behind.
 * @throws MillraceError protocol_unsupported with the hub's sentence when there is no common version
 */
export async function inCommonVersion<T>(work: (protocol: number) => Promise<T>): Promise<T> {
  try {
    return await work(protocolVersion);
  } catch (error) {
    if (!(error instanceof MillraceError) || error.code !== 'protocol_unsupported') throw error;
    const before = protocolVersion - 1;
    // Hubs of the first version do not say what they speak.
    const newest = error.details?.['newest'] ?? before;
    if (newest !== before || before < oldestProtocolVersion) throw error;
    return work(before);
  }
}

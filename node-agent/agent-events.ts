/** What an agent tells the program that runs it; the command prints each as one JSON line. */

export type AgentEvent =
  | {
      /** Joined, connected and pulling. */
      readonly event: 'ready';
      /** Name of this node. */
      readonly node: string;
      readonly nodeId: string;
      /** Where the hub was reached. */
      readonly hub: string;
      readonly hubId: string;
      readonly hubName: string;
    }
  | {
      /** It cannot work yet, and goes on trying. */
      readonly event: 'waiting';
      readonly reason:
        | 'no_hub'
        | 'no_token'
        | 'several_hubs'
        | 'token_invalid'
        | 'not_known'
        | 'cloned'
        | 'hub_unreachable'
        | 'protocol_unsupported'
        | 'refused';
      /** A sentence for people. */
      readonly message: string;
      readonly hub?: string;
    }
  | {
      /** It asked a hub to be let in; people compare the code with what the hub shows. A new code replaces it when time runs out. */
      readonly event: 'pairing';
      /** Six digits. */
      readonly code: string;
      readonly hub: string;
      readonly hubName: string;
      /** A sentence for people. */
      readonly message: string;
    }
  /** The hub sent this node away; it forgot the hub and everything of it. */
  | { readonly event: 'removed'; readonly hub: string };

/** Passes events on, but says each reason to wait only once until something else happened. */
export function sayingOnce(onEvent: (event: AgentEvent) => void): (event: AgentEvent) => void {
  const said = new Set<string>();
  return (event) => {
    if (event.event !== 'waiting') said.clear();
    const key = event.event === 'waiting' ? `${event.reason} ${event.hub ?? ''}` : '';
    if (said.has(key)) return;
    if (event.event === 'waiting') said.add(key);
    onEvent(event);
  };
}

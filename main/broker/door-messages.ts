/** What travels between the broker and its door thread. Both ends are this project's own code in one process. */
import type { MessagePort } from 'node:worker_threads';
import type { ListenOptions } from './listeners.ts';

/** Given to the thread at its start. */
export interface DoorSettings {
  readonly port: MessagePort;
  /** With the ports that the broker really has. */
  readonly listen: ListenOptions;
}

export type ToDoor =
  | { readonly do: 'listen' }
  /** Stops listening; connections stay. */
  | { readonly do: 'go-home' }
  | { readonly do: 'write'; readonly id: number; readonly text: string }
  /** The last bytes were taken: more may come. */
  | { readonly do: 'read'; readonly id: number }
  /** Closes after what was written. */
  | { readonly do: 'destroy-soon'; readonly id: number }
  | { readonly do: 'destroy'; readonly id: number };

export type FromDoor =
  | { readonly event: 'up' }
  | { readonly event: 'listening' }
  | { readonly event: 'failed'; readonly message: string }
  | { readonly event: 'home' }
  | {
      readonly event: 'open';
      readonly id: number;
      readonly isCertified: boolean;
      readonly remoteAddress: string | undefined;
      readonly remotePort: number | undefined;
      readonly localAddress: string | undefined;
      readonly localPort: number | undefined;
    }
  | { readonly event: 'data'; readonly id: number; readonly bytes: Uint8Array }
  | { readonly event: 'written'; readonly id: number; readonly count: number }
  | { readonly event: 'ended'; readonly id: number }
  | { readonly event: 'closed'; readonly id: number };

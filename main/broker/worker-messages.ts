/** What travels between start-broker and its worker thread. Both ends are this project's own code in one process. */
export type ToWorker =
  | { readonly id: number; readonly do: 'stop' }
  | {
      readonly id: number;
      readonly do: 'set-user';
      readonly name: string;
      readonly rules: readonly string[];
      readonly scriptLimitMs: number | undefined;
    }
  | { readonly id: number; readonly do: 'delete-user'; readonly name: string };

export type FromWorker =
  | { readonly event: 'ready'; readonly port: number; readonly tlsPort: number | undefined }
  | { readonly event: 'failed'; readonly message: string }
  | { readonly event: 'done'; readonly id: number; readonly value: number; readonly error?: string }
  /** Told to stop and at it. */
  | { readonly event: 'stopping' }
  | { readonly event: 'shutdown' }
  | {
      readonly event: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly fields: object;
      readonly message: string;
    };

/** Sends files to the hub: one batch a start, three files at a time, with progress, cancel and a second try for what failed. */
import type { Problem } from '../../contract/errors.ts';
import type { Priority, Privacy } from '../../contract/item.ts';
import type { JsonObject } from '../../contract/stage.ts';
import { type HubClient, type HubError, hubErrorOf } from '../hub.ts';
import { type Observable, observable } from '../live/observable.ts';

export interface Order {
  readonly pipeline: string;
  readonly options: JsonObject;
  readonly priority: Priority;
  readonly privacy: Privacy;
}

export interface Refusal {
  readonly name: string;
  readonly problem: Pick<Problem, 'code' | 'detail'>;
}

export interface Unsent {
  readonly file: File;
  readonly error: HubError;
}

/** One start as the user sees it. */
export interface Upload {
  readonly id: string;
  readonly batchId: string | null;
  readonly order: Order;
  readonly state: 'sending' | 'done' | 'cancelled';
  readonly filesTotal: number;
  readonly filesSent: number;
  readonly bytesTotal: number;
  readonly bytesSent: number;
  readonly refused: readonly Refusal[];
  readonly unsent: readonly Unsent[];
}

export interface Uploads {
  readonly list: Observable<readonly Upload[]>;
  /** Resolves when every file was sent, refused or given up; never rejects. */
  start(files: readonly File[], order: Order): Promise<Upload>;
  sendAgain(id: string): void;
  cancel(id: string): void;
  dismiss(id: string): void;
  /** Puts the outcome of an import by path into the same list. */
  note(outcome: { batchId: string | null; accepted: number; refused: readonly Refusal[] }, order: Order): void;
}

const parallel = 3;
/** Tries of one file when the hub does not answer; pauses in between grow from half a second. */
const tries = 4;
const publishEveryMs = 120;

interface Sending {
  view: Upload;
  readonly abort: AbortController;
  /** Bytes of files on their way. */
  readonly underway: Map<File, number>;
  bytesOfSent: number;
}

export function createUploads(client: HubClient): Uploads {
  const list = observable<readonly Upload[]>([]);
  const sendings = new Map<string, Sending>();
  let publishing: ReturnType<typeof setTimeout> | null = null;

  const publishNow = () => {
    if (publishing !== null) clearTimeout(publishing);
    publishing = null;
    list.set(
      [...sendings.values()].map((sending) => {
        const underway = [...sending.underway.values()].reduce((sum, bytes) => sum + bytes, 0);
        return { ...sending.view, bytesSent: Math.min(sending.view.bytesTotal, sending.bytesOfSent + underway) };
      }),
    );
  };
  const publishSoon = () => {
    publishing ??= setTimeout(publishNow, publishEveryMs);
  };
  const change = (sending: Sending, next: Partial<Upload>) => {
    sending.view = { ...sending.view, ...next };
    publishSoon();
  };

  const sendOne = async (sending: Sending, batchId: string, file: File): Promise<void> => {
    const idempotencyKey = crypto.randomUUID();
    for (let attempt = 1; ; attempt += 1) {
      try {
        const answer = await client.upload(
          'addFileToBatch',
          { params: { id: batchId }, query: { name: file.name } },
          {
            file,
            signal: sending.abort.signal,
            idempotencyKey,
            onProgress: (bytes) => {
              sending.underway.set(file, bytes);
              publishSoon();
            },
          },
        );
        const refused = answer.files.filter((each) => 'problem' in each);
        change(sending, { filesSent: sending.view.filesSent + 1, refused: [...sending.view.refused, ...refused] });
        return;
      } catch (thrown) {
        if (sending.abort.signal.aborted) return;
        const error = hubErrorOf(thrown);
        if (error.problem !== null && error.code.startsWith('input_')) {
          const refusal = { name: file.name, problem: error.problem };
          change(sending, { filesSent: sending.view.filesSent + 1, refused: [...sending.view.refused, refusal] });
          return;
        }
        if (!['hub_unreachable', 'not_ready', 'too_many_requests'].includes(error.code) || attempt === tries)
          throw error;
        await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** attempt));
      } finally {
        sending.underway.delete(file);
        publishSoon();
      }
    }
  };

  const sendAll = async (sending: Sending, files: readonly File[]): Promise<Upload> => {
    const queue = [...files];
    try {
      const batchId =
        sending.view.batchId ??
        (await client.call('createBatch', { body: { ...sending.view.order }, idempotencyKey: crypto.randomUUID() })).id;
      change(sending, { batchId });
      const worker = async () => {
        for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
          if (sending.abort.signal.aborted) return;
          const current = file;
          await sendOne(sending, batchId, current).catch((thrown) =>
            change(sending, { unsent: [...sending.view.unsent, { file: current, error: hubErrorOf(thrown) }] }),
          );
          sending.bytesOfSent += current.size;
        }
      };
      await Promise.all(Array.from({ length: parallel }, worker));
    } catch (thrown) {
      const error = hubErrorOf(thrown);
      change(sending, { unsent: queue.map((file) => ({ file, error })) });
    }
    change(sending, { state: sending.abort.signal.aborted ? 'cancelled' : 'done' });
    publishNow();
    return sending.view;
  };

  const begin = (id: string, files: readonly File[], order: Order, batchId: string | null): Promise<Upload> => {
    const bytesTotal = files.reduce((sum, file) => sum + file.size, 0);
    const view: Upload = {
      id,
      batchId,
      order,
      state: 'sending',
      filesTotal: files.length,
      filesSent: 0,
      bytesTotal,
      bytesSent: 0,
      refused: [],
      unsent: [],
    };
    const sending: Sending = { view, abort: new AbortController(), underway: new Map(), bytesOfSent: 0 };
    sendings.set(id, sending);
    publishNow();
    return sendAll(sending, files);
  };

  return {
    list,
    start: (files, order) => begin(crypto.randomUUID(), files, order, null),
    sendAgain(id) {
      const before = sendings.get(id)?.view;
      if (before === undefined || before.state === 'sending') return;
      void begin(
        id,
        before.unsent.map((each) => each.file),
        before.order,
        before.batchId,
      );
    },
    cancel(id) {
      sendings.get(id)?.abort.abort();
    },
    dismiss(id) {
      sendings.delete(id);
      publishNow();
    },
    note(outcome, order) {
      const total = outcome.accepted + outcome.refused.length;
      const view: Upload = {
        id: crypto.randomUUID(),
        batchId: outcome.batchId,
        order,
        state: 'done',
        filesTotal: total,
        filesSent: total,
        bytesTotal: 0,
        bytesSent: 0,
        refused: outcome.refused,
        unsent: [],
      };
      sendings.set(view.id, { view, abort: new AbortController(), underway: new Map(), bytesOfSent: 0 });
      publishNow();
    },
  };
}

/** One child process that makes previews one by one: started when needed, killed when it hangs, gone when idle. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Logger } from '../../../common/log.ts';
import { MillraceError } from '../../../contract/errors.ts';
import { type PreviewOrder, previewAnswerSchema } from './preview-protocol.ts';

export interface PreviewProcess {
  /** One at a time. @throws MillraceError input_* for what the picture is to blame, also when it kills or stalls the process */
  make(order: Omit<PreviewOrder, 'id'>): Promise<void>;
  stop(): void;
}

export interface PreviewProcessOptions {
  /** The Node to run; under Electron not its own binary. */
  readonly execPath?: string;
  /** The worker's file. */
  readonly script?: string;
  /** For one picture, ms. */
  readonly timeLimitMs?: number;
  readonly logger: Logger;
}

const idleMs = 60_000;
const ownScript = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './preview-worker.ts' : './preview-worker.js', import.meta.url),
);

interface Running {
  readonly id: number;
  settle(error: Error | null): void;
}

export function createPreviewProcess(options: PreviewProcessOptions): PreviewProcess {
  const { execPath = process.execPath, script = ownScript, timeLimitMs = 15_000, logger } = options;
  let child: ChildProcess | undefined;
  let running: Running | undefined;
  let idle: NodeJS.Timeout | undefined;
  let lastId = 0;

  const onMessage = (message: unknown): void => {
    const answer = previewAnswerSchema.safeParse(message);
    if (!answer.success || answer.data.id !== running?.id) return;
    running.settle(answer.data.ok ? null : new MillraceError(answer.data.code, answer.data.message));
  };
  const begin = (): ChildProcess => {
    const started = fork(script, [], { execPath, execArgv: [], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    // Does not keep the hub from ending.
    started.unref();
    started.channel?.unref();
    started.on('message', onMessage);
    const onEnd = (reason: unknown): void => {
      if (child !== started) return;
      child = undefined;
      running?.settle(new MillraceError('input_damaged', 'The preview’s process died over this picture.'));
      logger.warn({ reason }, 'the preview process ended');
    };
    started.once('error', onEnd);
    started.once('exit', (code, signal) => onEnd(signal ?? code));
    return started;
  };
  const end = (): void => {
    const ending = child;
    child = undefined;
    ending?.kill('SIGKILL');
  };

  return {
    make(order) {
      clearTimeout(idle);
      return new Promise((resolve, reject) => {
        const id = ++lastId;
        const timer = setTimeout(() => {
          end();
          running?.settle(new MillraceError('input_damaged', `No preview within ${timeLimitMs} ms.`, { timeLimitMs }));
        }, timeLimitMs);
        running = {
          id,
          settle(error) {
            clearTimeout(timer);
            running = undefined;
            idle = setTimeout(end, idleMs);
            idle.unref();
            if (error) reject(error);
            else resolve();
          },
        };
        child ??= begin();
        child.send({ ...order, id } satisfies PreviewOrder, (error) => {
          if (error && running?.id === id) running.settle(error);
        });
      });
    },
    stop() {
      clearTimeout(idle);
      end();
      running?.settle(new MillraceError('not_ready', 'The hub is stopping.'));
      clearTimeout(idle);
    },
  };
}

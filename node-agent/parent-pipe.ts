/** The pipe between a hub and the node-agent that it started: the agent's configuration comes over it, and its end says that the hub is gone. */
import type { Readable } from 'node:stream';
import { type ParentConfig, parentConfigSchema } from '../contract/node.ts';

const maxLineBytes = 16_384;

export interface ParentPipe {
  readonly config: ParentConfig;
  /** Resolves when the hub has ended, in order or by `kill -9`. */
  readonly gone: Promise<void>;
}

/**
 * Reads the configuration; for a process with `MILLRACE_PARENT_PIPE=1`.
 * @param input the process's stdin
 * @throws Error when the hub ends first, when nothing comes within `limitMs`, or when it is no configuration
 */
export function openParentPipe(input: Readable, limitMs = 10_000): Promise<ParentPipe> {
  let end = (): void => {};
  const gone = new Promise<void>((resolve) => {
    end = resolve;
  });
  // Whatever ends the pipe: end of file, a reset, or the stream's own close.
  for (const event of ['end', 'close', 'error']) input.once(event, () => end());
  return new Promise((resolve, reject) => {
    let text = '';
    const fail = (why: string): void => {
      clearTimeout(timer);
      input.off('data', onData);
      reject(new Error(`No configuration came from the hub: ${why}`));
    };
    const timer = setTimeout(() => fail(`nothing for ${limitMs} ms.`), limitMs);
    const onData = (chunk: Buffer | string): void => {
      text += chunk.toString();
      const lineEnd = text.indexOf('\n');
      if (lineEnd < 0) {
        if (text.length > maxLineBytes) fail('a line without an end.');
        return;
      }
      clearTimeout(timer);
      input.off('data', onData);
      // Without a reader the end would never be seen.
      input.resume();
      try {
        resolve({ config: parentConfigSchema.parse(JSON.parse(text.slice(0, lineEnd))), gone });
      } catch (error) {
        reject(new Error('The hub’s configuration was not understood.', { cause: error }));
      }
    };
    input.on('data', onData);
    void gone.then(() => fail('it ended.'));
  });
}

/** A stage process whose stages do what their first input's text says: `{"do": "copy"}`. What a stage may do wrong is all here. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { MillraceError } from '../../../contract/errors.ts';
import { heartbeatMinIntervalMs } from '../../../contract/node.ts';
import { stageDefinition } from '../../../contract/stages/index.ts';
import { serveStages } from '../../../node-agent/runtime/serve-stages.ts';
import type { StageContext, StageOutcome } from '../../../node-agent/stages/stage-implementation.ts';

const orderSchema = z.object({ do: z.string(), text: z.string().default('') });
const summary = { width: 1, height: 1, frames: 1, logoBox: [0, 0, 1, 1], format: 'png' };
const forever = new Promise<never>(() => setInterval(() => {}, 1_000));

async function copy(scratchDir: string, text: string): Promise<StageOutcome> {
  const path = join(scratchDir, 'out.txt');
  writeFileSync(path, `made of ${text}`);
  return { outputs: [{ role: 'watermarked', path, mediaType: 'text/plain', extension: '.txt' }], summary };
}

const acts: Record<string, (context: StageContext, text: string) => Promise<StageOutcome>> = {
  copy: ({ scratchDir }, text) => copy(scratchDir, text),
  async large({ scratchDir }, text) {
    const path = join(scratchDir, 'out.bin');
    writeFileSync(path, Buffer.alloc(5_000_000, text));
    return { outputs: [{ role: 'watermarked', path, mediaType: 'application/octet-stream' }], summary };
  },
  crash: async () => process.abort(),
  exit: async () => process.exit(3),
  hang: async () => await forever,
  async hangInLoop() {
    for (;;);
  },
  async hog() {
    const kept: Buffer[] = [];
    for (let at = 0; at < 60; at++) {
      kept.push(Buffer.alloc(20_000_000, 1));
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    return await forever;
  },
  async heap() {
    const kept: unknown[] = [];
    for (;;) kept.push(Array.from({ length: 10_000 }, (_, at) => ({ at })));
  },
  async note() {
    process.stderr.write('the decoder saw a ghost\n');
    await new Promise((resolve) => setTimeout(resolve, 50));
    process.abort();
  },
  async damaged() {
    throw new MillraceError('input_damaged', 'not a picture', { at: 7 });
  },
  async bug() {
    throw new TypeError('x is not a function');
  },
  async progress({ progress, scratchDir }, text) {
    progress({ done: 1, total: 4, unit: 'parts' });
    await new Promise((resolve) => setTimeout(resolve, 150));
    return await copy(scratchDir, text);
  },
  /** Long enough for a heartbeat to tell of its progress. */
  async long({ progress, scratchDir }, text) {
    progress({ done: 1, total: 4, unit: 'parts' });
    await new Promise((resolve) => setTimeout(resolve, 3 * heartbeatMinIntervalMs));
    return await copy(scratchDir, text);
  },
  outside: async () => ({
    outputs: [{ role: 'watermarked', path: '/etc/hostname', mediaType: 'text/plain' }],
    summary,
  }),
  nonsense: async () => ({ outputs: [], summary: { text: 'x'.repeat(2_000) } }),
  wrongSummary: async () => ({ outputs: [], summary: { text: 'x' } }),
  async tell() {
    const facts = { pid: process.pid, secret: process.env['MILLRACE_TOKEN'] ?? null, nice: priority() };
    return { outputs: [], summary: facts };
  },
};

/** From the system itself. */
function priority(): number {
  const stat = readFileSync('/proc/self/stat', 'latin1');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
}

serveStages(async (kind) =>
  kind === 'missing'
    ? undefined
    : {
        kind,
        engine: () => {
          if (kind === 'broken') throw new Error('no codec');
          return 'test 1';
        },
        check: async () => ({ ...stageDefinition(kind)?.knownAnswer?.facts }),
        async run(context) {
          const order = orderSchema.parse(JSON.parse(readFileSync(context.inputs[0]?.path ?? '', 'utf8')));
          const act = acts[order.do];
          if (!act) throw new Error(`no act ${order.do}`);
          return await act(context, order.text);
        },
      },
);

/** The known-answer check of `upload-final`: a small file to a target of its own on loopback, which looks whether it came whole. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { MillraceError } from '../../contract/errors.ts';
import { uploadFinalSummarySchema } from '../../contract/stages/upload-final.ts';
import type { CheckContext, LocalInput, StageContext, StageOutcome } from './stage-implementation.ts';

const fileBytes = 4_096;

/** @param run does the work of a unit */
export async function checkUpload(
  { scratchDir, signal }: CheckContext,
  run: (context: StageContext) => Promise<StageOutcome>,
): Promise<Record<string, number>> {
  const bytes = randomBytes(fileBytes);
  const path = join(scratchDir, 'file.bin');
  await writeFile(path, bytes);
  let received = Buffer.alloc(0);
  const target = createServer(async (request, response) => {
    for await (const chunk of request) received = Buffer.concat([received, chunk]);
    response.end('{}');
  });
  await once(target.listen(0, '127.0.0.1'), 'listening');
  try {
    const address = target.address();
    if (address === null || typeof address === 'string') throw new MillraceError('target_unreachable');
    const options = {
      targetUrl: `http://127.0.0.1:${address.port}/`,
      workerName: 'check',
      fileName: 'file.bin',
      idempotencyKey: 'check',
    };
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const file: LocalInput = {
      role: 'file',
      path,
      sha256,
      sizeBytes: fileBytes,
      mediaType: 'application/octet-stream',
    };
    const outcome = await run({ options, inputs: [file], scratchDir, signal, progress: () => {}, hub: null });
    const { status } = uploadFinalSummarySchema.parse(outcome.summary);
    return { status, intact: received.includes(bytes) ? 1 : 0 };
  } finally {
    target.close();
    target.closeAllConnections();
  }
}

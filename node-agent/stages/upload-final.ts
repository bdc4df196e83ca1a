/**
 * Stage `upload-final`: posts a finished picture to the central store as a form, to an address of the owner's or to the hub itself.
 * One try, within one time limit; when to try again is the hub's affair.
 */
import { constants, openAsBlob } from 'node:fs';
import { access } from 'node:fs/promises';
import { isIP } from 'node:net';
import { Agent, type Dispatcher, FormData, request } from 'undici';
import { z } from 'zod';
import { guardedLookup, isLinkLocal } from '../../common/outbound-addresses.ts';
import { pinnedDispatcher } from '../../common/pinned-dispatcher.ts';
import { WrongPeerError } from '../../common/pinned-tls.ts';
import { MillraceError } from '../../contract/errors.ts';
import { uploadFinalOptionsSchema, uploadTimeoutMs } from '../../contract/stages/upload-final.ts';
import type { HubAccess, LocalInput, StageContext, StageImplementation, StageOutcome } from './stage-implementation.ts';
import { checkUpload } from './upload-final-check.ts';

type UploadOptions = z.output<typeof uploadFinalOptionsSchema>;

/** Of an answer, so much is read and, of a refusal, so much is told. */
const maxAnswerBytes = 65_536;
const toldCharacters = 300;

interface Target {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly dispatcher: Agent;
}

const isLoopback = (hostname: string): boolean => {
  const host = hostname.replace(/^\[|\]$/g, '');
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
};

/** The hub's own door: pinned, or plain http when it is on this machine. */
function hubTarget(hub: HubAccess | null, timeoutMs: number): Target {
  if (hub === null)
    throw new MillraceError('stage_invalid_payload', 'The hub is the target, but how to reach it is not known.');
  const url = new URL('/upload-final', hub.baseUrl);
  const headers = { authorization: `Bearer ${hub.bearer}` };
  if (hub.pin !== null) {
    const { pin, keyPem, certificatePem } = hub;
    return { url, headers, dispatcher: pinnedDispatcher({ pin, identity: { keyPem, certificatePem }, timeoutMs }) };
  }
  if (!isLoopback(url.hostname)) {
    throw new MillraceError(
      'stage_invalid_payload',
      'The hub is on another machine and has no pin; nothing is sent in the clear.',
    );
  }
  return { url, headers, dispatcher: new Agent({ connectTimeout: timeoutMs }) };
}

function linkLocalTarget({ origin }: URL): MillraceError {
  return new MillraceError('target_refused', 'This is an address of the link itself; nothing is sent there.', {
    target: origin,
  });
}

/** An address of the owner's. A name and password in it go as basic authentication. */
function ownerTarget(address: string, timeoutMs: number): Target {
  const url = new URL(address);
  if (isLinkLocal(url.hostname)) throw linkLocalTarget(url);
  const { username, password } = url;
  const secret = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64');
  url.username = '';
  url.password = '';
  return {
    url,
    headers: username === '' && password === '' ? {} : { authorization: `Basic ${secret}` },
    dispatcher: new Agent({
      connect: {
        timeout: timeoutMs,
        lookup: guardedLookup(
          (one) => !isLinkLocal(one),
          () => linkLocalTarget(url),
        ),
      },
    }),
  };
}

/** At most so many bytes of an answer, as text; the rest is not waited for. */
async function answerText(body: Dispatcher.ResponseData['body']): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    const part = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    parts.push(part);
    bytes += part.length;
    if (bytes >= maxAnswerBytes) break;
  }
  return Buffer.concat(parts).subarray(0, maxAnswerBytes).toString('utf8');
}

/** As the hub's own door answers. */
const storedSchema = z.object({ stored_as: z.string().max(300) });

function storedName(text: string): string | undefined {
  try {
    return storedSchema.safeParse(JSON.parse(text)).data?.stored_as;
  } catch {
    return undefined;
  }
}

/** Answers are told on one line, without control characters. */
const told = (text: string): string =>
  text
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, toldCharacters);

function targetError(thrown: unknown, target: URL, timedOut: boolean): unknown {
  if (thrown instanceof MillraceError) return thrown;
  if (thrown instanceof Error && thrown.cause instanceof MillraceError) return thrown.cause;
  const details = { target: target.origin };
  if (timedOut) return new MillraceError('target_timeout', undefined, details, thrown);
  if (thrown instanceof WrongPeerError) return new MillraceError('hub_identity_changed', undefined, details, thrown);
  if (!(thrown instanceof Error)) return thrown;
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;
  // A wrong argument is our bug, and a file that cannot be read on is ours, too. All else that a request throws is the network.
  if (code === 'UND_ERR_INVALID_ARG' || thrown.name === 'NotReadableError') return thrown;
  return new MillraceError(
    'target_unreachable',
    undefined,
    { ...details, reason: code ?? told(thrown.message) },
    thrown,
  );
}

async function post(
  target: Target,
  form: FormData,
  idempotencyKey: string,
  signal: AbortSignal,
): Promise<StageOutcome> {
  const { statusCode, body } = await request(target.url, {
    method: 'POST',
    dispatcher: target.dispatcher,
    body: form,
    headers: { ...target.headers, 'idempotency-key': idempotencyKey, accept: 'application/json, */*;q=0.1' },
    signal,
    // The signal alone bounds the time, from the first byte to the last.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const text = await answerText(body);
  if (statusCode < 200 || statusCode > 299) {
    const answer = told(text);
    const message = `The target answered ${statusCode}${answer === '' ? '' : `: ${answer}`}`;
    throw new MillraceError('target_refused', message, { target: target.url.origin, status: statusCode, answer });
  }
  const storedAs = storedName(text);
  return { outputs: [], summary: { status: statusCode, ...(storedAs !== undefined && { storedAs }) } };
}

/** The file is streamed from the disk; the form's length is known beforehand. */
async function formOf(options: UploadOptions, file: LocalInput): Promise<FormData> {
  const form = new FormData();
  // First, so that a target that reads in order knows it before the bytes.
  form.append('worker_name', options.workerName);
  // Says what is wrong with a file that cannot be opened, which a blob does not.
  await access(file.path, constants.R_OK);
  form.append('file', await openAsBlob(file.path, { type: file.mediaType }), options.fileName);
  return form;
}

async function run(context: StageContext, timeoutMs: number): Promise<StageOutcome> {
  const options: UploadOptions = uploadFinalOptionsSchema.parse(context.options);
  const file = context.inputs.find((input) => input.role === 'file');
  if (file === undefined) throw new MillraceError('stage_invalid_payload', 'The input "file" is missing.');
  const form = await formOf(options, file);
  const target =
    options.targetUrl === null ? hubTarget(context.hub, timeoutMs) : ownerTarget(options.targetUrl, timeoutMs);
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    return await post(target, form, options.idempotencyKey, AbortSignal.any([context.signal, timeout]));
  } catch (thrown) {
    context.signal.throwIfAborted();
    throw targetError(thrown, target.url, timeout.aborted);
  } finally {
    await target.dispatcher.destroy();
  }
}

/** @param timeoutMs for the whole try: connecting, sending and the answer */
export function createUploadStage(timeoutMs: number): StageImplementation {
  return {
    kind: 'upload-final',
    needsHub: true,
    engine: () => `undici 8 / node ${process.versions.node}`,
    run: (context) => run(context, timeoutMs),
    check: (context) => checkUpload(context, (unit) => run(unit, timeoutMs)),
  };
}

export const implementation = createUploadStage(uploadTimeoutMs);

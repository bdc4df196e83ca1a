/**
 * The UI load harness: serves the built window and answers the API from its schemas with generated data, so that the window can
 * be looked at and loaded (64 lanes, 10 000 waiting). It is no hub; flows are tested against the real one.
 */
import { createReadStream, existsSync, readdirSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { extname, join, normalize } from 'node:path';
import sharp from 'sharp';
import { z } from 'zod';
import { apiBase, type OperationName, operations } from '../../../contract/hub-api.ts';
import type { Operation } from '../../../contract/operations/operation.ts';
import { shaOf } from './load-data.ts';
import { createLoadFarm, type LoadFarm, type LoadShape } from './load-farm.ts';

/** What the hub sends with the window; the window has to live with it. */
export const windowCsp =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export interface LoadHarness {
  readonly url: string;
  readonly token: string;
  readonly farm: LoadFarm;
  /** False cuts the event streams and refuses new ones. */
  answersEvents(yes: boolean): void;
  close(): Promise<void>;
}

interface HarnessOptions extends LoadShape {
  readonly dist: string;
  readonly tickMs: number;
  /** Photos to show instead of drawn pictures. */
  readonly photos?: string;
  readonly port?: number;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
  '.jpg': 'image/jpeg',
  '.png': 'image/png',
};

interface Asked {
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly request: IncomingMessage;
}
type Answer = (asked: Asked) => Promise<unknown> | unknown;

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}

function answersOf(farm: LoadFarm): Partial<Record<OperationName, Answer>> {
  const batch = {
    id: '01950004-0000-7000-8000-000000000000',
    pipeline: 'watermark',
    priority: 'normal',
    privacy: 'any',
    paused: false,
    name: '',
    etaMs: { low: 40_000, high: 95_000 },
    createdAt: new Date().toISOString(),
  };
  const batchNow = () => ({ ...batch, counts: { ...farm.farm().counts, cancelled: 0 } });
  const accepted = async ({ request, query }: Asked) => {
    const bytes = await bodyOf(request);
    const name = query.get('name') ?? 'file';
    const problem = {
      type: 'about:blank',
      title: 'x',
      status: 422,
      detail: 'x',
      hint: 'x',
      code: bytes.length === 0 ? 'input_empty' : 'input_not_media',
    };
    const bad = bytes.length === 0 || !/\.(jpe?g|png|webp|avif|tiff?|gif)$/i.test(name);
    return { files: [bad ? { name, problem } : { name, ...farm.addFile(name, bytes.length) }] };
  };
  return {
    getFarm: () => farm.farm(),
    listNodes: () => ({ rows: farm.farm().nodes }),
    getSettings: () => farm.settings,
    getBroker: () => ({ kind: 'embedded', address: null, server: null, reachable: true, notices: [] }),
    updateSettings: async ({ request }) => Object.assign(farm.settings, JSON.parse((await bodyOf(request)).toString())),
    createMediaTicket: () => ({ ticket: 'generated-ticket', expiresAt: new Date(Date.now() + 600_000).toISOString() }),
    createJoinToken: () => ({
      token: `mrt1.generated.${shaOf('pin')}.0123456789abcdef.c2VjcmV0c2VjcmV0c2VjcmV0`,
      expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
      uses: 1,
    }),
    listPairingRequests: () => ({ rows: farm.pairing, turnedAway: 0 }),
    listApiTokens: () => ({ rows: [] }),
    listBatches: () => ({ rows: [batchNow()], nextCursor: null, total: 1 }),
    createBatch: () => batchNow(),
    addFileToBatch: accepted,
    listPipelines: () => ({ rows: [{ name: 'watermark', accepts: ['image'], options: {} }] }),
    listItems: ({ query }) => {
      const all = farm.items({ state: query.get('state') ?? undefined, text: query.get('text') ?? undefined });
      const from = Number(query.get('cursor') ?? 0);
      const limit = Number(query.get('limit') ?? 100);
      const rows = all
        .slice(from, from + limit)
        .map(({ item, job }) => ({ ...item, jobState: job.state, thumbnail: item.sha256 }));
      return { rows, nextCursor: from + limit < all.length ? String(from + limit) : null, total: all.length };
    },
    getItem: ({ params }) => {
      const work = farm.work(params['id'] ?? '');
      return work && { ...work.item, jobs: [work.job], artifacts: farm.artifacts(work) };
    },
    getJob: ({ params }) => {
      const work = farm.workOfJob(params['id'] ?? '');
      return work && farm.detail(work);
    },
    retryJob: ({ params }) => farm.retry(params['id'] ?? ''),
    putLooseBlob: async ({ request }) => ({
      sha256: shaOf('logo'),
      sizeBytes: (await bodyOf(request)).length,
      mediaType: 'image/png',
    }),
  };
}

/** Serves until closed. The window is at `url`, its token in the address behind `#token=`. */
export async function startLoadHarness(options: HarnessOptions): Promise<LoadHarness> {
  const farm = createLoadFarm(options);
  const answers = answersOf(farm);
  const listeners = new Set<ServerResponse>();
  const token = 'generated-token-of-the-load-harness';
  const photos = options.photos === undefined ? [] : photosIn(options.photos);
  const drawn = await drawPictures();
  let eventId = 1;
  let eventsOpen = true;

  const ticking = setInterval(() => {
    const text = farm
      .tick(Date.now())
      .map(({ name, data }) => {
        eventId += 1;
        return `id: ${eventId}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
      })
      .join('');
    if (text !== '') for (const listener of listeners) listener.write(text);
  }, options.tickMs);

  const stream = (response: ServerResponse) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    response.write(': hello\n\n');
    listeners.add(response);
    response.on('close', () => listeners.delete(response));
  };

  const handleApi = async (request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> => {
    const path = url.pathname.slice(apiBase.length);
    const picture = /^\/blobs\/([0-9a-f]{64})/.exec(path)?.[1];
    if (picture !== undefined) return sendPicture(response, picture, photos, drawn);
    if (request.headers.authorization !== `Bearer ${token}`) return sendProblem(response, 401, 'unauthorized');
    if (path === '/events') return eventsOpen ? stream(response) : sendProblem(response, 503, 'not_ready');
    for (const [name, operation] of Object.entries(operations) as [OperationName, Operation][]) {
      const params = operation.method === request.method ? matchPath(operation.path, path) : null;
      const answer = answers[name];
      if (params === null || answer === undefined) continue;
      const value = await answer({ params, query: url.searchParams, request });
      if (value === undefined) return sendProblem(response, 404, 'not_found');
      const checked = operation.response instanceof z.ZodType ? operation.response.parse(value) : value;
      response.writeHead(operation.status, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(checked));
      return;
    }
    sendProblem(response, 404, 'not_found');
  };

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://harness');
    const handled = url.pathname.startsWith(apiBase)
      ? handleApi(request, response, url)
      : Promise.resolve(sendFile(response, options.dist, url.pathname));
    handled.catch((error: unknown) => {
      if (!response.headersSent) sendProblem(response, 500, 'internal', String(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const address = z.object({ port: z.int() }).parse(server.address());
  return {
    url: `http://127.0.0.1:${address.port}/`,
    token,
    farm,
    answersEvents(yes) {
      eventsOpen = yes;
      if (!yes) for (const listener of listeners) listener.destroy();
    },
    async close() {
      clearInterval(ticking);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function matchPath(pattern: string, path: string): Record<string, string> | null {
  const names = [...pattern.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '');
  const regex = new RegExp(`^${pattern.replace(/\{\w+\}/g, '([^/:]+)')}$`);
  const match = regex.exec(path);
  return match === null ? null : Object.fromEntries(names.map((name, index) => [name, match[index + 1] ?? '']));
}

function sendProblem(response: ServerResponse, status: number, code: string, detail = code): void {
  response.writeHead(status, { 'Content-Type': 'application/problem+json' });
  response.end(JSON.stringify({ type: 'about:blank', title: code, status, detail, code, hint: code }));
}

function sendFile(response: ServerResponse, dist: string, pathname: string): void {
  const path = join(dist, normalize(pathname === '/' ? '/index.html' : pathname));
  if (!path.startsWith(dist) || !existsSync(path) || !statSync(path).isFile()) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, {
    'Content-Type': types[extname(path)] ?? 'application/octet-stream',
    'Content-Security-Policy': windowCsp,
  });
  createReadStream(path).pipe(response);
}

const photosIn = (folder: string): readonly string[] =>
  readdirSync(folder)
    .filter((name) => /\.(jpg|png)$/.test(name))
    .map((name) => join(folder, name));

const drawnCount = 24;

/** Landscapes in as many colours, as WebP like the hub's own small pictures: a browser decodes them beside its main thread. */
function drawPictures(): Promise<readonly Buffer[]> {
  const drawing = (index: number) => {
    const hue = (index * 360) / drawnCount;
    const peak = 90 + ((index * 37) % 80);
    return `<svg xmlns="http://www.w3.org/2000/svg" width="400" height="300"><rect width="400" height="300" fill="hsl(${hue},45%,72%)"/><path d="M0 220 L120 ${peak} L230 210 L320 130 L400 200 V300 H0z" fill="hsl(${(hue + 40) % 360},35%,42%)"/></svg>`;
  };
  return Promise.all(
    Array.from({ length: drawnCount }, (_, index) =>
      sharp(Buffer.from(drawing(index)))
        .webp()
        .toBuffer(),
    ),
  );
}

/** A photo, or a drawn landscape; which one follows from the digest. */
function sendPicture(
  response: ServerResponse,
  sha256: string,
  photos: readonly string[],
  drawn: readonly Buffer[],
): void {
  const seed = Number.parseInt(sha256.slice(0, 6), 16);
  const photo = photos[seed % Math.max(1, photos.length)];
  if (photo !== undefined) {
    response.writeHead(200, { 'Content-Type': types[extname(photo)] ?? 'image/jpeg', 'Cache-Control': 'max-age=60' });
    createReadStream(photo).pipe(response);
    return;
  }
  response.writeHead(200, { 'Content-Type': 'image/webp', 'Cache-Control': 'max-age=60' });
  response.end(drawn[seed % drawn.length]);
}

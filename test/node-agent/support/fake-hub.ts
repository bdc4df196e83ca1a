/** The routes of a hub that a node calls, over real HTTP, with what tests need to see and to break. Not a hub: it decides nothing. */
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type ErrorCode, errorRow } from '../../../contract/errors.ts';
import {
  type BrokerAccess,
  type Goodbye,
  goodbyeSchema,
  type Heartbeat,
  type HelloRequest,
  heartbeatSchema,
  helloRequestSchema,
  type JoinRequest,
  joinRequestSchema,
} from '../../../contract/node.ts';
import { type StageResult, stageResultSchema } from '../../../contract/stage.ts';

export const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

/** How the next download goes wrong. */
export interface DownloadFault {
  /** Ends the connection after so many bytes of this answer. */
  readonly cutAfter?: number;
  /** Changes the byte at this place of the blob. */
  readonly flipAt?: number;
}

export interface FakeHub {
  readonly id: string;
  url: string;
  readonly blobs: Map<string, Buffer>;
  /** Unfinished uploads. */
  readonly partials: Map<string, Buffer>;
  /** Results in the order of their coming, accepted ones only. */
  readonly results: { attemptId: string; result: StageResult }[];
  readonly beats: Heartbeat[];
  readonly hellos: HelloRequest[];
  readonly goodbyes: Goodbye[];
  readonly joins: JoinRequest[];
  readonly ranges: (string | undefined)[];
  readonly faults: DownloadFault[];
  /** `<METHOD> <path pattern>` → answers this error instead, until removed. */
  readonly refusals: Map<string, ErrorCode>;
  /** Uploads are cut after so many bytes, once each. */
  readonly uploadCuts: number[];
  broker: BrokerAccess;
  drop: string[];
  /** Kinds whose check the next heartbeat asks for. */
  check: string[];
  wantHello: boolean;
  /** The only version of the protocol that it takes; null: any. */
  protocol: number | null;
  nodeId: string;
  secret: string;
  /** Closes the port and every connection. */
  goAway(): Promise<void>;
  /** Opens it again, on the same port unless told. */
  comeBack(port?: number): Promise<void>;
  stop(): Promise<void>;
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function answer(response: ServerResponse, status: number, value: unknown, type = 'application/json'): void {
  response.writeHead(status, { 'content-type': type }).end(JSON.stringify(value));
}

function refuse(response: ServerResponse, code: ErrorCode): void {
  const { status, title, hint } = errorRow(code);
  answer(
    response,
    status,
    { type: 'about:blank', title, status, detail: title, code, hint },
    'application/problem+json',
  );
}

function serveBlob(hub: FakeHub, digest: string, request: IncomingMessage, response: ServerResponse): void {
  const blob = hub.blobs.get(digest);
  hub.ranges.push(request.headers.range);
  if (!blob) {
    refuse(response, 'not_found');
    return;
  }
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const fault = hub.faults.shift();
  const bytes = Buffer.from(blob.subarray(start));
  if (fault?.flipAt !== undefined) bytes[fault.flipAt - start] = (bytes[fault.flipAt - start] ?? 0) ^ 1;
  response.writeHead(start > 0 ? 206 : 200, { 'content-length': bytes.length });
  if (fault?.cutAfter === undefined) response.end(bytes);
  else response.write(bytes.subarray(0, fault.cutAfter), () => response.socket?.destroy());
}

async function takeBlob(hub: FakeHub, digest: string, request: IncomingMessage, response: ServerResponse) {
  const offset = Number(request.headers['upload-offset'] ?? 0);
  if (hub.blobs.has(digest)) {
    request.resume();
    return answer(response, 200, { sha256: digest, sizeBytes: hub.blobs.get(digest)?.length });
  }
  const before = hub.partials.get(digest) ?? Buffer.alloc(0);
  if (offset !== before.length) {
    request.resume();
    return refuse(response, 'upload_offset_mismatch');
  }
  const cut = hub.uploadCuts.shift();
  let bytes = before;
  for await (const chunk of request) {
    bytes = Buffer.concat([bytes, chunk]);
    hub.partials.set(digest, bytes);
    if (cut !== undefined && bytes.length - before.length >= cut) {
      request.socket.destroy();
      return;
    }
  }
  hub.partials.delete(digest);
  if (sha256(bytes) !== digest) return refuse(response, 'input_digest_mismatch');
  hub.blobs.set(digest, bytes);
  answer(response, 201, { sha256: digest, sizeBytes: bytes.length });
}

const speaks = (hub: FakeHub, protocol: number | undefined): boolean =>
  hub.protocol === null || hub.protocol === protocol;

function uploadState(hub: FakeHub, digest: string) {
  const whole = hub.blobs.get(digest);
  if (whole) return { complete: true, offset: whole.length };
  return { complete: false, offset: hub.partials.get(digest)?.length ?? 0 };
}

async function respond(hub: FakeHub, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = decodeURIComponent(request.url ?? '');
  const [route, id = ''] = matchRoute(`${request.method} ${path}`);
  const refusal = hub.refusals.get(route);
  if (refusal) {
    request.resume();
    return refuse(response, refusal);
  }
  const isPublic = route === 'join' || route === 'none';
  if (!isPublic && request.headers.authorization !== `Bearer mrn1.${hub.nodeId}.${hub.secret}`)
    return refuse(response, 'node_unknown');
  const { broker, id: hubId } = hub;
  switch (route) {
    case 'getBlob':
      return serveBlob(hub, id, request, response);
    case 'putBlob':
      return await takeBlob(hub, id, request, response);
    case 'uploadOffset':
      return answer(response, 200, uploadState(hub, id));
    case 'join':
      hub.joins.push(joinRequestSchema.parse(JSON.parse((await readAll(request)).toString())));
      if (!speaks(hub, hub.joins.at(-1)?.protocol)) return refuse(response, 'protocol_unsupported');
      return answer(response, 201, { nodeId: hub.nodeId, secret: hub.secret, hubId, hubName: 'fake', broker });
    case 'hello':
      hub.hellos.push(helloRequestSchema.parse(JSON.parse((await readAll(request)).toString())));
      if (!speaks(hub, hub.hellos.at(-1)?.protocol)) return refuse(response, 'protocol_unsupported');
      hub.wantHello = false;
      return answer(response, 200, { hubId, hubName: 'fake', broker, drop: hub.drop });
    case 'heartbeat': {
      hub.beats.push(heartbeatSchema.parse(JSON.parse((await readAll(request)).toString())));
      const check = hub.check;
      hub.check = [];
      return answer(response, 200, { drop: hub.drop, hello: hub.wantHello, check });
    }
    case 'goodbye':
      hub.goodbyes.push(goodbyeSchema.parse(JSON.parse((await readAll(request)).toString())));
      response.writeHead(204).end();
      return;
    case 'result': {
      const result = stageResultSchema.parse(JSON.parse((await readAll(request)).toString()));
      const isWhole = result.outcome === 'failed' || result.outputs.every((output) => hub.blobs.has(output.sha256));
      if (!isWhole) return refuse(response, 'blob_unavailable');
      hub.results.push({ attemptId: id, result });
      return answer(response, 202, { recorded: true });
    }
    default:
      return refuse(response, 'not_found');
  }
}

const routes: readonly [string, RegExp][] = [
  ['getBlob', /^GET \/api\/v1\/blobs\/([0-9a-f]{64})$/],
  ['putBlob', /^PUT \/api\/v1\/blobs\/([0-9a-f]{64})$/],
  ['uploadOffset', /^GET \/api\/v1\/blobs\/([0-9a-f]{64})\/upload$/],
  ['join', /^POST \/api\/v1\/nodes:join$/],
  ['hello', /^POST \/api\/v1\/nodes\/([0-9a-f-]{36}):hello$/],
  ['heartbeat', /^POST \/api\/v1\/nodes\/([0-9a-f-]{36})\/heartbeat$/],
  ['goodbye', /^POST \/api\/v1\/nodes\/([0-9a-f-]{36}):goodbye$/],
  ['result', /^POST \/api\/v1\/attempts\/([^/]+)\/result$/],
];

function matchRoute(line: string): [string, string | undefined] {
  for (const [name, pattern] of routes) {
    const match = pattern.exec(line);
    if (match) return [name, match[1]];
  }
  return ['none', undefined];
}

const noBroker: BrokerAccess = { port: 1, tls: false, url: null, username: null, password: null, prefix: 'mr:test' };

/** Starts it on a free loopback port. */
export async function startFakeHub(broker: BrokerAccess = noBroker): Promise<FakeHub> {
  const sockets = new Set<Socket>();
  let server: Server;
  const open = async (port: number): Promise<void> => {
    server = createServer((request, response) => {
      respond(hub, request, response).catch(() => response.destroy());
    });
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => sockets.delete(socket));
    });
    await once(server.listen(port, '127.0.0.1'), 'listening');
    hub.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const goAway = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    if (!server.listening) return;
    server.close();
    await once(server, 'close');
  };
  const hub: FakeHub = {
    id: randomUUID(),
    url: '',
    blobs: new Map(),
    partials: new Map(),
    results: [],
    beats: [],
    hellos: [],
    goodbyes: [],
    joins: [],
    ranges: [],
    faults: [],
    refusals: new Map(),
    uploadCuts: [],
    broker,
    drop: [],
    check: [],
    wantHello: false,
    protocol: null,
    nodeId: randomUUID(),
    secret: 'a-secret-of-enough-length',
    goAway,
    comeBack: (port) => open(port ?? Number(new URL(hub.url).port)),
    stop: goAway,
  };
  await open(0);
  return hub;
}

/** A join token of this hub, with a pin that plain http never proves. */
export function tokenOf(hub: FakeHub): string {
  return `mrt1.${hub.id}.${'ab'.repeat(32)}.${'0'.repeat(16)}.${'s'.repeat(43)}`;
}

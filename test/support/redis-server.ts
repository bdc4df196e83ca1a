/** Debian's redis-server on a free port: the reference that tests compare with and stand on. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createServerCertificate } from './tls-authority.ts';

export const redisServerPath = '/usr/bin/redis-server';
export const hasRedisServer = existsSync(redisServerPath);

export async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export interface RedisServer {
  readonly port: number;
  /** `kill -9`, and waits for its end. */
  stop(): Promise<void>;
}

export interface RedisServerOptions {
  /** The port of a server that ran before; a free one unless given. */
  readonly port?: number;
  /** Arguments of redis-server; without persistence unless they say otherwise. */
  readonly args?: readonly string[];
}

async function launch(args: readonly string[]): Promise<() => Promise<void>> {
  const child: ChildProcess = spawn(redisServerPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  if (child.stdout === null) throw new Error('redis-server has no output');
  let text = '';
  for await (const line of createInterface({ input: child.stdout })) {
    text += `${line}\n`;
    if (line.includes('Ready to accept connections')) break;
  }
  if (child.exitCode !== null) throw new Error(`redis-server ended: ${text}`);
  child.stdout.resume();
  return async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
}

const plainArgs = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', tmpdir()];

/** Starts it and waits until it takes connections. */
export async function startRedisServer(options: RedisServerOptions = {}): Promise<RedisServer> {
  const port = options.port ?? (await freePort());
  return { port, stop: await launch(['--port', String(port), ...plainArgs, ...(options.args ?? [])]) };
}

/** The same with TLS alone on its port, signed by an authority of its own. `authorityFile` is its PEM, for clients. */
export async function startTlsRedisServer(
  args: readonly string[] = [],
): Promise<RedisServer & { readonly authorityFile: string; readonly authorityPem: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'mr-redis-tls-'));
  const { authorityPem, certificatePem, keyPem } = await createServerCertificate();
  const [authorityFile, certificateFile, keyFile] = ['ca.pem', 'server.pem', 'server.key'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  await writeFile(authorityFile, authorityPem);
  await writeFile(certificateFile, certificatePem);
  await writeFile(keyFile, keyPem);
  const port = await freePort();
  const tls = ['--tls-port', String(port), '--tls-cert-file', certificateFile, '--tls-key-file', keyFile];
  const stop = await launch([
    ...['--port', '0', ...tls, '--tls-ca-cert-file', authorityFile, '--tls-auth-clients', 'no'],
    ...[...plainArgs, ...args],
  ]);
  return {
    port,
    authorityFile,
    authorityPem,
    stop: async () => {
      await stop();
      await rm(folder, { recursive: true });
    },
  };
}

/**
 * TLS 1.3 between machines that know each other by their keys: both sides show a certificate, both compare the pin of its key,
 * at every connection, without session resumption and without looking at dates. Owns no policy: who may do what is the caller's.
 */
import { constants } from 'node:crypto';
import { isIP } from 'node:net';
import { connect, type TLSSocket, type TlsOptions } from 'node:tls';
import type { Identity } from './identity.ts';
import { pinOfKey, samePin } from './pins.ts';

export interface PinnedTarget {
  readonly host: string;
  readonly port: number;
  /** Pin that the peer's key must have. */
  readonly pin: string;
  /** Shown to the peer. */
  readonly identity: Pick<Identity, 'keyPem' | 'certificatePem'>;
  /** For name look-up, connecting and handshake together, ms. */
  readonly timeoutMs?: number;
}

/** The peer proved another key than the expected one. Nothing was sent to it. */
export class WrongPeerError extends Error {
  readonly code = 'ERR_WRONG_PEER';
  /** The pin that the peer has; null when it showed no certificate. */
  readonly actualPin: string | null;

  constructor(host: string, port: number, actualPin: string | null) {
    super(`${host}:${port} has another key than the one that was pinned.`);
    this.name = 'WrongPeerError';
    this.actualPin = actualPin;
  }
}

/**
 * For servers: the pin of the key that the client proved in this connection's handshake, or null: no certificate, no TLS 1.3, or
 * a resumed session (which proves nothing about the key). Clients need not ask: {@link connectPinned} has, and Node hands the
 * certificate out to a client only once.
 */
export function peerPin(socket: TLSSocket): string | null {
  if (socket.getProtocol() !== 'TLSv1.3' || socket.isSessionReused()) return null;
  const certificate = socket.getPeerX509Certificate();
  return certificate === undefined ? null : pinOfKey(certificate.publicKey);
}

/**
 * Options for `tls.createServer`, `https.createServer` and fastify's `https`. Every client is asked for a certificate and none is
 * refused by it: whoever serves must look at {@link peerPin} at each connection. No tickets and no session cache: nothing resumes.
 */
export function serverTlsOptions(identity: Pick<Identity, 'keyPem' | 'certificatePem'>): TlsOptions {
  return {
    key: identity.keyPem,
    cert: identity.certificatePem,
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.3',
    secureOptions: constants.SSL_OP_NO_TICKET,
    handshakeTimeout: 10_000,
  };
}

/**
 * Connects, shows our certificate and checks the peer's key before anything is written.
 * @throws WrongPeerError when the peer's key is another one
 * @throws Error with the system's code (`ECONNREFUSED` …), or `ETIMEDOUT` after `timeoutMs` (5 s by default)
 */
export function connectPinned(target: PinnedTarget): Promise<TLSSocket> {
  const { host, port, pin, identity, timeoutMs = 5_000 } = target;
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port,
      key: identity.keyPem,
      cert: identity.certificatePem,
      minVersion: 'TLSv1.3',
      // The pin is the check; authorities, names and dates say nothing about a machine on a home network. Without authorities
      // Node never looks at the peer's certificate before we do, and it hands it out to a client only once.
      rejectUnauthorized: false,
      ca: [],
      secureOptions: constants.SSL_OP_NO_TICKET,
      // An IP address is no server name; without this Node would warn at each connection.
      ...(isIP(host) === 0 && { servername: host }),
    });
    const settle = (error: Error | null): void => {
      clearTimeout(timer);
      socket.off('error', onError);
      socket.off('close', onClose);
      if (error === null) {
        resolve(socket);
        return;
      }
      // The socket may still report its end; nobody is there to hear it.
      socket.on('error', () => {});
      socket.destroy();
      reject(error);
    };
    const onError = (error: Error): void => settle(error);
    const onClose = (): void => settle(withCode(`${host}:${port} closed the connection.`, 'ECONNRESET'));
    const timer = setTimeout(
      () => settle(withCode(`${host}:${port} did not answer within ${timeoutMs} ms.`, 'ETIMEDOUT')),
      timeoutMs,
    );
    socket.once('error', onError);
    socket.once('close', onClose);
    socket.once('secureConnect', () => {
      const actualPin = peerPin(socket);
      settle(actualPin !== null && samePin(actualPin, pin) ? null : new WrongPeerError(host, port, actualPin));
    });
  });
}

/**
 * The pin of whoever answers there, believed by nobody yet: for a machine that asks to join and lets people compare a code over it.
 * @throws Error as {@link connectPinned} does, but never for the key
 */
export async function readPin(target: Omit<PinnedTarget, 'pin'>): Promise<string> {
  try {
    const socket = await connectPinned({ ...target, pin: '' });
    socket.destroy();
  } catch (error) {
    if (error instanceof WrongPeerError && error.actualPin !== null) return error.actualPin;
    throw error;
  }
  throw new Error(`${target.host}:${target.port} has no key.`);
}

function withCode(message: string, code: string): Error {
  return Object.assign(new Error(message), { code });
}

/**
 * Who may come in: Host and Origin of every request, then the caller's token against what the route asks for. Owns no routes.
 */
import type { IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';
import { MillraceError } from '../../../contract/errors.ts';
import type { Scope } from '../../../contract/operations/operation.ts';
import type { DoorKeeper, OpenDoor } from './doors.ts';
import { type Caller, isLoopbackDoor } from './handlers.ts';
import type { MediaTickets } from './media-tickets.ts';
import type { Authenticator } from './parts.ts';

/** What a route asks of its callers. */
export interface Access {
  readonly scope: Scope;
  /** Nobody is asked who they are on the loopback doors (endpoints of the older systems, health, the window's files). */
  readonly openOnLoopback?: boolean;
  /** The window's files, which hold no secret: a browser needs them to ask for the token. */
  readonly page?: boolean;
  /** Nodes may call it, too; the handler judges further. */
  readonly nodes?: boolean;
  /** A media ticket will do. */
  readonly ticket?: boolean;
  /** Served on the ports of the older systems. */
  readonly legacy?: boolean;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls; set before any handler runs. */
    caller: Caller | null;
  }
  interface FastifyContextConfig {
    access?: Access;
    /** Name of the operation, for the description. */
    operation?: string;
  }
}

export interface GuardParts {
  readonly doors: DoorKeeper;
  readonly auth: Authenticator;
  readonly tickets: MediaTickets;
}

const loopbackNames = new Set(['localhost', '127.0.0.1', '[::1]']);

function forbidden(detail: string): MillraceError {
  return new MillraceError('forbidden', detail);
}

/** A name that a stranger's DNS points at this machine must not reach the loopback doors. */
function checkHost(raw: IncomingMessage, door: OpenDoor): void {
  // Elsewhere nothing opens without a key or a token that no other site's page can send.
  if (!isLoopbackDoor(door.kind)) return;
  const match = /^(.+?)(?::(\d+))?$/.exec(raw.headers.host ?? '');
  const port = match?.[2] === undefined ? 80 : Number(match[2]);
  if (!loopbackNames.has(match?.[1]?.toLowerCase() ?? '') || port !== door.port)
    throw forbidden('This address is not one of the hub’s own.');
}

/** Requests that another site's page sends from the user's browser. Other programs send neither header. */
function checkOrigin(raw: IncomingMessage, door: OpenDoor): void {
  const { origin } = raw.headers;
  const own = `${isLoopbackDoor(door.kind) ? 'http' : 'https'}://${raw.headers.host ?? ''}`;
  if (origin !== undefined && origin.toLowerCase() !== own.toLowerCase())
    throw forbidden('The request came from another site.');
  const site = raw.headers['sec-fetch-site'];
  const foreign = site === 'cross-site' || site === 'same-site';
  const opensPage = raw.headers['sec-fetch-mode'] === 'navigate' && raw.method === 'GET';
  if (foreign && !opensPage) throw forbidden('The request came from another site.');
}

const implied: Readonly<Record<string, readonly Scope[]>> = {
  read: ['read', 'submit', 'admin'],
  submit: ['submit', 'admin'],
  admin: ['admin'],
};

/** True when the caller's scopes cover the one asked for: `admin` covers `submit`, which covers `read`. */
export function covers(caller: Caller, scope: Scope): boolean {
  if (scope === 'public') return true;
  if (scope === 'node') return caller.kind === 'node';
  return implied[scope]?.some((one) => caller.scopes.includes(one)) === true;
}

/** The token of `Authorization: Bearer …`, or null. */
function bearerOf(raw: IncomingMessage): string | null {
  return /^bearer ([\x21-\x7e]{1,4096})$/i.exec(raw.headers.authorization ?? '')?.[1] ?? null;
}

/** The caller, and why its token was refused, if it was: that matters only where a token is needed. */
function callerOf(
  raw: IncomingMessage,
  door: OpenDoor,
  parts: GuardParts,
): { readonly caller: Caller; readonly refusal: MillraceError | null } {
  const bearer = bearerOf(raw);
  const peerPin = parts.doors.pinOf(raw);
  const base = { door: door.kind, peerPin, remoteAddress: raw.socket.remoteAddress ?? '' };
  const anonymous: Caller = { kind: 'anonymous', scopes: [], nodeId: null, ...base };
  if (bearer === null) return { caller: anonymous, refusal: null };
  try {
    const known = parts.auth.authenticate({ bearer, peerPin, door: door.kind });
    if (!known) return { caller: anonymous, refusal: null };
    const { holder, ...who } = known;
    if (holder !== null) parts.doors.noteHolder(holder, raw.socket);
    return { caller: { ...who, ...base }, refusal: null };
  } catch (error) {
    if (error instanceof MillraceError) return { caller: anonymous, refusal: error };
    throw error;
  }
}

function mayEnter(request: FastifyRequest, caller: Caller, access: Access, tickets: MediaTickets): boolean {
  if (covers(caller, access.scope)) return true;
  if (access.nodes && caller.kind === 'node') return true;
  if (access.openOnLoopback && isLoopbackDoor(caller.door)) return true;
  if (access.page && caller.door === 'web') return true;
  if (!access.ticket) return false;
  const ticket = new URLSearchParams(request.raw.url?.split('?')[1]).get('ticket');
  return ticket !== null && tickets.isValid(ticket);
}

/** The check of every request, before its body is read. Sets `request.caller`. */
export function createGuard(parts: GuardParts): (request: FastifyRequest) => Promise<void> {
  return async (request) => {
    const door = parts.doors.doorOf(request.raw);
    checkHost(request.raw, door);
    checkOrigin(request.raw, door);
    if (request.is404) return;
    // A route that says nothing is the admin's.
    const access = request.routeOptions.config.access ?? { scope: 'admin' };
    if (door.kind === 'legacy' && !access.legacy) throw new MillraceError('not_found');
    const { caller, refusal } = callerOf(request.raw, door, parts);
    if (!mayEnter(request, caller, access, parts.tickets))
      throw refusal ?? new MillraceError(caller.kind === 'anonymous' ? 'unauthorized' : 'forbidden');
    request.caller = caller;
  };
}

/** The caller of a request that passed the guard. */
export function callerFrom(request: FastifyRequest): Caller {
  if (!request.caller) throw new Error('a handler ran before the guard');
  return request.caller;
}

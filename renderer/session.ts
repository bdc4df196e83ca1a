/** Finds the window's session: from the desktop shell, from `#token=…` in the address, or from this tab's storage. */
import { z } from 'zod';
import { type ShellApi, shellSessionSchema } from '../contract/shell-api.ts';

export interface Session {
  /** Origin of the hub, without a slash at the end. */
  readonly baseUrl: string;
  readonly token: string;
}

const storageKey = 'millrace.token';
const tokenSchema = z
  .string()
  .trim()
  .min(8)
  .max(500)
  .regex(/^[\w.~+/=-]+$/);

/** The token of `#token=…`, and the address without it. */
function tokenOfHash(hash: string): string | null {
  const value = new URLSearchParams(hash.replace(/^#\/?/, '')).get('token');
  const parsed = tokenSchema.safeParse(value);
  return parsed.success ? parsed.data : null;
}

/** The session to open, or null when somebody has to give a token. A token in the address leaves it at once. */
export async function findSession(shell: ShellApi | null): Promise<Session | null> {
  if (shell !== null) {
    const given = shellSessionSchema.parse(await shell.session());
    return { baseUrl: given.url.replace(/\/$/, ''), token: given.token };
  }
  const fromAddress = tokenOfHash(location.hash);
  if (fromAddress !== null) {
    sessionStorage.setItem(storageKey, fromAddress);
    history.replaceState(null, '', `${location.pathname}${location.search}#/`);
  }
  const stored = tokenSchema.safeParse(sessionStorage.getItem(storageKey));
  return stored.success ? { baseUrl: location.origin, token: stored.data } : null;
}

/** Keeps a pasted token (or a whole pasted address that carries one) for this tab; null when it cannot be one. */
export function sessionOfPaste(text: string): Session | null {
  const fromAddress = text.includes('#') ? tokenOfHash(text.slice(text.indexOf('#'))) : null;
  const parsed = tokenSchema.safeParse(fromAddress ?? text);
  if (!parsed.success) return null;
  return { baseUrl: location.origin, token: parsed.data };
}

export function keepSession(session: Session): void {
  sessionStorage.setItem(storageKey, session.token);
}

export function forgetSession(): void {
  sessionStorage.removeItem(storageKey);
}

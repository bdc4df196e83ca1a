/** Short-lived tickets by which pages show pictures: elements like <img> send no headers, and a token never goes into an address. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

export interface MediaTickets {
  create(): { readonly ticket: string; readonly expiresMs: number };
  isValid(ticket: string): boolean;
}

/** Time that a ticket is good for, ms. Pages ask for the next one after ten minutes. */
const lifeMs = 20 * 60_000;

/** The key is this process's own: a restart ends all tickets. @param nowMs wall-clock time */
export function createMediaTickets(nowMs: () => number): MediaTickets {
  const key = randomBytes(32);
  const macOf = (expires: string): Buffer => createHmac('sha256', key).update(`media.${expires}`).digest();
  return {
    create() {
      const expiresMs = nowMs() + lifeMs;
      const expires = expiresMs.toString(36);
      return { ticket: `mt1.${expires}.${macOf(expires).toString('base64url')}`, expiresMs };
    },
    isValid(ticket) {
      const match = /^mt1\.([0-9a-z]{1,12})\.([A-Za-z0-9_-]{43})$/.exec(ticket);
      const [, expires, mac] = match ?? [];
      if (expires === undefined || mac === undefined) return false;
      const given = Buffer.from(mac, 'base64url');
      const wanted = macOf(expires);
      if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return false;
      return Number.parseInt(expires, 36) > nowMs();
    },
  };
}

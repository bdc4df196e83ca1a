/** Conditions and ranges of RFC 9110 for things whose ETag is their digest: what to answer, as a pure function. */
import type { IncomingHttpHeaders } from 'node:http';

export type RangeAnswer =
  | { readonly status: 200; readonly start: 0; readonly end: number }
  | { readonly status: 206; readonly start: number; readonly end: number }
  | { readonly status: 304 }
  | { readonly status: 416 };

const lists = (header: string, etag: string): boolean =>
  header.trim() === '*' || header.split(',').some((one) => one.trim().replace(/^W\//, '') === etag);

/**
 * @param etag strong, with its quotes
 * @returns first and last byte, both included (`end` is −1 for nothing at all). Several ranges, other units and broken headers
 * are answered with everything, as the RFC allows.
 */
export function answerRange(headers: IncomingHttpHeaders, etag: string, sizeBytes: number): RangeAnswer {
  const unless = headers['if-none-match'];
  if (unless !== undefined && lists(unless, etag)) return { status: 304 };
  const everything = { status: 200, start: 0, end: sizeBytes - 1 } as const;
  const ifRange = headers['if-range'];
  if (ifRange !== undefined && String(ifRange).trim() !== etag) return everything;
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(headers.range?.replaceAll(' ', '') ?? '');
  const [, first = '', last = ''] = match ?? [];
  if (first === '' && last === '') return everything;
  if (first === '') {
    const count = Math.min(Number(last), sizeBytes);
    return count === 0 ? { status: 416 } : { status: 206, start: sizeBytes - count, end: sizeBytes - 1 };
  }
  const start = Number(first);
  const end = last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1);
  if (last !== '' && Number(last) < start) return everything;
  return start >= sizeBytes ? { status: 416 } : { status: 206, start, end };
}

/** `Content-Disposition` with the name for old readers and, after RFC 8187, for all others. */
export function contentDisposition(kind: 'inline' | 'attachment', name: string | undefined): string {
  if (name === undefined) return kind;
  const plain = name
    .toWellFormed()
    .normalize('NFC')
    .replace(/[\p{Cc}/\\]/gu, '_');
  const ascii = plain.replace(/[^ -~]|["%]/g, '_');
  const encoded = encodeURIComponent(plain).replace(
    /['()*]/g,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `${kind}; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}

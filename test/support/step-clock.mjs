/**
 * Loaded into a process before everything else (NODE_OPTIONS=--import): its wall clock is off by the milliseconds that the file
 * MILLRACE_TEST_CLOCK says, read again at most every 50 ms. Monotonic time stays. What a real step of the clock does to a process.
 */
import { readFileSync } from 'node:fs';

const path = process.env.MILLRACE_TEST_CLOCK ?? '';
const RealDate = Date;
let offsetMs = 0;
let readAtMs = Number.NEGATIVE_INFINITY;

function offset() {
  const nowMs = performance.now();
  if (nowMs - readAtMs < 50) return offsetMs;
  readAtMs = nowMs;
  try {
    offsetMs = Number(readFileSync(path, 'utf8')) || 0;
  } catch {
    offsetMs = 0;
  }
  return offsetMs;
}

globalThis.Date = class extends RealDate {
  constructor(...parts) {
    if (parts.length === 0) super(RealDate.now() + offset());
    else super(...parts);
  }
  static now() {
    return RealDate.now() + offset();
  }
};

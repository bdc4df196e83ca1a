/** SSE: frames from the event log to everybody who listens, each tick's frames in one write; who reads too slowly is reset. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { EventLog } from '../events.ts';

export interface EventStreams {
  /** Takes the response over until its end. @param lastId of the last event that the reader has, or null: from now on */
  open(request: IncomingMessage, response: ServerResponse, lastId: number | null): void;
  /** Ends all streams. */
  close(): void;
}

const heartbeatMs = 15_000;
/** A reader with so much unread is cut off; it comes back with Last-Event-ID, and reads again or gets `reset`. */
const maxUnreadBytes = 1 << 20;

const resetFrame = (id: number): string => `id: ${id}\nevent: reset\ndata: {}\n\n`;

export function createEventStreams(events: EventLog): EventStreams {
  const readers = new Set<ServerResponse>();
  let waiting: string[] = [];
  let scheduled: NodeJS.Immediate | undefined;

  const sendAll = (text: string): void => {
    const bytes = Buffer.from(text);
    for (const reader of readers) {
      if (reader.writableLength > maxUnreadBytes) reader.destroy();
      else reader.write(bytes);
    }
  };
  const flush = (): void => {
    clearImmediate(scheduled);
    scheduled = undefined;
    if (waiting.length === 0) return;
    const text = waiting.join('');
    waiting = [];
    sendAll(text);
  };
  const unsubscribe = events.subscribe(({ frame }) => {
    if (readers.size === 0) return;
    waiting.push(frame);
    scheduled ??= setImmediate(flush);
  });
  const heartbeat = setInterval(() => sendAll(':\n\n'), heartbeatMs);
  heartbeat.unref();

  return {
    open(request, response, lastId) {
      // What waits belongs to the readers before this one, which gets it from the log.
      flush();
      const missed = lastId === null ? [] : events.since(lastId);
      const now = events.lastId();
      response.writeHead(200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
        'x-content-type-options': 'nosniff',
      });
      const begin = missed === null ? resetFrame(now) : missed.map((entry) => entry.frame).join('');
      // A frame without data sets the reader's last id, so that a cut before the first event loses nothing.
      response.write(`retry: 2000\n${lastId === null ? `id: ${now}\n` : ''}\n${begin}`);
      request.socket.setNoDelay(true);
      readers.add(response);
      response.once('close', () => readers.delete(response));
      response.once('error', () => response.destroy());
    },
    close() {
      unsubscribe();
      clearInterval(heartbeat);
      clearImmediate(scheduled);
      for (const reader of readers) reader.end();
      readers.clear();
    },
  };
}

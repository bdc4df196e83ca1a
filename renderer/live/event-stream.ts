/** Reads the hub's events (SSE over fetch, so that the token stays in a header): replays after a gap, reconnects by itself. */
import { type HubEvent, hubEventSchemas } from '../../contract/hub-events.ts';
import type { HubClient } from '../hub.ts';

export type ConnectionState = 'connecting' | 'live' | 'away';

export interface StreamedEvent {
  readonly id: number;
  readonly event: HubEvent;
}

export interface EventStreamHandlers {
  onEvent(event: StreamedEvent): void;
  onState(state: ConnectionState): void;
  /** A new connection is up; after a gap without replay a `reset` event follows. */
  onOpen(): void;
}

/** Not heard of for so long (the hub sends a comment every 15 s): the connection is taken for dead. */
const silenceMs = 40_000;
const firstRetryMs = 500;
const longestRetryMs = 10_000;

/** One SSE frame as an event, or null for comments, unknown names and payloads that do not fit. */
export function parseFrame(frame: string): StreamedEvent | null {
  let id = 0;
  let name = '';
  const data: string[] = [];
  for (const line of frame.split('\n')) {
    if (line.startsWith('id:')) id = Number(line.slice(3).trim());
    else if (line.startsWith('event:')) name = line.slice(6).trim();
    else if (line.startsWith('data:')) data.push(line.slice(5).trimStart());
  }
  const event = eventOf(name, data.join('\n'));
  return event === null ? null : { id: Number.isSafeInteger(id) ? id : 0, event };
}

function eventOf(name: string, text: string): HubEvent | null {
  if (!isEventName(name)) return null;
  try {
    const value: unknown = JSON.parse(text === '' ? '{}' : text);
    const parsed = hubEventSchemas[name].safeParse(value);
    // Name and payload come from the same row of the table, which the compiler cannot follow.
    return parsed.success ? ({ name, data: parsed.data } as HubEvent) : null;
  } catch {
    return null;
  }
}

const isEventName = (name: string): name is HubEvent['name'] => Object.hasOwn(hubEventSchemas, name);

/** Hands out each whole frame of the stream until it ends. */
async function readFrames(response: Response, onFrame: (frame: string) => void, heard: () => void): Promise<void> {
  if (response.body === null) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    heard();
    rest = (rest + value).replaceAll('\r\n', '\n');
    const frames = rest.split('\n\n');
    rest = frames.pop() ?? '';
    for (const frame of frames) if (!frame.startsWith(':')) onFrame(frame);
  }
}

/** Begins to listen; the returned function stops it. */
export function listenToEvents(client: HubClient, handlers: EventStreamHandlers): () => void {
  const stop = new AbortController();
  let lastId = 0;

  const connectOnce = async (): Promise<void> => {
    const connection = new AbortController();
    const signal = AbortSignal.any([stop.signal, connection.signal]);
    let silence = setTimeout(() => connection.abort(), silenceMs);
    const heard = () => {
      clearTimeout(silence);
      silence = setTimeout(() => connection.abort(), silenceMs);
    };
    try {
      const headers: Record<string, string> = { Accept: 'text/event-stream' };
      if (lastId > 0) headers['Last-Event-ID'] = String(lastId);
      const response = await client.open('/events', headers, signal);
      handlers.onState('live');
      handlers.onOpen();
      const onFrame = (frame: string) => {
        const parsed = parseFrame(frame);
        if (parsed === null) return;
        if (parsed.id > 0) lastId = parsed.id;
        handlers.onEvent(parsed);
      };
      await readFrames(response, onFrame, heard);
    } finally {
      clearTimeout(silence);
    }
  };

  const run = async (): Promise<void> => {
    let retryMs = firstRetryMs;
    handlers.onState('connecting');
    while (!stop.signal.aborted) {
      const begunAt = performance.now();
      await connectOnce().catch(() => undefined);
      if (stop.signal.aborted) return;
      handlers.onState('away');
      if (performance.now() - begunAt > 5_000) retryMs = firstRetryMs;
      await pause(retryMs * (0.75 + Math.random() / 2), stop.signal);
      retryMs = Math.min(longestRetryMs, retryMs * 2);
    }
  };
  void run();
  return () => stop.abort();
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

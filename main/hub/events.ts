/** The hub's event log: numbers events, serialises each once as an SSE frame, keeps the latest for replay, tells listeners. */
import type { HubEvent } from '../../contract/hub-events.ts';

export interface EventEntry {
  readonly id: number;
  /** The whole SSE frame, made once for all clients. */
  readonly frame: string;
}

export interface EventLog {
  emit(event: HubEvent): void;
  /** Entries after `lastId`, oldest first; null when some of them are gone, or the id is from the future (another run). */
  since(lastId: number): readonly EventEntry[] | null;
  /** @returns a function that ends the subscription */
  subscribe(listener: (entry: EventEntry) => void): () => void;
  lastId(): number;
}

/**
 * @param firstId number of the first event; growing over restarts (wall-clock seconds × 1000), so that an id of an earlier run
 * is recognised as gone instead of matching another event
 * @param capacity entries kept for replay
 */
export function createEventLog(firstId: number, capacity = 10_000): EventLog {
  const ring: EventEntry[] = [];
  const listeners = new Set<(entry: EventEntry) => void>();
  let nextId = firstId;
  let head = 0;

  return {
    emit(event) {
      const id = nextId++;
      const entry = { id, frame: `id: ${id}\nevent: ${event.name}\ndata: ${JSON.stringify(event.data)}\n\n` };
      if (ring.length < capacity) ring.push(entry);
      else {
        ring[head] = entry;
        head = (head + 1) % capacity;
      }
      for (const listener of listeners) listener(entry);
    },
    since(lastId) {
      const oldest = nextId - ring.length;
      if (lastId >= nextId || lastId < oldest - 1) return null;
      const missed = nextId - 1 - lastId;
      const entries = [...ring.slice(head), ...ring.slice(0, head)];
      return missed === 0 ? [] : entries.slice(-missed);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    lastId: () => nextId - 1,
  };
}

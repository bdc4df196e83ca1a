/** Makes folder entries durable, sharing one fsync among everybody who asks for the same folder at the same time. */
import { syncFolder } from '../../../common/files.ts';

interface Turn {
  running: Promise<void>;
  next: Promise<void> | null;
}

/** @returns a function that resolves when every entry that the folder has at the call is on disk */
export function createFolderSync(): (folder: string) => Promise<void> {
  const turns = new Map<string, Turn>();
  const begin = (folder: string): Turn => {
    const turn: Turn = { running: Promise.resolve(), next: null };
    turns.set(folder, turn);
    turn.running = syncFolder(folder).finally(() => {
      if (turns.get(folder) === turn) turns.delete(folder);
    });
    return turn;
  };
  return (folder) => {
    const turn = turns.get(folder);
    if (!turn) return begin(folder).running;
    // The fsync under way may have begun before this entry was made; the one after it serves all who wait.
    turn.next ??= turn.running.then(
      () => begin(folder).running,
      () => begin(folder).running,
    );
    return turn.next;
  };
}

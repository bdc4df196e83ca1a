/** Whether all work is paused, and how to change it. */
import { useCommand } from './use-command.ts';
import { useFarm } from './use-farm.ts';

export function useAllPaused(): boolean {
  return useFarm((farm) => farm.hub.paused).data ?? false;
}

export function usePauseAll() {
  return useCommand((client, paused: boolean) => client.call('updateSettings', { body: { paused } }));
}

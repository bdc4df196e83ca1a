/** An item with its newest run and that run's result. */
import { useQuery } from '@tanstack/react-query';
import type { OperationResponse } from '../../../contract/hub-api.ts';
import type { Artifact, Job } from '../../../contract/item.ts';
import { useParts } from '../../parts.ts';
import { keys } from '../../query-keys.ts';

export type ItemDetail = OperationResponse<'getItem'>;

const newestFirst = <T extends { readonly createdAt: string }>(rows: readonly T[]): readonly T[] =>
  rows.toSorted((a, b) => b.createdAt.localeCompare(a.createdAt));

/** `runId` chooses a run; without it the newest counts, and the newest result that there is. */
export function useItem(id: string, runId: string | null = null) {
  const { client } = useParts();
  const query = useQuery({
    queryKey: keys.item(id),
    queryFn: ({ signal }) => client.call('getItem', { params: { id }, signal }),
  });
  const item = query.data;
  const jobs: readonly Job[] = item === undefined ? [] : newestFirst(item.jobs);
  const newestJob = jobs.find((job) => job.id === runId) ?? jobs[0];
  const artifacts: readonly Artifact[] = item === undefined ? [] : newestFirst(item.artifacts);
  const ofRun = artifacts.find((artifact) => artifact.jobId === newestJob?.id);
  const result = runId === null ? (ofRun ?? artifacts[0]) : ofRun;
  return { query, item, jobs, newestJob, result };
}

/** A run with its steps and attempts. */
export function useJob(id: string | undefined) {
  const { client } = useParts();
  return useQuery({
    queryKey: keys.job(id ?? ''),
    queryFn: ({ signal }) => client.call('getJob', { params: { id: id ?? '' }, signal }),
    enabled: id !== undefined,
  });
}

/** Composition root of a session: makes the client, the live updates and the uploads, and opens the pages. */
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import type { i18n } from 'i18next';
import { useEffect, useMemo, useState } from 'react';
import { createHashRouter } from 'react-router';
import { RouterProvider } from 'react-router/dom';
import type { ShellApi } from '../../contract/shell-api.ts';
import { createHubClient, HubError } from '../hub.ts';
import { createAnnouncements } from '../live/announcements.ts';
import { startLiveUpdates } from '../live/live-updates.ts';
import { createTraffic } from '../live/traffic.ts';
import { routes } from '../pages/index.tsx';
import { type Parts, PartsContext } from '../parts.ts';
import type { Session } from '../session.ts';
import { createStaging } from '../uploads/staging.ts';
import { createUploads } from '../uploads/uploads.ts';

interface SessionRootProps {
  readonly session: Session;
  readonly shell: ShellApi | null;
  readonly translations: i18n;
  onUnauthorized(): void;
}

const passing = (error: unknown) =>
  error instanceof HubError && ['hub_unreachable', 'not_ready', 'too_many_requests'].includes(error.code);

function createQueries(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        gcTime: 120_000,
        retry: (count, error) => count < 3 && passing(error),
        retryDelay: (count) => 400 * 2 ** count,
        networkMode: 'always',
      },
      mutations: { networkMode: 'always' },
    },
  });
}

function createParts(props: SessionRootProps, queries: QueryClient): Parts {
  const client = createHubClient(props.session, props.onUnauthorized);
  const traffic = createTraffic();
  const announcements = createAnnouncements(props.translations);
  const live = startLiveUpdates({ client, queries, traffic, announcements });
  return {
    client,
    traffic,
    announcements,
    live,
    shell: props.shell,
    uploads: createUploads(client),
    staging: createStaging(),
  };
}

export function SessionRoot(props: SessionRootProps) {
  const [queries] = useState(createQueries);
  const [parts, setParts] = useState<Parts | null>(null);
  const router = useMemo(() => createHashRouter(routes), []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the session is this component's key; its parts live as long as it does.
  useEffect(() => {
    const made = createParts(props, queries);
    setParts(made);
    return () => made.live.stop();
  }, [queries]);

  if (parts === null) return null;
  return (
    <QueryClientProvider client={queries}>
      <PartsContext value={parts}>
        <RouterProvider router={router} />
      </PartsContext>
    </QueryClientProvider>
  );
}

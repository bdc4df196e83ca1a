/** Machines that ask to be let in: the digits to compare with those that each machine shows, and the owner's word. */
import { Button, Group, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconAlertTriangle, IconPlugConnected } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { PairingRequest } from '../../../contract/operations/pairing.ts';
import { useErrorToast } from '../../components/use-error-toast.ts';
import { usePairing } from '../../components/use-pairing.ts';
import { useParts } from '../../parts.ts';
import { keys } from '../../query-keys.ts';
import classes from './farm.module.css';

const spoken = (code: string): string => `${code.slice(0, 3)} ${code.slice(3)}`;

/** Nothing while nobody asks. */
export function PairingRequests() {
  const { t } = useTranslation();
  const { waiting, turnedAway } = usePairing();
  return (
    <div className={classes['pairing']} aria-live="polite">
      {waiting.map((request) => (
        <Request key={request.id} request={request} />
      ))}
      {turnedAway > 0 && (
        <p className={classes['trouble']}>
          <IconAlertTriangle size={15} aria-hidden /> {t('farm.pairFlood', { count: turnedAway })}
        </p>
      )}
    </div>
  );
}

function Request({ request }: { readonly request: PairingRequest }) {
  const { t } = useTranslation();
  const { id, name, code, os, cores, address } = request;
  const { decide, isPending } = useDecision(request);
  const titleId = `pair-${id}`;
  return (
    <section className={`card ${classes['pairingCard']}`} aria-labelledby={titleId}>
      <IconPlugConnected size={24} aria-hidden />
      <div>
        <h2 className={classes['name']} id={titleId}>
          {t('farm.pairTitle', { name })}
        </h2>
        <Text size="sm" c="dimmed">
          {t('farm.pairFrom', { os, cores: t('farm.cores', { count: cores }), address })}
        </Text>
      </div>
      <p className={`figures ${classes['pairingCode']}`}>{t('farm.pairAsk', { code: spoken(code) })}</p>
      <Group gap="xs">
        <Button variant="default" disabled={isPending} onClick={() => decide(false)}>
          {t('farm.pairNo')}
        </Button>
        <Button disabled={isPending} onClick={() => decide(true)}>
          {t('farm.pairYes')}
        </Button>
      </Group>
    </section>
  );
}

function useDecision({ id, code, name }: PairingRequest) {
  const { t } = useTranslation();
  const { client } = useParts();
  const queries = useQueryClient();
  const showError = useErrorToast();
  const { mutate, isPending } = useMutation({
    mutationFn: async (isSame: boolean) => {
      if (isSame) await client.call('approvePairing', { params: { id }, body: { code } });
      else await client.call('rejectPairing', { params: { id } });
      return isSame;
    },
    onSuccess: (isSame) =>
      notifications.show({ message: t(isSame ? 'farm.pairApproved' : 'farm.pairRejected', { name }) }),
    onError: showError,
    onSettled: () => queries.invalidateQueries({ queryKey: keys.pairing }),
  });
  return { decide: mutate, isPending };
}

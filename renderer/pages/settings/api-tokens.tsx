/** API tokens: making one, which is shown once, and taking them back. */
import { Alert, Button, CopyButton, Group, Select, Text, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type ApiToken, type TokenScope, tokenScopeSchema } from '../../../contract/operations/tokens.ts';
import { Ago } from '../../components/time.tsx';
import { useErrorToast } from '../../components/use-error-toast.ts';
import { useParts } from '../../parts.ts';
import { keys } from '../../query-keys.ts';
import { Row, Section } from './section.tsx';

export function ApiTokens() {
  const { t } = useTranslation();
  const { client } = useParts();
  const tokens = useQuery({
    queryKey: keys.apiTokens,
    queryFn: ({ signal }) => client.call('listApiTokens', { signal }),
    // A window that may only look is not told; it shows no tokens then.
    retry: false,
  });
  if (tokens.data === undefined) return null;
  return (
    <Section title={t('settings.tokens')}>
      <Text c="dimmed" size="sm">
        {t('settings.tokensText')}
      </Text>
      {tokens.data.rows.map((token) => (
        <TokenRow key={token.id} token={token} />
      ))}
      <MakeToken />
    </Section>
  );
}

function TokenRow({ token }: { readonly token: ApiToken }) {
  const { t } = useTranslation();
  const { client } = useParts();
  const queries = useQueryClient();
  const showError = useErrorToast();
  const { id, name, scope, lastUsedAt } = token;
  const revoke = useMutation({
    mutationFn: () => client.call('revokeApiToken', { params: { id } }),
    onSuccess: () => notifications.show({ message: t('settings.tokenRevoked', { name }) }),
    onError: showError,
    onSettled: () => queries.invalidateQueries({ queryKey: keys.apiTokens }),
  });
  return (
    <Row label={name} text={t(`settings.scope_${scope}`)}>
      <Group gap="sm" justify="flex-end">
        <Text size="sm" c="dimmed">
          {lastUsedAt === null ? (
            t('settings.tokenUnused')
          ) : (
            <>
              {t('settings.tokenUsed')} <Ago at={lastUsedAt} />
            </>
          )}
        </Text>
        <Button
          size="xs"
          variant="default"
          loading={revoke.isPending}
          aria-label={t('settings.tokenRevokeOf', { name })}
          onClick={() => revoke.mutate()}
        >
          {t('settings.tokenRevoke')}
        </Button>
      </Group>
    </Row>
  );
}

function MakeToken() {
  const { t } = useTranslation();
  const { client } = useParts();
  const queries = useQueryClient();
  const showError = useErrorToast();
  const id = useId();
  const [name, setName] = useState('');
  const [scope, setScope] = useState<TokenScope>('read');
  const make = useMutation({
    mutationFn: () => client.call('createApiToken', { body: { name: name.trim(), scope } }),
    onSuccess: () => setName(''),
    onError: showError,
    onSettled: () => queries.invalidateQueries({ queryKey: keys.apiTokens }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Group align="flex-end" gap="sm">
        <TextInput
          id={`${id}-name`}
          label={t('settings.tokenName')}
          value={name}
          maxLength={63}
          required
          withAsterisk={false}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Select
          id={`${id}-scope`}
          label={t('settings.tokenScope')}
          value={scope}
          allowDeselect={false}
          data={tokenScopeSchema.options.map((value) => ({ value, label: t(`settings.scope_${value}`) }))}
          onChange={(value) => setScope(tokenScopeSchema.parse(value))}
        />
        <Button type="submit" variant="default" loading={make.isPending}>
          {t('settings.tokenMake')}
        </Button>
      </Group>
      {make.data && (
        <Alert mt="md" color="water" variant="light" role="status">
          {t('settings.tokenMade', { name: make.data.name })}
          <Group mt="xs" gap="sm" wrap="nowrap">
            <Text component="code" size="sm" style={{ overflowWrap: 'anywhere' }}>
              {make.data.token}
            </Text>
            <CopyButton value={make.data.token}>
              {({ copied, copy }) => (
                <Button size="xs" variant="default" onClick={copy}>
                  {copied ? t('app.copied') : t('settings.tokenCopy')}
                </Button>
              )}
            </CopyButton>
          </Group>
        </Alert>
      )}
    </form>
  );
}

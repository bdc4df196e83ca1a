/** Opens the session: by itself where a token is at hand, otherwise by asking for one. */
import { Alert, Button, Code, PasswordInput, Text, Title } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import type { i18n } from 'i18next';
import { type FormEvent, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ShellApi } from '../../contract/shell-api.ts';
import { createHubClient, hubErrorOf } from '../hub.ts';
import { findSession, forgetSession, keepSession, type Session, sessionOfPaste } from '../session.ts';
import { BrandMark } from './brand-mark.tsx';
import classes from './session-gate.module.css';
import { SessionRoot } from './session-root.tsx';

interface GateProps {
  readonly shell: ShellApi | null;
  readonly translations: i18n;
}
type Trouble = 'refused' | 'unreachable';
type GateState = { kind: 'finding' } | { kind: 'open'; session: Session } | { kind: 'asking'; trouble: Trouble | null };

export function SessionGate({ shell, translations }: GateProps) {
  const [state, setState] = useState<GateState>({ kind: 'finding' });

  useEffect(() => {
    findSession(shell)
      .then((session) => setState(session ? { kind: 'open', session } : { kind: 'asking', trouble: null }))
      .catch(() => setState({ kind: 'asking', trouble: 'unreachable' }));
  }, [shell]);

  if (state.kind === 'finding') return null;
  if (state.kind === 'asking')
    return <TokenPage trouble={state.trouble} onSession={(session) => setState({ kind: 'open', session })} />;
  return (
    <SessionRoot
      key={state.session.token}
      session={state.session}
      shell={shell}
      translations={translations}
      onUnauthorized={() => {
        forgetSession();
        setState({ kind: 'asking', trouble: 'refused' });
      }}
    />
  );
}

interface TokenPageProps {
  readonly trouble: Trouble | null;
  onSession(session: Session): void;
}

function TokenPage({ trouble: firstTrouble, onSession }: TokenPageProps) {
  const { t } = useTranslation();
  const [text, setText] = useState('');
  const [trouble, setTrouble] = useState(firstTrouble);
  const [busy, setBusy] = useState(false);

  const open = async (event: FormEvent) => {
    event.preventDefault();
    const session = sessionOfPaste(text);
    if (session === null) return setTrouble('refused');
    setBusy(true);
    try {
      await createHubClient(session, () => undefined).call('getSettings');
      keepSession(session);
      onSession(session);
    } catch (thrown) {
      const known = ['unauthorized', 'forbidden'].includes(hubErrorOf(thrown).code);
      setTrouble(known ? 'refused' : 'unreachable');
      setBusy(false);
    }
  };

  return (
    <main className={classes['page']}>
      <form className={`card ${classes['card']}`} onSubmit={open}>
        <BrandMark size={40} />
        <Title order={1} size="h2">
          {t('session.title')}
        </Title>
        <Text c="dimmed">{t('session.text')}</Text>
        <Code block>npm run -s millrace -- token --ui</Code>
        <Text c="dimmed" size="sm">
          {t('session.orFile')}
        </Text>
        <PasswordInput
          label={t('session.field')}
          description={t('session.kept')}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          autoComplete="off"
          required
          withAsterisk={false}
          data-autofocus
        />
        {trouble && (
          <Alert color="red" role="alert" icon={<IconAlertTriangle size={18} />}>
            {t(`session.${trouble}`)}
          </Alert>
        )}
        <Button type="submit" loading={busy}>
          {t('session.open')}
        </Button>
      </form>
    </main>
  );
}

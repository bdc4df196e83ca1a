/** The keys of the window, shown by `?`. */
import { Kbd, Modal, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import classes from './keys-help.module.css';

const command = navigator.userAgent.includes('Mac') ? '⌘' : 'Ctrl';

const rows = [
  { keys: [command, 'K'], text: 'app.keysCommands' },
  { keys: [command, 'F'], text: 'app.keysSearch' },
  { keys: [command, 'O'], text: 'app.keysAdd' },
  { keys: [command, 'V'], text: 'app.keysPaste' },
  { keys: [command, ','], text: 'app.keysSettings' },
  { keys: ['←', '→', '↑', '↓'], text: 'app.keysMove' },
  { keys: ['Enter'], text: 'app.keysOpen' },
  { keys: ['Space'], text: 'app.keysSelect' },
  { keys: ['Shift', 'Space'], text: 'app.keysRange' },
  { keys: [command, 'A'], text: 'app.keysAll' },
  { keys: ['←', '→'], text: 'app.keysDivider' },
  { keys: ['Esc'], text: 'app.keysClose' },
  { keys: ['?'], text: 'app.keysHelp' },
] as const;

export function KeysHelp({ opened, onClose }: { readonly opened: boolean; onClose(): void }) {
  const { t } = useTranslation();
  return (
    <Modal opened={opened} onClose={onClose} title={t('app.keys')} closeButtonProps={{ 'aria-label': t('app.close') }}>
      <dl className={classes['list']}>
        {rows.map(({ keys, text }) => (
          <div key={text} className={classes['row']}>
            <dt>{t(text)}</dt>
            <dd>
              {keys.map((key) => (
                <Kbd key={key}>{key}</Kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
      <Text c="dimmed" size="sm" mt="md">
        {t('app.keysNote')}
      </Text>
    </Modal>
  );
}

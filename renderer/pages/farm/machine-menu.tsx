/** What can be done with a machine: pause it or let it finish, go on, trust it, name it, send it away. */
import { ActionIcon, Menu } from '@mantine/core';
import {
  IconDots,
  IconPencil,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlayerTrackNext,
  IconShieldCheck,
  IconShieldOff,
  IconUserMinus,
} from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Node } from '../../../contract/operations/nodes.ts';
import { RemoveMachine } from './remove-machine.tsx';
import { RenameMachine } from './rename-machine.tsx';
import { useChangeMachine } from './use-machine.ts';

export function MachineMenu({ node }: { readonly node: Node }) {
  const { t } = useTranslation();
  const [asked, setAsked] = useState<'name' | 'remove' | null>(null);
  const close = () => setAsked(null);
  return (
    <>
      <Menu position="bottom-end" width={260} withInitialFocusPlaceholder={false}>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label={t('farm.menu', { name: node.name })}>
            <IconDots size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <HoldItems node={node} />
          <Menu.Divider />
          {!node.local && <TrustItem node={node} />}
          <Menu.Item leftSection={<IconPencil size={16} aria-hidden />} onClick={() => setAsked('name')}>
            {t('farm.rename')}
          </Menu.Item>
          {!node.local && (
            <Menu.Item
              color="var(--mr-red)"
              leftSection={<IconUserMinus size={16} aria-hidden />}
              onClick={() => setAsked('remove')}
            >
              {t('farm.remove')}
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      <RenameMachine node={node} opened={asked === 'name'} onClose={close} />
      <RemoveMachine node={node} opened={asked === 'remove'} onClose={close} />
    </>
  );
}

function HoldItems({ node }: { readonly node: Node }) {
  const { t } = useTranslation();
  const { mutate: change } = useChangeMachine(node);
  return (
    <>
      {node.hold !== 'none' && (
        <Menu.Item leftSection={<IconPlayerPlay size={16} aria-hidden />} onClick={() => change({ hold: 'none' })}>
          {t('app.resume')}
        </Menu.Item>
      )}
      {node.hold === 'none' && (
        <Menu.Item
          leftSection={<IconPlayerTrackNext size={16} aria-hidden />}
          onClick={() => change({ hold: 'drain' })}
        >
          {t('farm.drain')}
        </Menu.Item>
      )}
      {node.hold !== 'pause' && (
        <Menu.Item leftSection={<IconPlayerPause size={16} aria-hidden />} onClick={() => change({ hold: 'pause' })}>
          {t('farm.pause')}
        </Menu.Item>
      )}
    </>
  );
}

function TrustItem({ node }: { readonly node: Node }) {
  const { t } = useTranslation();
  const { mutate: change } = useChangeMachine(node, ({ name, trusted }) =>
    t(trusted ? 'farm.trustedNow' : 'farm.trustedNoMore', { name }),
  );
  const Shape = node.trusted ? IconShieldOff : IconShieldCheck;
  return (
    <Menu.Item leftSection={<Shape size={16} aria-hidden />} onClick={() => change({ trusted: !node.trusted })}>
      {t(node.trusted ? 'farm.trustNoMore' : 'farm.trust')}
    </Menu.Item>
  );
}

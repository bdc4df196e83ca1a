/** The frame of every page: rail, top bar, the scrolling page, the window-wide drop, dialogs and live regions. */
import { useDisclosure } from '@mantine/hooks';
import { createContext, useContext, useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Outlet, useLocation } from 'react-router';
import { useObservable } from '../live/observable.ts';
import { useParts } from '../parts.ts';
import { ActivityDrawer } from './activity-drawer.tsx';
import { Commands } from './commands.tsx';
import { KeysHelp } from './keys-help.tsx';
import classes from './layout.module.css';
import { Notices } from './notices.tsx';
import { Rail } from './rail.tsx';
import { TopBar } from './top-bar.tsx';
import { useFilePicker } from './use-file-picker.ts';
import { useGlobalKeys } from './use-global-keys.ts';
import { WindowDrop } from './window-drop.tsx';

const ScrollContext = createContext<React.RefObject<HTMLDivElement | null>>({ current: null });

/** The element that scrolls, for lists that draw only what is seen. */
export const useScroller = () => useContext(ScrollContext);

export function Layout() {
  const { t } = useTranslation();
  const scroller = useRef<HTMLDivElement>(null);
  const search = useRef<HTMLInputElement>(null);
  const [activityOpen, activity] = useDisclosure(false);
  const [keysOpen, keysHelp] = useDisclosure(false);
  const picker = useFilePicker();
  const { pathname } = useLocation();
  useGlobalKeys({ search, picker, showKeys: keysHelp.open });

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new page begins at its top.
  useEffect(() => {
    scroller.current?.scrollTo({ top: 0 });
  }, [pathname]);

  return (
    <ScrollContext value={scroller}>
      <button type="button" className={classes['skip']} onClick={() => scroller.current?.focus()}>
        {t('app.skip')}
      </button>
      <div className={classes['frame']}>
        <Rail />
        <div className={classes['column']} ref={scroller} id="page" tabIndex={-1}>
          <TopBar search={search} onActivity={activity.open} />
          <Notices />
          <main className={classes['main']}>
            <Outlet />
          </main>
        </div>
      </div>
      <ActivityDrawer opened={activityOpen} onClose={activity.close} />
      <Commands picker={picker} onActivity={activity.open} onKeys={keysHelp.open} />
      <KeysHelp opened={keysOpen} onClose={keysHelp.close} />
      <WindowDrop />
      <LiveRegions />
    </ScrollContext>
  );
}

function LiveRegions() {
  const { announcements } = useParts();
  return (
    <div className="visually-hidden">
      <div role="status">{useObservable(announcements.polite)}</div>
      <div role="alert">{useObservable(announcements.urgent)}</div>
    </div>
  );
}

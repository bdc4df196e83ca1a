/** The slim rail with the places of the window; at phone width it lies at the bottom. */
import { IconDropletDown, IconLibraryPhoto, IconServer2, IconSettings } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { NavLink } from 'react-router';
import { usePairing } from '../components/use-pairing.ts';
import { BrandMark } from './brand-mark.tsx';
import classes from './rail.module.css';

export const places = [
  { key: 'drop', to: '/', Icon: IconDropletDown },
  { key: 'library', to: '/library', Icon: IconLibraryPhoto },
  { key: 'farm', to: '/farm', Icon: IconServer2 },
  { key: 'settings', to: '/settings', Icon: IconSettings },
] as const;

export function Rail() {
  const { t } = useTranslation();
  const asking = usePairing().waiting.length;
  return (
    <nav className={classes['rail']} aria-label={t('app.places')}>
      <div className={classes['brand']}>
        <BrandMark size={30} />
      </div>
      <ul className={classes['list']}>
        {places.map(({ key, to, Icon }) => (
          <li key={key} className={key === 'settings' ? classes['last'] : undefined}>
            <NavLink to={to} end={to === '/'} className={classes['link'] ?? ''}>
              <span className={classes['pill']}>
                <Icon size={22} stroke={1.7} aria-hidden />
                {key === 'farm' && asking > 0 && <Asking count={asking} />}
              </span>
              <span>{t(`app.${key}`)}</span>
            </NavLink>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** How many machines ask to be let in. */
function Asking({ count }: { readonly count: number }) {
  const { t } = useTranslation();
  return (
    <span className={`figures ${classes['asking']}`}>
      {count}
      <span className="visually-hidden"> {t('app.farmAsking', { count })}, </span>
    </span>
  );
}

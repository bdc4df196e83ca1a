/** The newest finished items as pictures. */
import { Anchor } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { Picture } from '../../components/picture.tsx';
import { Ago } from '../../components/time.tsx';
import { useParts } from '../../parts.ts';
import { keys } from '../../query-keys.ts';
import classes from './drop-page.module.css';

const shown = 16;

export function LatestResults() {
  const { t } = useTranslation();
  const { client } = useParts();
  const { data } = useQuery({
    queryKey: keys.latest,
    queryFn: ({ signal }) => client.call('listItems', { query: { state: 'done', limit: shown }, signal }),
  });
  if (data === undefined) return null;
  return (
    <section aria-labelledby="latest">
      <div className={classes['sectionHead']}>
        <h2 id="latest">{t('drop.latest')}</h2>
        {data.rows.length > 0 && (
          <Anchor component={Link} to="/library?state=done" size="sm">
            {t('drop.latestAll')}
          </Anchor>
        )}
      </div>
      {data.rows.length === 0 ? (
        <p className={classes['none']}>{t('drop.latestNone')}</p>
      ) : (
        <ul className={classes['results']}>
          {data.rows.map((item) => (
            <li key={item.id}>
              <Link to={`/items/${item.id}`} className={classes['result'] ?? ''}>
                <Picture sha256={item.thumbnail} sizePx={180} alt="" className={classes['resultPicture']} />
                <span className={classes['resultName']} title={item.name}>
                  {item.name}
                </span>
                <span className={classes['resultTime']}>
                  <Ago at={item.createdAt} />
                </span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** The first of the staged files as small pictures, from the files themselves. */
import { IconFile } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../format.ts';
import { isShownByBrowser } from '../../media.ts';
import classes from './staged-card.module.css';

const shown = 9;
/** Larger files are not decoded just for a preview. */
const largestBytes = 25_000_000;

export function StagedPreviews({ files }: { readonly files: readonly File[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const rest = files.length - shown;
  return (
    <ul className={classes['previews']}>
      {files.slice(0, shown).map((file, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: two files may share a name, and the order stays.
        <li key={`${index}-${file.name}`} title={`${file.name}, ${format.bytes(file.size)}`}>
          <Preview file={file} />
        </li>
      ))}
      {rest > 0 && <li className={classes['rest']}>{t('drop.stagedMore', { count: rest })}</li>}
    </ul>
  );
}

function Preview({ file }: { readonly file: File }) {
  const [address, setAddress] = useState<string | null>(null);
  useEffect(() => {
    if (!isShownByBrowser(file.type) || file.size > largestBytes || file.size === 0) return;
    const made = URL.createObjectURL(file);
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [file]);
  return address === null ? (
    <span className={classes['noPreview']}>
      <IconFile size={22} stroke={1.4} aria-hidden />
      <span className={classes['fileName']}>{file.name}</span>
    </span>
  ) : (
    <img src={address} alt={file.name} className={classes['preview']} onError={() => setAddress(null)} />
  );
}

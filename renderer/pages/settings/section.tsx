/** A titled group of settings, and one setting with its words beside the control. */
import { useId } from 'react';
import classes from './settings.module.css';

export function Section({ title, children }: { readonly title: string; readonly children: React.ReactNode }) {
  const id = useId();
  return (
    <section className={`card ${classes['section']}`} aria-labelledby={id}>
      <h2 id={id} className={classes['sectionTitle']}>
        {title}
      </h2>
      <div className={classes['rows']}>{children}</div>
    </section>
  );
}

interface RowProps {
  readonly label: string;
  /** Id of the control; without one the row is a group with its own label. */
  readonly htmlFor?: string;
  readonly labelId?: string;
  readonly text?: string;
  readonly children: React.ReactNode;
}

export function Row({ label, htmlFor, labelId, text, children }: RowProps) {
  const words = (
    <>
      <span className={classes['label']} id={labelId}>
        {label}
      </span>
      {text !== undefined && <span className={classes['text']}>{text}</span>}
    </>
  );
  return (
    <div className={classes['row']}>
      {htmlFor === undefined ? (
        <div className={classes['words']}>{words}</div>
      ) : (
        <label className={classes['words']} htmlFor={htmlFor}>
          {words}
        </label>
      )}
      <div className={classes['control']}>{children}</div>
    </div>
  );
}

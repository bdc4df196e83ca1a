/** A relative time with the exact one on hover; moves on by itself. */
import { useEffect, useState } from 'react';
import { useFormat } from '../format.ts';

const everyMs = 30_000;

export function Ago({ at }: { readonly at: string }) {
  const format = useFormat();
  const [nowMs, setNowMs] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, []);
  return (
    <time dateTime={at} title={format.exact(at)}>
      {format.ago(at, Math.max(nowMs, Date.parse(at)))}
    </time>
  );
}

/** The mill wheel: Millrace's sign, and the head of each lane. It turns only while there is work. */
import classes from './brand-mark.module.css';

interface BrandMarkProps {
  readonly size: number;
  readonly turning?: boolean;
}

const paddles = [0, 45, 90, 135, 180, 225, 270, 315] as const;

export function BrandMark({ size, turning = false }: BrandMarkProps) {
  return (
    <svg className={classes['mark']} width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <g
        className={turning ? classes['turning'] : undefined}
        fill="none"
        stroke="currentColor"
        strokeWidth="2.2"
        strokeLinecap="round"
      >
        <circle cx="16" cy="16" r="8" />
        <circle cx="16" cy="16" r="2" fill="currentColor" stroke="none" />
        <path d="M16 8v16M8 16h16" strokeWidth="1.6" />
        {paddles.map((angle) => (
          <path key={angle} d="M16 8 L20.2 3.6" transform={`rotate(${angle} 16 16)`} />
        ))}
      </g>
    </svg>
  );
}

/** Numbers, sizes, durations and times as people read them, in the window's language. */
import { createContext, useContext } from 'react';

export interface Format {
  number(value: number): string;
  /** 0–1 as a whole percentage. */
  percent(share: number): string;
  bytes(sizeBytes: number): string;
  /** A span: `840 ms`, `3.2 s`, `4 min`, `2 h 5 min`. */
  duration(ms: number): string;
  /** `3 min ago`. */
  ago(timestamp: string, nowMs: number): string;
  /** Exact date and time, for hovering. */
  exact(timestamp: string): string;
  clock(timestamp: string): string;
}

type UnitText = (value: number, unit: string, digits: number, long?: boolean) => string;

/** Numbers with a unit. Intl objects are slow to make and are kept. */
function unitTexts(language: string): UnitText {
  const made = new Map<string, Intl.NumberFormat>();
  return (value, unit, digits, long = false) => {
    const key = `${unit}${digits}${long}`;
    const format =
      made.get(key) ??
      new Intl.NumberFormat(language, {
        style: 'unit',
        unit,
        unitDisplay: long ? 'long' : 'short',
        maximumFractionDigits: digits,
      });
    made.set(key, format);
    return format.format(value);
  };
}

const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

function bytesText(text: UnitText, sizeBytes: number): string {
  let value = sizeBytes;
  let unit = 0;
  while (value >= 1_000 && unit < units.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return text(value, units[unit] ?? 'byte', value < 10 && unit > 0 ? 1 : 0, unit === 0);
}

function durationText(text: UnitText, ms: number): string {
  const unit = (value: number, name: string, digits = 0) =>
    text(value, name, digits).replace('sec', 's').replace('Sek.', 's').replace('hr', 'h');
  if (ms < 1_000) return unit(Math.round(ms), 'millisecond');
  const seconds = ms / 1_000;
  if (seconds < 60) return unit(seconds, 'second', seconds < 10 ? 1 : 0);
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return unit(minutes, 'minute');
  const rest = minutes % 60;
  const hours = unit(Math.floor(minutes / 60), 'hour');
  return rest === 0 ? hours : `${hours} ${unit(rest, 'minute')}`;
}

const spans: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];

function agoText(relative: Intl.RelativeTimeFormat, timestamp: string, nowMs: number, justNow: string): string {
  const seconds = (Date.parse(timestamp) - nowMs) / 1_000;
  for (const [unit, length] of spans) {
    if (Math.abs(seconds) >= length) return relative.format(Math.round(seconds / length), unit);
  }
  return justNow;
}

/** Formats of one language. */
export function formatsOf(language: string, justNow: string): Format {
  const text = unitTexts(language);
  const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'short' });
  const number = new Intl.NumberFormat(language);
  const percent = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 0 });
  const exact = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'medium' });
  const clock = new Intl.DateTimeFormat(language, { timeStyle: 'short' });
  return {
    number: (value) => number.format(value),
    percent: (share) => percent.format(share),
    bytes: (sizeBytes) => bytesText(text, sizeBytes),
    duration: (ms) => durationText(text, ms),
    ago: (timestamp, nowMs) => agoText(relative, timestamp, nowMs, justNow),
    exact: (timestamp) => exact.format(new Date(timestamp)),
    clock: (timestamp) => clock.format(new Date(timestamp)),
  };
}

export const FormatContext = createContext<Format>(formatsOf('en', 'just now'));

/** Formats in the window's language. One object a language: Intl objects are slow to make. */
export function useFormat(): Format {
  return useContext(FormatContext);
}

/** Medians of the bench's figures and their table. */
import type { Figure } from './scenarios.ts';

interface Series {
  readonly better: Figure['better'];
  readonly values: number[];
  readonly cpuUs: number[];
}

/** By measure. */
export type Results = Map<string, { readonly broker?: Series; readonly redis?: Series }>;

export function record(results: Results, side: 'broker' | 'redis', figures: readonly Figure[]): void {
  for (const { name, value, cpuUs, better } of figures) {
    const row = results.get(name) ?? {};
    const series = row[side] ?? { better, values: [], cpuUs: [] };
    results.set(name, { ...row, [side]: series });
    series.values.push(value);
    if (cpuUs !== undefined) series.cpuUs.push(cpuUs);
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle] ?? Number.NaN;
  return ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

function number(value: number): string {
  if (Number.isNaN(value)) return '–';
  return value >= 100 ? Math.round(value).toLocaleString('en').replaceAll(',', ' ') : value.toPrecision(3);
}

/** A markdown table: ratio is broker / redis; above 1 is ahead for rates, below 1 for times and bytes. */
export function table(results: Results): string {
  const lines = [
    '| measure | broker | redis | ratio | broker CPU µs | redis CPU µs |',
    '| --- | ---: | ---: | ---: | ---: | ---: |',
  ];
  for (const [name, { broker, redis }] of results) {
    const mine = median(broker?.values ?? []);
    const theirs = median(redis?.values ?? []);
    const cells = [name, number(mine), number(theirs), (mine / theirs).toFixed(2)];
    cells.push(number(median(broker?.cpuUs ?? [])), number(median(redis?.cpuUs ?? [])));
    lines.push(`| ${cells.join(' | ')} |`);
  }
  return lines.join('\n');
}

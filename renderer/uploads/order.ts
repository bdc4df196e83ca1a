/** What the next start does with its files: pipeline, watermark options, priority, where it may run. The last choice is remembered. */
import { useState } from 'react';
import { z } from 'zod';
import { sha256Schema } from '../../contract/ids.ts';
import { type MediaKind, type Priority, type Privacy, prioritySchema, privacySchema } from '../../contract/item.ts';
import { watermarkOptionsSchema } from '../../contract/stages/watermark.ts';
import type { Order } from './uploads.ts';

export const logoSchema = z.object({
  sha256: sha256Schema,
  sizeBytes: z.int(),
  mediaType: z.string(),
  name: z.string().max(255),
});
export type Logo = z.infer<typeof logoSchema>;

const choiceSchema = z.object({
  pipeline: z.string().default('watermark'),
  priority: prioritySchema.default('normal'),
  privacy: privacySchema.default('any'),
  watermark: watermarkOptionsSchema.prefault({}),
  logo: logoSchema.nullable().default(null),
});
export type OrderChoice = z.infer<typeof choiceSchema>;
export type WatermarkChoice = OrderChoice['watermark'];

const storageKey = 'millrace.order';

function stored(): OrderChoice {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(storageKey) ?? '{}');
    return choiceSchema.parse(value);
  } catch {
    return choiceSchema.parse({});
  }
}

/** The choice and how to change it. Priority is asked anew each time: "first" is not a habit. */
export function useOrderChoice(): readonly [OrderChoice, (change: Partial<OrderChoice>) => void] {
  const [choice, setChoice] = useState<OrderChoice>(() => ({ ...stored(), priority: 'normal' }));
  const change = (next: Partial<OrderChoice>) => {
    const changed = { ...choice, ...next };
    setChoice(changed);
    localStorage.setItem(storageKey, JSON.stringify(changed));
  };
  return [choice, change];
}

/** The order as the hub takes it. */
export function orderOf(choice: OrderChoice): Order {
  const { pipeline, logo, watermark, priority, privacy } = choice;
  if (pipeline !== 'watermark') return { pipeline, options: {}, priority, privacy };
  return { pipeline, priority, privacy, options: { ...watermark, ...(logo && { logo }) } };
}

export const priorities: readonly Priority[] = ['now', 'normal', 'bulk'];
export const privacies: readonly Privacy[] = ['any', 'trusted', 'this-machine'];

/** What a file seems to be, by the browser's guess; the hub looks into it. */
export function kindOfFile(file: { readonly type: string; readonly name: string }): MediaKind {
  const kinds: readonly (readonly [RegExp, MediaKind])[] = [
    [/^image\//, 'image'],
    [/^video\//, 'video'],
    [/^audio\//, 'audio'],
    [/^text\//, 'text'],
    [/pdf$/, 'document'],
  ];
  if (/\.(cbz|cbr)$/i.test(file.name)) return 'comic';
  return kinds.find(([pattern]) => pattern.test(file.type))?.[1] ?? 'other';
}

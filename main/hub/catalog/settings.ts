/** The hub's settings and its own facts (id), as rows of the catalog, parsed by the contract's schema. */
import { z } from 'zod';
import { type Settings, settingsSchema } from '../../../contract/operations/hub.ts';
import type { Catalog } from './database.ts';
import { json } from './rows.ts';

const valueRow = z.object({ key: z.string(), value: json(z.json()) });

/** All settings: what is stored, and `defaults` for the rest. */
export function loadSettings(catalog: Catalog, defaults: Settings): Settings {
  const rows = catalog.all(valueRow, "SELECT key, value FROM settings WHERE key NOT LIKE 'hub.%'");
  return settingsSchema.parse({ ...defaults, ...Object.fromEntries(rows.map((row) => [row.key, row.value])) });
}

export function saveSettings(catalog: Catalog, change: Partial<Settings>): void {
  for (const [key, value] of Object.entries(change)) {
    if (value === undefined) continue;
    catalog.run(
      'INSERT INTO settings (key, value) VALUES (@key, @value) ON CONFLICT DO UPDATE SET value = excluded.value',
      { key, value: JSON.stringify(value) },
    );
  }
}

/** The hub's id, made at first start. */
export function hubId(catalog: Catalog, make: () => string): string {
  const row = catalog.get(valueRow, "SELECT key, value FROM settings WHERE key = 'hub.id'");
  if (row) return z.uuid().parse(row.value);
  const id = make();
  catalog.run("INSERT INTO settings (key, value) VALUES ('hub.id', @value)", { value: JSON.stringify(id) });
  return id;
}

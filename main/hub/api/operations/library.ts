/** Handlers of operations on items. */
import { z } from 'zod';
import { MillraceError } from '../../../../contract/errors.ts';
import { artifactsOfItem } from '../../catalog/attempts.ts';
import { findItem, listItems } from '../../catalog/items.ts';
import { jobsOfItem } from '../../catalog/jobs.ts';
import type { Intake } from '../../planner/import-item.ts';
import { found } from '../../planner/planner.ts';
import type { JsonHandlers } from '../handlers.ts';
import { jobView, type ViewParts } from './job-view.ts';

const cursorSchema = z.string().regex(/^\d{1,16}\.[0-9a-f-]{36}$/);

/** The cursor of a page: time and id of its last item. */
function parseCursor(cursor: string | undefined): { createdMs: number; id: string } | null {
  if (cursor === undefined) return null;
  const parsed = cursorSchema.safeParse(cursor);
  if (!parsed.success) throw new MillraceError('request_invalid', 'The cursor is not one of this list.');
  const [ms = '0', id = ''] = parsed.data.split('.');
  return { createdMs: Number(ms), id };
}

export function libraryHandlers(
  parts: ViewParts & { readonly intake: Intake },
): Pick<JsonHandlers, 'listItems' | 'getItem' | 'submitItems'> {
  const { catalog } = parts;
  return {
    listItems: async ({ query: { cursor, limit, ...filter } }) => {
      const { rows, total } = listItems(catalog, filter, parseCursor(cursor), limit);
      const last = rows.at(-1);
      return {
        rows,
        total,
        nextCursor: last && rows.length === limit ? `${Date.parse(last.createdAt)}.${last.id}` : null,
      };
    },
    getItem: async ({ params }) => {
      const item = found(findItem(catalog, params.id), 'item');
      const explain = parts.planner.explainer();
      return {
        ...item,
        jobs: jobsOfItem(catalog, item.id).map((job) => jobView(parts, job, explain)),
        artifacts: artifactsOfItem(catalog, item.id),
      };
    },
    submitItems: ({ body: { itemIds, ...order } }) => parts.intake.submitItems({ ...order, name: '' }, itemIds),
  };
}

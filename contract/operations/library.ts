/** Operations on items and their bytes. */
import { z } from 'zod';
import { sha256Schema, uuidSchema } from '../ids.ts';
import { artifactSchema, batchSchema, itemSchema, jobSchema, jobStateSchema, mediaKindSchema } from '../item.ts';
import { acceptedFileSchema, define, idParam, none, type Operation, page, paging, workOrder } from './operation.ts';

export const libraryOperations = {
  listItems: define({
    method: 'GET',
    path: '/items',
    summary: 'The library, newest first',
    scope: 'read',
    params: none,
    query: z.object({
      ...paging,
      kind: mediaKindSchema.optional(),
      pipeline: z.string().max(64).optional(),
      state: jobStateSchema.optional(),
      text: z.string().max(200).optional(),
    }),
    body: null,
    response: page(itemSchema.extend({ jobState: jobStateSchema.nullable(), thumbnail: sha256Schema.nullable() })),
    status: 200,
  }),
  getItem: define({
    method: 'GET',
    path: '/items/{id}',
    summary: 'One item with its jobs and artifacts',
    scope: 'read',
    params: idParam,
    query: none,
    body: null,
    response: itemSchema.extend({ jobs: z.array(jobSchema), artifacts: z.array(artifactSchema) }),
    status: 200,
  }),

  submitItems: define({
    method: 'POST',
    path: '/items:submit',
    summary: 'Run a pipeline on items that are in the library',
    scope: 'submit',
    params: none,
    query: none,
    body: z.object({ ...workOrder, itemIds: z.array(uuidSchema).min(1).max(10_000) }),
    response: z.object({ batch: batchSchema, files: z.array(acceptedFileSchema) }),
    status: 202,
  }),
  getBlob: define({
    method: 'GET',
    path: '/blobs/{sha256}',
    summary: 'The bytes; Range, ETag; ?name= for a download',
    scope: 'read',
    params: z.object({ sha256: sha256Schema }),
    query: z.object({ name: z.string().max(255).optional(), ticket: z.string().max(300).optional() }),
    body: null,
    response: 'bytes',
    status: 200,
  }),
  getThumbnail: define({
    method: 'GET',
    path: '/blobs/{sha256}/thumbnail',
    summary: 'A small WebP of a picture, made on demand',
    scope: 'read',
    params: z.object({ sha256: sha256Schema }),
    query: z.object({
      size: z.coerce.number().int().min(64).max(2_048).default(320),
      ticket: z.string().max(300).optional(),
    }),
    body: null,
    response: 'bytes',
    status: 200,
  }),
  putLooseBlob: define({
    method: 'POST',
    path: '/blobs',
    summary: 'Store bytes for an option (a logo); answers their digest',
    scope: 'submit',
    params: none,
    query: z.object({ name: z.string().max(255).optional() }),
    body: 'bytes',
    response: z.object({ sha256: sha256Schema, sizeBytes: z.int(), mediaType: z.string() }),
    status: 201,
  }),
} as const satisfies Record<string, Operation>;

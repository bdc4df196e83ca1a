/** Keys of everything that the window caches from the hub. */
export const keys = {
  farm: ['farm'],
  settings: ['settings'],
  broker: ['broker'],
  /** Machines that ask to be let in. */
  pairing: ['pairing'],
  apiTokens: ['api-tokens'],
  pipelines: ['pipelines'],
  batches: ['batches'],
  /** Lists of the library, as infinite queries. */
  items: ['items'],
  /** The newest results on the Drop page. */
  latest: ['latest'],
  jobs: ['jobs'],
  ticket: ['ticket'],
  item: (id: string) => ['item', id],
  job: (id: string) => ['jobs', id],
  itemList: (filter: Readonly<Record<string, unknown>>) => ['items', filter],
} as const;

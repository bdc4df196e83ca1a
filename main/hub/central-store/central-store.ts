/** What arrived at the central store, in the catalog, and its projections: the folder central_storage and worker_activity.log. */

export interface CentralUpload {
  /** As the form gave it; cleaned here. */
  readonly fileName: string;
  readonly workerName: string;
  /** Already in the blob store. */
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly mediaType: string;
  /** Null: this upload is never a repetition. */
  readonly idempotencyKey: string | null;
}

export interface CentralStore {
  /** On disk in the catalog when it resolves; the projections, too, unless the disk refuses (then `repair` makes them). */
  accept(upload: CentralUpload): Promise<{ readonly storedAs: string; readonly repeated: boolean }>;
  /** Makes folder and log agree with the catalog; at start, before the first accept. */
  repair(): Promise<void>;
}

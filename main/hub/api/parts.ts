/** What the API is made of: the parts of the hub that it is given, and what it gives back. Types only. */
import type { Clock } from '../../../common/clock.ts';
import type { Identity } from '../../../common/identity.ts';
import type { Logger } from '../../../common/log.ts';
import type { Batch, Priority, Privacy } from '../../../contract/item.ts';
import type { Settings } from '../../../contract/operations/hub.ts';
import type { AcceptedFile, Scope } from '../../../contract/operations/operation.ts';
import type { JsonObject } from '../../../contract/stage.ts';
import type { BlobStore } from '../blobs/blob-store.ts';
import type { Catalog } from '../catalog/database.ts';
import type { CentralStore } from '../central-store/central-store.ts';
import type { EventLog } from '../events.ts';
import type { PreviewService } from '../previews/preview-service.ts';
import type { Door, JsonHandlers } from './handlers.ts';

/** Turns files into jobs; the planner's. */
export interface Intake {
  /** @throws MillraceError option_invalid, pipeline_unknown, logo_* */
  createBatch(order: {
    readonly pipeline: string;
    readonly options: JsonObject;
    readonly priority: Priority;
    readonly privacy: Privacy;
    readonly name: string;
  }): Promise<Batch>;
  /** The bytes are in the store already. A bad file is an answer (`{name, problem}`), never a throw; an unknown batch is `not_found`. */
  importFile(file: {
    readonly batchId: string;
    readonly name: string;
    readonly sha256: string;
    readonly sizeBytes: number;
  }): Promise<AcceptedFile>;
  /** What a stored blob for an option (a logo) is; records it. @throws MillraceError for what is no picture */
  recordOptionBlob(blob: {
    readonly sha256: string;
    readonly sizeBytes: number;
    readonly name: string;
  }): Promise<{ readonly mediaType: string }>;
}

/** Who somebody is, by what they show. Null: nobody known. */
export interface Authenticator {
  authenticate(credentials: {
    /** From `Authorization: Bearer …`. */
    readonly bearer: string | null;
    /** Pin of the key that the client proved in the TLS handshake. */
    readonly peerPin: string | null;
    readonly door: Door;
  }): {
    readonly kind: 'token' | 'node';
    readonly scopes: readonly Scope[];
    readonly nodeId: string | null;
    /** Whose connections end when this is taken back: a node's or an API token's id; null for the owner. */
    readonly holder: string | null;
  } | null;
}

/** Which bytes a node may touch: those that its open attempts need. */
export interface NodeBlobs {
  mayReadBlob(nodeId: string, sha256: string): boolean;
  /** True while the node has an open attempt. */
  mayWriteBlob(nodeId: string): boolean;
}

/** One thing that must be well for work to go on, for /readyz. `detail` is a sentence for people, without secrets. */
export interface ReadinessCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

export interface ApiParts {
  readonly handlers: JsonHandlers;
  readonly catalog: Catalog;
  readonly blobs: BlobStore;
  readonly intake: Intake;
  readonly events: EventLog;
  readonly centralStore: CentralStore;
  readonly previews: PreviewService;
  readonly auth: Authenticator;
  readonly nodeBlobs: NodeBlobs;
  /** Reads what a stored file is, from its bytes (planner/inspect-file). @throws MillraceError input_* */
  inspect(path: string, name: string, limits: { maxPixels: number }): Promise<{ readonly mediaType: string }>;
  /** What must be well: broker, catalog, disk … Cheap: it is asked every few seconds. */
  readiness(): Promise<readonly ReadinessCheck[]>;
  settings(): Settings;
  /** The hub's data folder; unfinished uploads are kept in it. */
  readonly dataDir: string;
  /** Folder of the built window, or null: no window is served. */
  readonly uiFolder: string | null;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly version: string;
  /** Checks every answer against its schema and fails with 500 where it differs; for tests. Default false. */
  readonly checkAnswers?: boolean;
  /** The loopback door, plain http. Port 0 picks a free one. */
  readonly listen: { readonly host: string; readonly port: number };
  /** More loopback ports, on which clients of older systems expect their endpoints. */
  readonly legacyPorts: readonly number[];
}

/** What a TLS door shows. */
export type DoorCertificate = Pick<Identity, 'keyPem' | 'certificatePem'>;

export interface Api {
  /** `http://127.0.0.1:<port>`, where the window is, too. */
  readonly url: string;
  readonly port: number;
  /** Ports of the older systems that are listened on, in order. */
  readonly legacyPorts: readonly number[];
  /** Opens the door to the network: TLS 1.3 with the hub's identity. Closes an open one first. */
  openTlsDoor(
    identity: Pick<Identity, 'keyPem' | 'certificatePem'>,
    host: string,
    port: number,
  ): Promise<{ readonly port: number }>;
  closeTlsDoor(): Promise<void>;
  /** Opens the door for browsers and programs with an API token. Once; it stays open until `stop`. */
  openWebDoor(certificate: DoorCertificate, host: string, port: number): Promise<{ readonly port: number }>;
  /** Ends the connections of a node or of an API token's holder at once. Their next request is judged anew. */
  dropHolder(holder: string): void;
  stop(): Promise<void>;
}

/** What a hub is started with, and the built-in values of its settings. */
import { hostname } from 'node:os';
import type { Settings } from '../../contract/operations/hub.ts';
import type { ExternalBrokerConfig } from './queue/external-broker.ts';
import type { SettingsChange } from './settings-store.ts';
import type { WebDoorConfig } from './web-door.ts';

export interface HubConfig {
  /** Holds everything that the hub keeps. */
  readonly dataDir: string;
  /** Locks the hub's key on the disk; null: its mode alone protects it. */
  readonly keyPassphrase: string | null;
  /** Loopback port of API and window; 0 takes the one of the last run if it is free, else any. */
  readonly port: number;
  /** Address of the door to the network; null: all of them, once machines are accepted. Given, it is opened at once. */
  readonly host: string | null;
  /** An external Redis or Valkey; null: the embedded broker. */
  readonly broker: ExternalBrokerConfig | null;
  /** The door for browsers and programs that cannot pin keys; null: there is none. */
  readonly door: WebDoorConfig | null;
  /** Run a node on this machine. */
  readonly localNode: boolean;
  /** More loopback ports, for clients of older systems. */
  readonly legacyPorts: readonly number[];
  /** Folder of the built window. */
  readonly uiFolder: string | null;
  /** The Node that runs node-agent. */
  readonly nodeExecutable: string;
  /** The agent's entry file where it is not that of this checkout. */
  readonly agentEntry?: string | undefined;
  /** Name of this machine's own node; the host's name unless given. */
  readonly nodeName?: string | undefined;
  readonly version: string;
  /** Values that win over stored settings (environment, flags). */
  readonly settings: SettingsChange;
}

export const defaultSettings: Settings = {
  hubName: hostname().slice(0, 63) || 'millrace',
  acceptNodes: false,
  paused: false,
  centralServerUrl: null,
  logo: null,
  maxPixels: 300_000_000,
  maxUploadBytes: 50_000_000_000,
};

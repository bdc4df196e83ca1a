/// <reference types="vite/client" />
import type { ShellApi } from '../contract/shell-api.ts';

declare global {
  interface Window {
    /** Only in the desktop app. */
    readonly millrace?: ShellApi;
    showDirectoryPicker?(options?: { id?: string; mode?: 'read' | 'readwrite' }): Promise<FileSystemDirectoryHandle>;
  }
}

/** Builds the window: `renderer/` into `dist/renderer`, with relative addresses so that any hub can serve it. */
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** `vite` alone (development) passes the API on to a running hub. */
const hubUrl = process.env['MILLRACE_URL'] ?? 'http://127.0.0.1:4747';

export default defineConfig({
  root: 'renderer',
  base: './',
  plugins: [react()],
  server: { proxy: { '/api': hubUrl } },
  build: {
    outDir: '../dist/renderer',
    emptyOutDir: true,
    target: 'chrome130',
    // Everything is a file of its own, so that the content security policy needs no data: scripts or fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1_500,
  },
});

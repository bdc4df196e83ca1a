/** Loaded with `node --import`: `import 'electron'` gets the stand-in. The binary cannot be had everywhere; the shell's own code runs as built. */
import { registerHooks } from 'node:module';

const standIn = new URL('./fake-electron.ts', import.meta.url).href;

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'electron'
      ? { url: standIn, format: 'module-typescript', shortCircuit: true }
      : next(specifier, context),
});

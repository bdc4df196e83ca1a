/** Serves the built window from a folder, under a policy that lets nothing run but its own files. */
import staticFiles from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import type { Access } from './guards.ts';

/** No inline script, no other hosts. Styles may be inline: the component library sets them. */
const policy = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' blob: data:",
  "media-src 'self' blob:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self' blob:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The window's files hold no secret; at the door for nodes nobody needs them. */
export const uiAccess: Access = { scope: 'read', openOnLoopback: true, page: true };

/** Vite names files by their content, so those never change; the page that names them is asked for each time. */
const cacheControl = (path: string): string =>
  /[/\\]assets[/\\]/.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache';

export async function uiRoutes(app: FastifyInstance, folder: string): Promise<void> {
  app.addHook('onRoute', (route) => {
    route.config = { ...route.config, access: uiAccess };
  });
  await app.register(staticFiles, {
    root: folder,
    wildcard: true,
    index: ['index.html'],
    cacheControl: false,
    dotfiles: 'ignore',
    decorateReply: false,
    setHeaders: (reply, path) => {
      reply.header('cache-control', cacheControl(path));
      reply.header('content-security-policy', policy);
      reply.header('cross-origin-opener-policy', 'same-origin');
      reply.header('referrer-policy', 'no-referrer');
    },
  });
}

/** Puts the HTTP library together: parsers, guards, routes, and the one way in which errors are answered. Owns no socket. */
import multipart from '@fastify/multipart';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { validatorCompiler } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { MillraceError } from '../../../contract/errors.ts';
import { apiBase, operations } from '../../../contract/hub-api.ts';
import { aliasPaths, aliasRoutes } from './aliases/index.ts';
import { blobRoutes } from './blob-routes.ts';
import { eventsRoutes } from './events-route.ts';
import { createGuard } from './guards.ts';
import { jsonRoutes } from './json-routes.ts';
import { openApi } from './openapi.ts';
import { problemMediaType, problemOfThrown } from './problems.ts';
import type { ApiContext } from './route-kit.ts';
import { methodFinder } from './route-path.ts';
import { tusRoutes } from './tus-uploads.ts';
import { uiRoutes } from './ui.ts';
import { uploadRoutes } from './upload-routes.ts';

/** A refused request may go on sending for so long, so that its sender reads why before the connection ends, ms. */
const lingerMs = 2_000;

/** The rest of a body that nobody wants: thrown away for a while, then the connection ends. */
function linger(request: FastifyRequest, reply: FastifyReply): void {
  const { raw } = request;
  if (raw.complete || raw.destroyed) return;
  reply.raw.once('finish', () => {
    raw.unpipe();
    raw.resume();
    const timer = setTimeout(() => raw.socket.destroy(), lingerMs);
    raw.once('close', () => clearTimeout(timer));
  });
}

function answerError(context: ApiContext, thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = problemOfThrown(thrown, context.logger);
  linger(request, reply);
  if (problem.code === 'unauthorized') reply.header('www-authenticate', 'Bearer');
  if (problem.status === 429 || problem.status === 503) reply.header('retry-after', '2');
  return reply
    .code(problem.status)
    .header('cache-control', 'no-store')
    .type(problemMediaType)
    .send({ ...problem, instance: request.url.split('?')[0] });
}

function answerUnknown(app: FastifyInstance, context: ApiContext): void {
  const methodsOf = methodFinder([
    ...Object.values(operations).map(({ method, path }) => ({ method, path: apiBase + path })),
    ...aliasPaths,
  ]);
  app.setNotFoundHandler(async (request, reply) => {
    const methods = methodsOf(request.url.split('?')[0] ?? '');
    if (methods.length === 0) return answerError(context, new MillraceError('not_found'), request, reply);
    reply.header('allow', methods.join(', '));
    const detail = `${request.method} is not one of ${methods.join(', ')}.`;
    return answerError(context, new MillraceError('method_not_allowed', detail), request, reply);
  });
}

/** Bodies of these routes reach their handlers unread; forms are read part by part. */
async function unreadBodies(app: FastifyInstance): Promise<void> {
  app.removeAllContentTypeParsers();
  await app.register(multipart, { throwFileSizeLimit: false });
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
}

/** @returns an app that is ready; requests go to its `routing` */
export async function createHttpApp(context: ApiContext): Promise<FastifyInstance> {
  const app: FastifyInstance = fastify({
    logger: false,
    trustProxy: false,
    return503OnClosing: false,
    routerOptions: { maxParamLength: 300 },
    frameworkErrors: (error, request, reply) => {
      answerError(context, error, request, reply);
    },
  });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler((route) => {
    const schema: unknown = route.schema;
    if (context.checkAnswers !== true || !(schema instanceof z.ZodType)) return (data) => JSON.stringify(data);
    return (data) => JSON.stringify(schema.parse(data));
  });
  app.decorateRequest('caller', null);
  app.addHook('onRequest', createGuard(context));
  app.addHook('onSend', async (_request, reply) => void reply.header('x-content-type-options', 'nosniff'));
  app.setErrorHandler((error, request, reply) => answerError(context, error, request, reply));
  answerUnknown(app, context);
  await openApi(app, context.version);
  await app.register((scope) => jsonRoutes(scope, context));
  await app.register((scope) => eventsRoutes(scope, context));
  await app.register(async (scope) => {
    await unreadBodies(scope);
    await uploadRoutes(scope, context);
    await blobRoutes(scope, context);
    await aliasRoutes(scope, context);
  });
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    await tusRoutes(scope, context);
  });
  const { uiFolder } = context;
  if (uiFolder !== null) await app.register((scope) => uiRoutes(scope, uiFolder));
  await app.ready();
  return app;
}

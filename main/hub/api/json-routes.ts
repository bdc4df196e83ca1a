/** Routes of operations whose body and answer are JSON: made from the operations table, answered by the handlers. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { apiBase, operations } from '../../../contract/hub-api.ts';
import type { Operation } from '../../../contract/operations/operation.ts';
import { callerFrom } from './guards.ts';
import { AnswerWithStatus, type HandledOperationName, type JsonHandlers } from './handlers.ts';
import { idempotencyKeyOf, type PlainAnswer } from './idempotency.ts';
import { type ApiContext, answerOnce, routeOf } from './route-kit.ts';

const jsonBytes = 1 << 20;
/** A heartbeat may list 10 000 attempts. */
const heartbeatBytes = 8 << 20;
/** A JSON body must have arrived within this time, ms. */
const bodyMs = 30_000;

/** Where the work or thing that an answer tells of is to be found. */
const locations: Readonly<Record<string, (answer: unknown) => string>> = {
  createBatch: (answer) => `/batches/${z.object({ id: z.string() }).parse(answer).id}`,
  submitItems: (answer) => `/batches/${z.object({ batch: z.object({ id: z.string() }) }).parse(answer).batch.id}`,
  retryJob: (answer) => `/jobs/${z.object({ id: z.string() }).parse(answer).id}`,
  cancelJob: (answer) => `/jobs/${z.object({ id: z.string() }).parse(answer).id}`,
};

/** Ends connections whose JSON body does not arrive in time. */
function limitBodyTime(app: FastifyInstance): void {
  const timers = new WeakMap<FastifyRequest, NodeJS.Timeout>();
  app.addHook('onRequest', async (request) => {
    const { headers } = request.raw;
    if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) return;
    const timer = setTimeout(() => {
      if (!request.raw.complete) request.raw.socket.destroy();
    }, bodyMs);
    timer.unref();
    timers.set(request, timer);
  });
  app.addHook('preHandler', async (request) => clearTimeout(timers.get(request)));
  app.addHook('onRequestAbort', async (request) => clearTimeout(timers.get(request)));
  app.addHook('onResponse', async (request) => clearTimeout(timers.get(request)));
}

function isHandled(name: string, handlers: JsonHandlers): name is HandledOperationName {
  return Object.hasOwn(handlers, name);
}

/** Operations that make work: their answers are kept under the Idempotency-Key. Others are repeatable, or answer secrets. */
const keepsAnswers = (operation: Operation): boolean => operation.method === 'POST' && operation.scope === 'submit';

function addOperation(app: FastifyInstance, context: ApiContext, name: HandledOperationName): void {
  const operation: Operation = operations[name];
  const route = routeOf(name, operation);
  // The route's own schemas have made these values what the handler of this name takes.
  const call = async (request: FastifyRequest, idempotencyKey: string | null): Promise<unknown> =>
    Reflect.apply(context.handlers[name], undefined, [
      { params: request.params, query: request.query, body: request.body, caller: callerFrom(request), idempotencyKey },
    ]);
  const answerOf = async (request: FastifyRequest, key: string | null, reply: FastifyReply): Promise<PlainAnswer> => {
    const answer = await call(request, key);
    if (!(answer instanceof AnswerWithStatus)) return { status: operation.status, value: answer };
    reply.headers(answer.headers);
    return { status: answer.status, value: answer.value };
  };
  app.route({
    ...route,
    schema: {
      ...route.schema,
      ...(operation.body instanceof z.ZodType && { body: operation.body }),
      ...(operation.response instanceof z.ZodType && { response: { '2xx': operation.response } }),
    },
    bodyLimit: name === 'heartbeat' ? heartbeatBytes : jsonBytes,
    handler: async (request, reply) => {
      const key = idempotencyKeyOf(request.headers['idempotency-key']);
      const work = (): Promise<PlainAnswer> => answerOf(request, key, reply);
      const { status, value } = keepsAnswers(operation)
        ? await answerOnce(context.idempotency, key, [name, request.params, request.query, request.body], reply, work)
        : await work();
      const location = locations[name];
      if (location) reply.header('location', apiBase + location(value));
      return reply.code(status).send(value);
    },
  });
}

/** @throws Error naming the operations that nobody answers */
export async function jsonRoutes(app: FastifyInstance, context: ApiContext): Promise<void> {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body.length === 0) done(null, undefined);
    else parse(request, String(body), done);
  });
  limitBodyTime(app);
  const missing: string[] = [];
  for (const [name, operation] of Object.entries<Operation>(operations)) {
    if (isHandled(name, context.handlers)) addOperation(app, context, name);
    else if (operation.body !== 'bytes' && operation.response !== 'bytes') missing.push(name);
  }
  const own = ['createMediaTicket', 'getBlobOffset'];
  const unanswered = missing.filter((name) => !own.includes(name));
  if (unanswered.length > 0) throw new Error(`operations without a handler: ${unanswered.join(', ')}`);
}

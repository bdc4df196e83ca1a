/** The routes that are neither JSON nor stored bytes: the event stream and the API's description. */
import type { FastifyInstance } from 'fastify';
import { operations } from '../../../contract/hub-api.ts';
import { type ApiContext, routeOf } from './route-kit.ts';

/** `Last-Event-ID`, or `?lastEventId=` for readers that cannot set headers; null when there is none that is a number. */
function lastIdOf(header: string | string[] | undefined, url: string): number | null {
  const text = header ?? new URLSearchParams(url.split('?')[1]).get('lastEventId');
  return typeof text === 'string' && /^\d{1,16}$/.test(text) ? Number(text) : null;
}

export async function eventsRoutes(app: FastifyInstance, context: ApiContext): Promise<void> {
  app.route({
    ...routeOf('streamEvents', operations.streamEvents),
    exposeHeadRoute: false,
    handler: (request, reply) => {
      reply.hijack();
      context.streams.open(request.raw, reply.raw, lastIdOf(request.headers['last-event-id'], request.raw.url ?? ''));
    },
  });
  let description: string | undefined;
  app.route({
    ...routeOf('getOpenApi', operations.getOpenApi),
    handler: async (_request, reply) => {
      description ??= JSON.stringify(app.swagger());
      return reply.type('application/json').send(description);
    },
  });
}

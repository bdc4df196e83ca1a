/** The OpenAPI 3.1 description, made from the same schemas that validate. Owns its words, not the operations. */
import swagger from '@fastify/swagger';
import type { FastifyInstance, RouteOptions } from 'fastify';
import { createJsonSchemaTransform } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { problemSchema } from '../../../contract/errors.ts';
import { type OperationName, operations } from '../../../contract/hub-api.ts';
import type { Operation } from '../../../contract/operations/operation.ts';
import { problemMediaType } from './problems.ts';

const toJsonSchema = createJsonSchemaTransform({});
const binary = { type: 'string', format: 'binary' } as const;

const isOperation = (name: string | undefined): name is OperationName =>
  name !== undefined && Object.hasOwn(operations, name);

/** What a form may hold, and the octet stream where that is taken, too. */
function bytesBody(name: OperationName): object {
  const raw = { 'application/octet-stream': { schema: binary } };
  const files = { type: 'array', items: binary };
  const form = (fields: object) => ({
    'multipart/form-data': { schema: { type: 'object', properties: { ...fields, files } } },
  });
  if (name === 'addFileToBatch') return { content: { ...raw, ...form({}) } };
  if (name !== 'submitFiles') return { content: raw };
  const text = { type: 'string' };
  return { content: form({ pipeline: text, options: text, priority: text, name: text }) };
}

function answerOf(operation: Operation, name: OperationName): object {
  const description = operation.summary;
  if (operation.response === null) return { description, type: 'null' };
  if (operation.response !== 'bytes')
    return { description, content: { 'application/json': { schema: plainSchema(operation.response, 'output') } } };
  const types: Partial<Record<OperationName, string>> = {
    getOpenApi: 'application/json',
    streamEvents: 'text/event-stream',
    getThumbnail: 'image/webp',
  };
  return { description, content: { [types[name] ?? 'application/octet-stream']: { schema: binary } } };
}

function plainSchema(schema: z.ZodType, io: 'input' | 'output'): object {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}

const scopeWords: Readonly<Record<Operation['scope'], string>> = {
  public: 'Anybody may call this.',
  read: 'Needs a token with scope read.',
  submit: 'Needs a token with scope submit.',
  admin: 'Needs a token with scope admin.',
  node: 'For joined nodes.',
};

/** The documentation of one operation, in the words of the swagger plugin. */
function describe(name: OperationName, documented: object): object {
  const operation: Operation = operations[name];
  return {
    ...documented,
    operationId: name,
    summary: operation.summary,
    description: scopeWords[operation.scope],
    security: operation.scope === 'public' ? [] : [{ bearer: [] }],
    ...(operation.body === 'bytes' && { body: bytesBody(name) }),
    response: {
      [operation.status]: answerOf(operation, name),
      default: {
        description: 'A problem, RFC 9457',
        content: { [problemMediaType]: { schema: plainSchema(problemSchema, 'output') } },
      },
    },
  };
}

/** Registers the collector; call before the routes. @param version of this Millrace */
export async function openApi(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Millrace', version, description: 'The hub’s API. Errors are problem+json with a stable code.' },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
    },
    hideUntagged: false,
    transform: (document) => {
      const route: RouteOptions = document.route;
      const name = route.config?.operation;
      if (!isOperation(name) || route.method === 'HEAD') return { schema: { hide: true }, url: document.url };
      const { schema, url } = toJsonSchema(document);
      return { schema: describe(name, schema ?? {}), url };
    },
  });
}

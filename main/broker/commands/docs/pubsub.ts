/** Arguments and history of the pubsub commands for COMMAND DOCS, as in Redis 7.2 (BSD-3-Clause); the notation is command-docs.ts's. */
export const pubsubDocs = `
psubscribe pattern:+
publish channel:string message:string
pubsub|channels pattern:?
pubsub|numsub channel:string?+
pubsub|shardchannels pattern:?
pubsub|shardnumsub shardchannel:string?+
punsubscribe pattern:?+
spublish shardchannel:string message:string
ssubscribe shardchannel:string+
subscribe channel:string+
sunsubscribe shardchannel:string?+
unsubscribe channel:string?+
`;

/** The capability of a machine that tests let join. */

/** What a node tells of itself when it joins. */
export const labCapability = {
  agentVersion: '0',
  nodeVersion: '24',
  os: 'linux',
  arch: 'x64',
  cpuModel: 'x',
  cores: 2,
  memoryBytes: 16e9,
  kinds: [{ kind: 'watermark', codeVersion: 1, queue: 'watermark', concurrency: 2, engine: 'e' }],
  helpers: {},
};

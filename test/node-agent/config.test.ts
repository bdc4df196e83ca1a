import { describe, expect, it } from 'vitest';
import { agentConfig, ownNodeConfig } from '../../node-agent/config.ts';
import { isLoopback, parseHubAddress } from '../../node-agent/hub-address.ts';
import { readJoinToken } from '../../node-agent/joined-hub.ts';
import { packageVersion } from '../../node-agent/version.ts';

const hubId = '01890a5d-ac96-774b-bcce-b302099a8057';
const hints = Buffer.from('192.168.1.5:7443,[fd00::1]:7443,nonsense:port').toString('base64url');
const token = `mrt1.${hubId}.${'ab'.repeat(32)}.${'0'.repeat(16)}.${'s'.repeat(43)}.${hints}`;

describe('the configuration of a node', () => {
  it('takes flags before variables, and variables before the system', () => {
    const environment = { HOSTNAME: 'worker-7', WORKER_CONCURRENCY: '3', MILLRACE_DATA: '/srv/node' };
    expect(agentConfig({}, environment)).toMatchObject({
      dataDir: '/srv/node',
      name: 'worker-7',
      hubUrl: null,
      token: null,
      queues: null,
      concurrency: { all: 3, byQueue: {} },
      discover: true,
      asksToJoin: true,
    });
    const flags = { name: 'desk', data: '/tmp/x', concurrency: '4,upload=8', queues: 'watermark, upload', token };
    expect(agentConfig({ ...flags, hub: 'http://127.0.0.1:8080' }, environment)).toMatchObject({
      dataDir: '/tmp/x',
      name: 'desk',
      hubUrl: 'http://127.0.0.1:8080',
      token,
      queues: ['watermark', 'upload'],
      concurrency: { all: 4, byQueue: { upload: 8 } },
    });
  });

  it.each([
    ['hub', 'http://192.168.1.5:80'],
    ['hub', 'ftp://x'],
    ['hub', ''],
    ['token', 'mrt1.x'],
    ['queues', 'Water Mark'],
    ['queues', ''],
    ['concurrency', '-1'],
    ['concurrency', 'a=b'],
    ['concurrency', '99999'],
    ['name', ' '],
    ['name', 'x'.repeat(64)],
  ])('refuses --%s “%s” and names the option', (option, value) => {
    expect(() => agentConfig({ [option]: value }, {})).toThrow(
      expect.objectContaining({ code: 'option_invalid', details: { option } }),
    );
  });

  it('takes the hub’s word for its own node', () => {
    const config = ownNodeConfig({ hub: 'http://127.0.0.1:99', token, dataDir: '/d', name: 'n', blobDir: '/b' }, {});
    expect(config).toMatchObject({
      hubUrl: 'http://127.0.0.1:99',
      discover: false,
      asksToJoin: false,
      dataDir: '/d',
      name: 'n',
      hubBlobDir: '/b',
    });
  });
});

it('knows which addresses stay on this machine', () => {
  expect(['127.0.0.1', '127.9.9.9', '::1', 'localhost'].map(isLoopback)).toEqual([true, true, true, true]);
  expect(['10.0.0.1', '128.0.0.1', 'fd00::1', 'hub.local'].map(isLoopback)).toEqual([false, false, false, false]);
});

it('writes addresses in full', () => {
  expect(parseHubAddress('127.0.0.1:99')).toEqual({ baseUrl: 'http://127.0.0.1:99', host: '127.0.0.1', tls: false });
  expect(parseHubAddress('hub.local:99')).toMatchObject({ baseUrl: 'https://hub.local:99', tls: true });
  expect(parseHubAddress('https://[fd00::1]:7443/x')).toEqual({
    baseUrl: 'https://[fd00::1]:7443',
    host: 'fd00::1',
    tls: true,
  });
  expect(() => parseHubAddress('http://10.0.0.1:80')).toThrow('https');
  expect(() => parseHubAddress('https://user:pass@hub:1')).toThrow('password');
});

it('reads tokens with their hints', () => {
  expect(readJoinToken(` ${token}\n`)).toEqual({
    text: token,
    hubId,
    pin: 'ab'.repeat(32),
    addresses: ['https://192.168.1.5:7443', 'https://[fd00::1]:7443'],
  });
  expect(readJoinToken('hello')).toBeUndefined();
});

it('knows its version', () => {
  expect(packageVersion(import.meta.url)).toMatch(/^\d+\.\d+\.\d+$/);
  expect(packageVersion('file:///nowhere/at/all.ts')).toBe('0.0.0');
});

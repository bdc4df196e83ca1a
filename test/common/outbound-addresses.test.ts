import { expect, test } from 'vitest';
import { isLinkLocal } from '../../common/outbound-addresses.ts';
import { settingsSchema } from '../../contract/operations/hub.ts';

test('addresses of the link and of metadata services are told from others, however they are written', () => {
  const refused = [
    '169.254.169.254',
    '[fe80::1]',
    'fe80::1%eth0',
    '::ffff:169.254.169.254',
    'fd00:ec2::254',
    '100.100.100.200',
  ];
  expect(refused.filter((address) => !isLinkLocal(address))).toEqual([]);
  const allowed = ['192.168.1.2', '10.0.0.1', '127.0.0.1', '::1', 'fd00::1', '8.8.8.8', 'nas.local'];
  expect(allowed.filter(isLinkLocal)).toEqual([]);
});

test('a central server on the link is refused as a setting, also in the disguises that URLs allow', () => {
  const { centralServerUrl } = settingsSchema.shape;
  const refused = [
    'http://169.254.169.254/latest/meta-data/',
    'http://user:secret@169.254.1.1/',
    'http://0xA9FEA9FE/',
    'http://2852039166/',
    'http://[fe80::1]:80/',
    'file:///etc/passwd',
    'gopher://nas/',
  ];
  expect(refused.filter((url) => centralServerUrl.safeParse(url).success)).toEqual([]);
  for (const url of ['http://192.168.1.9:8080/upload-final', 'https://nas.local/in', null])
    expect(centralServerUrl.safeParse(url).success).toBe(true);
});

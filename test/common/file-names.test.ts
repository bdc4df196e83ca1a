import { describe, expect, it } from 'vitest';
import { freeName, plainName } from '../../common/file-names.ts';

describe('plainName', () => {
  it.each([
    ['photo.jpg', 'photo.jpg'],
    ['../../etc/passwd', 'passwd'],
    ['..\\..\\boot.ini', 'boot.ini'],
    ['/', '_'],
    ['..', '_'],
    ['', '_'],
    ['a\u0000b\n.png', 'a_b_.png'],
    ['what?.png', 'what?.png'],
    ['Cafe\u0301.jpg', 'Café.jpg'],
  ])('%j becomes %j', (name, expected) => {
    expect(plainName(name, 'linux')).toBe(expected);
  });

  it.each([
    ['what?.png', 'what_.png'],
    ['CON.jpg', '_CON.jpg'],
    ['trailing. ', 'trailing'],
    ['. .', '_'],
  ])('%j becomes %j where Windows keeps it', (name, expected) => {
    expect(plainName(name, 'win32')).toBe(expected);
  });
});

describe('freeName', () => {
  it('numbers twins, whatever their case', () => {
    const taken = new Set<string>();
    expect(['a.jpg', 'A.jpg', 'a.jpg', 'a (2).jpg'].map((name) => freeName(name, taken))).toEqual([
      'a.jpg',
      'A (2).jpg',
      'a (3).jpg',
      'a (2) (2).jpg',
    ]);
  });
});

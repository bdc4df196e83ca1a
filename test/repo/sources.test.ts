/** What holds for every file of the repository: readable sizes, an opening comment, nothing of anybody's machine, no media, no weights. */
import { statSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { projectFiles, readSource, root, sourceFiles } from './source-files.ts';

/** Lines that nobody should have to read in one file. About 300 is what to aim at. */
const maxLines = 400;
/** Longer ones, each with its reason. */
const longFiles: Readonly<Record<string, string>> = {};

const largestFileBytes = 1_000_000;
/** Files that may be larger, each with its reason. */
const largeFiles: Readonly<Record<string, string>> = {};

const files = projectFiles();
const sources = sourceFiles();
const literally = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const isText = (path: string): boolean =>
  /\.(ts|tsx|mjs|js|json|md|ya?ml|html|css|sql|sh|svg|txt|conf|service)$/.test(path) || /(^|\/)\.?[a-z]+$/.test(path);

test('no source file is too long to read', () => {
  const long = sources.filter((path) => readSource(path).split('\n').length - 1 > maxLines && !(path in longFiles));
  expect(long).toEqual([]);
  expect(Object.keys(longFiles).filter((path) => !sources.includes(path))).toEqual([]);
});

test('every source file but a test opens with a comment that says what it owns', () => {
  const spoken = sources.filter((path) => !path.endsWith('.test.ts'));
  const silent = spoken.filter((path) => !/^(#!.*\n)?(\/\*\*?|\/\/|'use strict';\n\/)/.test(readSource(path)));
  expect(silent).toEqual([]);
});

test('nothing names a machine, its folders or a package registry', () => {
  const forbidden: readonly [string, RegExp][] = [
    ['the folder of this checkout', new RegExp(`${literally(join(root, '..'))}/`)],
    ['a home folder', new RegExp(`${literally(homedir())}/[a-z]`)],
    ['a registry', /https?:\/\/(registry|deb)[.]/],
    ['this host', hostname().length > 5 ? new RegExp(`\\b${literally(hostname())}\\b`) : /(?!)/],
  ];
  const wrong: string[] = [];
  for (const path of files.filter(isText)) {
    const text = readSource(path);
    for (const [what, pattern] of forbidden) if (pattern.test(text)) wrong.push(`${path} names ${what}`);
  }
  expect(wrong).toEqual([]);
});

test('no media, weights or other large files are kept', () => {
  const wrong = files.filter((path) =>
    /\.(onnx|traineddata|bin|mp4|mkv|mov|flac|wav|mp3|cbz|cbr|gguf|safetensors)$/i.test(path),
  );
  expect(wrong).toEqual([]);
  const large = files.filter((path) => statSync(join(root, path)).size > largestFileBytes && !(path in largeFiles));
  expect(large).toEqual([]);
});

test('nothing is left half done or silenced', () => {
  // Assembled, so that this file does not name them itself.
  const marks = new RegExp(
    ['TO' + 'DO', 'FIX' + 'ME', '@ts-' + 'ignore', '@ts-' + 'nocheck', 'not imple' + 'mented'].join('|'),
  );
  const focus = new RegExp(`\\b(test|it|describe)\\.(on${'ly'}|to${'do'})\\(`);
  const wrong = sources.filter((path) => marks.test(readSource(path)) || focus.test(readSource(path)));
  expect(wrong).toEqual([]);
});

/** Draws the built-in mark: a small mill wheel over water, blue with a white rim, so that it reads on light and on dark. Run: `node tools/make-mark.ts`. */
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';

const sidePx = 512;
const centre = { x: 256, y: 206 };
const boards = 8;

const turned = (n: number, part: string): string =>
  `<g transform="rotate(${(360 / boards) * n} ${centre.x} ${centre.y})">${part}</g>`;

/** Rim, hub, spokes, and the boards that the water pushes, as strokes only. */
const board = `<path d="M${centre.x} ${centre.y - 122}v-46M${centre.x - 26} ${centre.y - 168}h52"/>`;
const wheel = [
  `<circle cx="${centre.x}" cy="${centre.y}" r="122"/>`,
  `<circle cx="${centre.x}" cy="${centre.y}" r="20"/>`,
  ...Array.from({ length: boards }, (_, n) => turned(n, `${board}<path d="M${centre.x} ${centre.y - 20}v-102"/>`)),
].join('');

const wave = (y: number): string =>
  `<path d="M24 ${y}c38.7 -34 77.3 -34 116 0s77.3 34 116 0s77.3 -34 116 0s77.3 34 116 0"/>`;
const water = wave(412) + wave(468);

const stroked = (colour: string, width: number): string =>
  `<g fill="none" stroke="${colour}" stroke-width="${width}" stroke-linecap="round" stroke-linejoin="round">${wheel}${water}</g>`;

const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${sidePx}" height="${sidePx}" viewBox="0 0 512 512">
${stroked('#ffffff', 40)}${stroked('#0b5c86', 20)}</svg>`;

const path = fileURLToPath(new URL('../node-agent/stages/assets/millrace-mark.png', import.meta.url));
await sharp(Buffer.from(svg)).png({ compressionLevel: 9 }).toFile(path);
process.stdout.write(`${path}\n`);

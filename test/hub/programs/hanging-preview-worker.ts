/** A preview worker that a picture stalls (its file says `hang`) or kills (`die`); others it answers at once, with its pid. */
import { readFileSync, writeFileSync } from 'node:fs';
import { previewOrderSchema } from '../../../main/hub/previews/preview-protocol.ts';

process.on('message', (message) => {
  const order = previewOrderSchema.parse(message);
  const what = readFileSync(order.input, 'utf8');
  if (what === 'die') process.kill(process.pid, 'SIGKILL');
  if (what === 'hang') while (true) readFileSync(order.input);
  writeFileSync(order.output, String(process.pid));
  process.send?.({ id: order.id, ok: true });
});

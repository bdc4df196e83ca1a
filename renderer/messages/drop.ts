/** Texts of the Drop page: the farm's sentence, the drop field, what is about to start, uploads, the race. */
import type { Privacy } from '../../contract/item.ts';
import { type Pair, pair, type Section } from './pair.ts';

export const dropMessages = {
  noMachines: pair('No machine works here yet.', 'Hier arbeitet noch kein Rechner.'),
  noMachinesNext: pair('Add one, and what you drop begins.', 'Füge einen hinzu, dann beginnt, was du ablegst.'),
  allSilent: pair('No machine is within reach.', 'Kein Rechner ist erreichbar.'),
  allSilentNext: pair(
    'Work goes on by itself when one is back.',
    'Die Arbeit geht von selbst weiter, sobald einer zurück ist.',
  ),
  allPaused: pair('Every machine is paused.', 'Alle Rechner sind pausiert.'),
  paused: pair('All work is paused.', 'Alle Arbeit ist pausiert.'),
  ready_one: pair('{{count, number}} machine ready.', '{{count, number}} Rechner bereit.'),
  ready_other: pair('{{count, number}} machines ready.', '{{count, number}} Rechner bereit.'),
  nothingWaiting: pair('Nothing is waiting.', 'Nichts wartet.'),
  working_one: pair('{{count, number}} machine at work.', '{{count, number}} Rechner arbeitet.'),
  working_other: pair('{{count, number}} machines at work.', '{{count, number}} Rechner arbeiten.'),
  leftItems_one: pair('{{count, number}} item to go.', 'Noch {{count, number}} Element.'),
  leftItems_other: pair('{{count, number}} items to go.', 'Noch {{count, number}} Elemente.'),
  left: pair('About {{time}} left.', 'Noch etwa {{time}}.'),
  failedSame_one: pair(
    '{{count, number}} item failed: {{cause}}.',
    '{{count, number}} Element ist fehlgeschlagen: {{cause}}.',
  ),
  failedSame_other: pair(
    '{{count, number}} items failed for the same reason: {{cause}}.',
    '{{count, number}} Elemente sind aus demselben Grund fehlgeschlagen: {{cause}}.',
  ),
  failedMany: pair(
    '{{count, number}} items failed for {{causes}} reasons.',
    '{{count, number}} Elemente sind aus {{causes}} Gründen fehlgeschlagen.',
  ),
  showThem: pair('Show them', 'Zeigen'),
  addMachine: pair('Add a machine', 'Rechner hinzufügen'),

  fieldTitle: pair('Drop pictures here', 'Bilder hier ablegen'),
  fieldText: pair(
    'Files, folders, or paste from the clipboard. JPEG, PNG, WebP, AVIF, TIFF and GIF.',
    'Dateien, Ordner oder aus der Zwischenablage. JPEG, PNG, WebP, AVIF, TIFF und GIF.',
  ),
  fieldStrip: pair('Drop more at any time', 'Lege jederzeit mehr ab'),
  chooseFiles: pair('Choose files', 'Dateien wählen'),
  chooseFolder: pair('Choose a folder', 'Ordner wählen'),
  overlay: pair('Let go to add', 'Loslassen zum Hinzufügen'),
  overlayCount_one: pair('{{count, number}} thing', '{{count, number}} Ding'),
  overlayCount_other: pair('{{count, number}} things', '{{count, number}} Dinge'),
  reading: pair('Looking through the folders … {{count, number}}', 'Sehe die Ordner durch … {{count, number}}'),
  nothingIn: pair('There are no files in what you dropped.', 'In dem, was du abgelegt hast, sind keine Dateien.'),

  stagedTitle_one: pair('{{count, number}} file, {{size}}', '{{count, number}} Datei, {{size}}'),
  stagedTitle_other: pair('{{count, number}} files, {{size}}', '{{count, number}} Dateien, {{size}}'),
  stagedMore: pair('and {{count, number}} more', 'und {{count, number}} weitere'),
  start: pair('Start', 'Starten'),
  discard: pair('Discard', 'Verwerfen'),
  pipeline: pair('What to do', 'Was tun'),
  priority: pair('When', 'Wann'),
  now: pair('First', 'Zuerst'),
  normal: pair('In turn', 'Der Reihe nach'),
  bulk: pair('When free', 'Wenn frei'),
  privacy: pair('Where', 'Wo'),
  started_one: pair('{{count, number}} file on its way.', '{{count, number}} Datei ist unterwegs.'),
  started_other: pair('{{count, number}} files on their way.', '{{count, number}} Dateien sind unterwegs.'),

  sending: pair('Sending {{done}} of {{total}}', 'Sende {{done}} von {{total}}'),
  sentBytes: pair('{{done}} of {{total}}', '{{done}} von {{total}}'),
  stopSending: pair('Stop sending', 'Senden abbrechen'),
  refusedTitle_one: pair('{{count, number}} file was not taken', '{{count, number}} Datei wurde nicht angenommen'),
  refusedTitle_other: pair(
    '{{count, number}} files were not taken',
    '{{count, number}} Dateien wurden nicht angenommen',
  ),
  refusedText: pair('All others are on their way.', 'Alle anderen sind unterwegs.'),
  refusedAll: pair('None was taken.', 'Keine wurde angenommen.'),
  dismiss: pair('Dismiss', 'Ausblenden'),
  notSent_one: pair('{{count, number}} file could not be sent', '{{count, number}} Datei konnte nicht gesendet werden'),
  notSent_other: pair(
    '{{count, number}} files could not be sent',
    '{{count, number}} Dateien konnten nicht gesendet werden',
  ),
  sendAgain: pair('Send again', 'Noch einmal senden'),

  latest: pair('Latest results', 'Neueste Ergebnisse'),
  latestAll: pair('All in the library', 'Alle in der Bibliothek'),
  latestNone: pair('Your results show up here.', 'Hier erscheinen deine Ergebnisse.'),
} as const satisfies Section;

/** Where the bytes of a drop may go. */
export const privacyMessages = {
  any: pair('Any machine', 'Jeder Rechner'),
  trusted: pair('Trusted ones', 'Vertraute'),
  'this-machine': pair('This machine', 'Dieser Rechner'),
} as const satisfies Record<Privacy, Pair>;

export const batchMessages = {
  title: pair('Under way', 'Unterwegs'),
  far: pair('{{done}} of {{total}}', '{{done}} von {{total}}'),
  pauseOf: pair('Pause: {{name}}', 'Pausieren: {{name}}'),
  resumeOf: pair('Resume: {{name}}', 'Fortsetzen: {{name}}'),
  more_one: pair('and {{count, number}} older one', 'und {{count, number}} ältere'),
  more_other: pair('and {{count, number}} older ones', 'und {{count, number}} ältere'),
} as const satisfies Section;

export const watermarkMessages = {
  name: pair('Watermark', 'Wasserzeichen'),
  summary: pair('{{logo}}, {{size}} %, {{corner}}', '{{logo}}, {{size}} %, {{corner}}'),
  summaryTile: pair('{{logo}}, {{size}} %, all over', '{{logo}}, {{size}} %, überall'),
  change: pair('Change', 'Ändern'),
  logo: pair('Mark', 'Zeichen'),
  ownLogo: pair('Millrace mark', 'Millrace-Zeichen'),
  chooseLogo: pair('Choose a picture', 'Bild wählen'),
  resetLogo: pair('Use the usual mark', 'Das übliche nehmen'),
  size: pair('Size', 'Größe'),
  sizeUnit: pair('% of the picture', '% des Bildes'),
  corner: pair('Where', 'Wo'),
  padding: pair('Distance', 'Abstand'),
  paddingLong: pair('Distance from the edge', 'Abstand vom Rand'),
  pixels: pair('px', 'px'),
  opacity: pair('Opacity', 'Deckkraft'),
  tile: pair('All over', 'Überall'),
  tileLong: pair('Repeat all over the picture', 'Über das ganze Bild wiederholen'),
  preview: pair('How it will lie', 'So wird es liegen'),
  'top-left': pair('top left', 'oben links'),
  'top-right': pair('top right', 'oben rechts'),
  'bottom-left': pair('bottom left', 'unten links'),
  'bottom-right': pair('bottom right', 'unten rechts'),
  center: pair('centre', 'Mitte'),
} as const satisfies Section;

export const raceMessages = {
  title: pair('The race', 'Der Mühlgraben'),
  caption: pair('What each machine works on now', 'Woran jeder Rechner gerade arbeitet'),
  machine: pair('Machine', 'Rechner'),
  state: pair('State', 'Zustand'),
  items: pair('Items', 'Elemente'),
  done: pair('Done', 'Fertig'),
  waiting: pair('Waiting', 'Wartend'),
  free: pair('free', 'frei'),
  more: pair('+{{count, number}}', '+{{count, number}}'),
  countWaiting: pair('{{count, number}} waiting', '{{count, number}} wartend'),
  countWorking: pair('{{count, number}} at work', '{{count, number}} in Arbeit'),
  waitingNone: pair('Channel is clear', 'Der Graben ist frei'),
  doneCount: pair('{{count, number}} done', '{{count, number}} fertig'),
  tableRow: pair('{{item}}, {{step}}, {{percent}}', '{{item}}, {{step}}, {{percent}}'),
  begun: pair('begun', 'begonnen'),
} as const satisfies Section;

/** Texts of the frame: rail, search, commands, connection, keys, and the words that every page uses. */
import { pair, type Section } from './pair.ts';

export const appMessages = {
  name: pair('Millrace', 'Millrace'),
  skip: pair('Skip to content', 'Zum Inhalt springen'),
  places: pair('Places', 'Orte'),
  drop: pair('Drop', 'Ablegen'),
  library: pair('Library', 'Bibliothek'),
  farm: pair('Farm', 'Farm'),
  settings: pair('Settings', 'Einstellungen'),
  search: pair('Search items', 'Elemente suchen'),
  searchShort: pair('Search', 'Suchen'),
  bar: pair('Search and state', 'Suche und Zustand'),
  commands: pair('Commands', 'Befehle'),
  commandsHint: pair('Type a command or a name', 'Befehl oder Namen eingeben'),
  commandsNone: pair('Nothing fits. Try another word.', 'Nichts passt. Versuche ein anderes Wort.'),
  activity: pair('Activity', 'Aktivität'),
  activityFailures_one: pair(
    'Activity, {{count, number}} item failed',
    'Aktivität, {{count, number}} Element fehlgeschlagen',
  ),
  activityFailures_other: pair(
    'Activity, {{count, number}} items failed',
    'Aktivität, {{count, number}} Elemente fehlgeschlagen',
  ),
  live: pair('Live', 'Live'),
  connecting: pair('Connecting', 'Verbinde'),
  away: pair('Hub away', 'Hub weg'),
  awayLong: pair(
    'The hub does not answer. Work goes on by itself when it is back; this page follows.',
    'Der Hub antwortet nicht. Die Arbeit geht von selbst weiter, sobald er zurück ist; diese Seite folgt.',
  ),
  pause: pair('Pause', 'Pausieren'),
  resume: pair('Resume', 'Fortsetzen'),
  pauseAll: pair('Pause everything', 'Alles pausieren'),
  resumeAll: pair('Resume everything', 'Alles fortsetzen'),
  farmAsking_one: pair('machine asks to join', 'Rechner möchte beitreten'),
  farmAsking_other: pair('machines ask to join', 'Rechner möchten beitreten'),
  close: pair('Close', 'Schließen'),
  cancel: pair('Cancel', 'Abbrechen'),
  copied: pair('Copied', 'Kopiert'),
  retry: pair('Try again', 'Noch einmal'),
  loading: pair('Loading', 'Lädt'),
  brokenTitle: pair('This page stopped', 'Diese Seite ist stehen geblieben'),
  brokenText: pair(
    'Something in the window failed. Your work is not touched; load the window again.',
    'Etwas im Fenster ist fehlgeschlagen. Deine Arbeit ist nicht betroffen; lade das Fenster neu.',
  ),
  reload: pair('Load again', 'Neu laden'),
  notFoundTitle: pair('There is nothing here', 'Hier ist nichts'),
  notFoundText: pair(
    'The address leads nowhere. Go on from the start.',
    'Die Adresse führt nirgendwohin. Geh vom Anfang aus weiter.',
  ),
  toStart: pair('To the start', 'Zum Anfang'),
  justNow: pair('just now', 'gerade eben'),
  items_one: pair('{{count, number}} item', '{{count, number}} Element'),
  items_other: pair('{{count, number}} items', '{{count, number}} Elemente'),
  keys: pair('Keys', 'Tasten'),
  keysAdd: pair('Choose files', 'Dateien wählen'),
  keysPaste: pair('Add what is in the clipboard', 'Aus der Zwischenablage hinzufügen'),
  keysSearch: pair('Search', 'Suchen'),
  keysCommands: pair('Commands', 'Befehle'),
  keysSettings: pair('Settings', 'Einstellungen'),
  keysOpen: pair('Open the item', 'Element öffnen'),
  keysSelect: pair('Select the item', 'Element auswählen'),
  keysRange: pair('Select from there to here', 'Von dort bis hier auswählen'),
  keysAll: pair('Select all that is loaded', 'Alles Geladene auswählen'),
  keysMove: pair('Move in the library', 'In der Bibliothek bewegen'),
  keysDivider: pair('Move the divider of before and after', 'Trenner von Vorher und Nachher bewegen'),
  keysHelp: pair('Show these keys', 'Diese Tasten zeigen'),
  keysClose: pair('Close what is open', 'Offenes schließen'),
  keysNote: pair(
    'Single keys can be turned off in the settings.',
    'Einzelne Tasten lassen sich in den Einstellungen abschalten.',
  ),
} as const satisfies Section;

export const sessionMessages = {
  title: pair('Open this hub', 'Diesen Hub öffnen'),
  text: pair(
    'This window needs the hub’s token. On the hub’s machine, type this and paste what it prints:',
    'Dieses Fenster braucht das Token des Hubs. Gib das auf dem Rechner des Hubs ein und füge die Ausgabe ein:',
  ),
  field: pair('Token', 'Token'),
  open: pair('Open', 'Öffnen'),
  orFile: pair(
    'Or copy it from the file “token” in the hub’s data folder.',
    'Oder kopiere es aus der Datei „token“ im Datenordner des Hubs.',
  ),
  refused: pair(
    'The hub does not know this token. Make a new one with the line above.',
    'Der Hub kennt dieses Token nicht. Mache ein neues mit der Zeile oben.',
  ),
  unreachable: pair(
    'The hub does not answer. Check that it runs, then try again.',
    'Der Hub antwortet nicht. Prüfe, ob er läuft, und versuche es noch einmal.',
  ),
  kept: pair('It is kept in this tab only.', 'Es bleibt nur in diesem Tab.'),
} as const satisfies Section;

export const liveMessages = {
  done_one: pair('{{count, number}} item done.', '{{count, number}} Element fertig.'),
  done_other: pair('{{count, number}} items done.', '{{count, number}} Elemente fertig.'),
  failed_one: pair('{{count, number}} item failed.', '{{count, number}} Element fehlgeschlagen.'),
  failed_other: pair('{{count, number}} items failed.', '{{count, number}} Elemente fehlgeschlagen.'),
  machineSilent: pair('{{name}} is not heard of any more.', 'Von {{name}} ist nichts mehr zu hören.'),
} as const satisfies Section;

/** Above every page. */
export const noticeMessages = {
  paused: pair('Paused: nothing new is started.', 'Pausiert: nichts Neues beginnt.'),
  pausedText: pair(
    'What was under way was taken back and goes on when you resume.',
    'Was lief, wurde zurückgeholt und geht weiter, sobald du fortsetzt.',
  ),
  disk_full: pair('The hub’s disk is full.', 'Die Festplatte des Hubs ist voll.'),
  disk_full_text: pair(
    'It takes no more files until {{needed}} are free; {{free}} are now. What is at work goes on. Make room, and it takes files again by itself.',
    'Er nimmt keine Dateien mehr an, bis {{needed}} frei sind; jetzt sind es {{free}}. Was läuft, geht weiter. Schaffe Platz, dann nimmt er von selbst wieder an.',
  ),
  broker_away: pair('The queue cannot be reached.', 'Die Warteschlange ist nicht erreichbar.'),
  broker_away_text: pair(
    'Nothing is lost; work goes on by itself when it is back.',
    'Nichts geht verloren; die Arbeit geht von selbst weiter, sobald sie zurück ist.',
  ),
  asking_one: pair('“{{name}}” asks to join.', '„{{name}}“ möchte beitreten.'),
  asking_other: pair('{{count, number}} machines ask to join.', '{{count, number}} Rechner möchten beitreten.'),
  askingText: pair('Compare the digits that it shows.', 'Vergleiche die Ziffern, die er zeigt.'),
  askingOpen: pair('Compare', 'Vergleichen'),
} as const satisfies Section;

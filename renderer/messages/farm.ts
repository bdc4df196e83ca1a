/** Texts of the farm: machines, adding one, words for states, steps and reasons of waiting, and failures. */
import type { WaitingCode } from '../../contract/reasons.ts';
import { type Pair, pair, type Section } from './pair.ts';

export const farmMessages = {
  title: pair('Farm', 'Farm'),
  summary_one: pair('{{count, number}} machine, {{cores}} cores', '{{count, number}} Rechner, {{cores}} Kerne'),
  summary_other: pair('{{count, number}} machines, {{cores}} cores', '{{count, number}} Rechner, {{cores}} Kerne'),
  add: pair('Add a machine', 'Rechner hinzufügen'),
  emptyTitle: pair('No machine yet', 'Noch kein Rechner'),
  emptyText: pair(
    'A spare machine on your network joins with two lines.',
    'Ein freier Rechner in deinem Netz kommt mit zwei Zeilen dazu.',
  ),
  thisMachine: pair('This machine', 'Dieser Rechner'),
  seen: pair('Last heard {{time}}', 'Zuletzt gehört {{time}}'),
  doesNothing: pair('Free. It takes the next item.', 'Frei. Er nimmt das nächste Element.'),
  silentText: pair('Not heard of. Its work went to the others.', 'Nichts zu hören. Seine Arbeit ging an die anderen.'),
  pausedText: pair('Its owner wants it for other things now.', 'Sein Besitzer braucht ihn gerade selbst.'),
  allPausedText: pair('All work is paused.', 'Alle Arbeit ist pausiert.'),
  hold_pause: pair('You paused it.', 'Du hast ihn pausiert.'),
  hold_drain: pair(
    'It finished what it had, and gets no more.',
    'Er hat fertig gemacht, was er hatte, und bekommt nichts mehr.',
  ),
  worksOn: pair('Works on', 'Arbeitet an'),
  more_one: pair('and {{count, number}} more', 'und {{count, number}} weiteres'),
  more_other: pair('and {{count, number}} more', 'und {{count, number}} weitere'),
  can: pair('Can do', 'Kann'),
  at: pair('{{time}} each', 'je {{time}}'),
  notYet: pair('not measured yet', 'noch nicht gemessen'),
  processor: pair('Processor', 'Prozessor'),
  memory: pair('Memory', 'Speicher'),
  disk: pair('Disk', 'Festplatte'),
  free: pair('{{size}} free', '{{size}} frei'),
  cores_one: pair('{{count, number}} core', '{{count, number}} Kern'),
  cores_other: pair('{{count, number}} cores', '{{count, number}} Kerne'),
  done_one: pair('{{count, number}} step done', '{{count, number}} Schritt erledigt'),
  done_other: pair('{{count, number}} steps done', '{{count, number}} Schritte erledigt'),
  failed_one: pair('{{count, number}} failed', '{{count, number}} fehlgeschlagen'),
  failed_other: pair('{{count, number}} failed', '{{count, number}} fehlgeschlagen'),
  history: pair('Steps in the last 10 minutes', 'Schritte der letzten 10 Minuten'),
  menu: pair('More for {{name}}', 'Mehr zu {{name}}'),
  pause: pair('Pause now', 'Jetzt pausieren'),
  drain: pair('Finish, then pause', 'Fertig machen, dann pausieren'),
  resumeOf: pair('Resume {{name}}', '{{name}} fortsetzen'),
  trusted: pair('Trusted', 'Vertraut'),
  trust: pair('Trust', 'Vertrauen'),
  trustNoMore: pair('Trust no longer', 'Nicht mehr vertrauen'),
  trustedNow: pair('{{name}} takes items for trusted machines.', '{{name}} nimmt Elemente für vertraute Rechner.'),
  trustedNoMore: pair(
    '{{name}} gets no more items for trusted machines.',
    '{{name}} bekommt keine Elemente für vertraute Rechner mehr.',
  ),
  rename: pair('Rename', 'Umbenennen'),
  renameTitle: pair('Rename {{name}}', '{{name}} umbenennen'),
  name: pair('Name', 'Name'),
  nameText: pair('Empty: what it calls itself.', 'Leer: wie er sich selbst nennt.'),
  renameSave: pair('Rename', 'Umbenennen'),
  renamed: pair('It is called {{name}} now.', 'Er heißt jetzt {{name}}.'),
  benched: pair('Set aside: it failed its own test.', 'Beiseitegestellt: Er hat den eigenen Test nicht bestanden.'),
  benchedNext: pair('Tested again at {{time}}.', 'Nächster Test um {{time}}.'),
  useAgain: pair('Use again', 'Wieder nutzen'),
  useAgainFor: pair('Use again: {{name}} for “{{step}}”', 'Wieder nutzen: {{name}} für „{{step}}“'),
  usedAgain: pair(
    '{{name}} does “{{step}}” again; it is tested at once.',
    '{{name}} macht wieder „{{step}}“; er wird sofort getestet.',
  ),
  remove: pair('Send away', 'Wegschicken'),
  removeTitle: pair('Send {{name}} away?', '{{name}} wegschicken?'),
  removeText: pair(
    'Its work goes to the other machines. To come back it has to join again.',
    'Seine Arbeit geht an die anderen Rechner. Um zurückzukommen, muss er neu beitreten.',
  ),
  removed: pair('{{name}} is gone.', '{{name}} ist weg.'),
  online: pair('Ready', 'Bereit'),
  working: pair('At work', 'Bei der Arbeit'),
  finishing: pair('Finishing', 'Macht fertig'),
  silent: pair('Out of reach', 'Nicht erreichbar'),
  paused: pair('Paused', 'Pausiert'),

  addTitle: pair('Add a machine', 'Rechner hinzufügen'),
  addText: pair(
    'Copy the Millrace folder to the other machine, open a terminal there, and type these lines.',
    'Kopiere den Millrace-Ordner auf den anderen Rechner, öffne dort ein Terminal und gib diese Zeilen ein.',
  ),
  addLines: pair('Lines to type on the other machine', 'Zeilen für den anderen Rechner'),
  addCopy: pair('Copy the lines', 'Zeilen kopieren'),
  addOnce: pair('For one machine, until {{time}}.', 'Für einen Rechner, bis {{time}}.'),
  addDoor: pair(
    'While machines are accepted, this hub can be reached from your network, encrypted.',
    'Solange Rechner angenommen werden, ist dieser Hub aus deinem Netz erreichbar, verschlüsselt.',
  ),
  addWaiting: pair('Waiting for it to appear …', 'Warte, bis er erscheint …'),
  addAppeared: pair('{{name}} is here and ready.', '{{name}} ist da und bereit.'),
  addAnother: pair('Add another', 'Noch einen'),
  addDone: pair('Done', 'Fertig'),
  addByCode: pair(
    'Without the token it shows six digits, and asks here to be let in.',
    'Ohne das Token zeigt er sechs Ziffern und bittet hier um Einlass.',
  ),
  pairTitle: pair('“{{name}}” wants to join', '„{{name}}“ möchte beitreten'),
  pairAsk: pair('Does it show {{code}}?', 'Zeigt er {{code}}?'),
  pairFrom: pair('{{os}}, {{cores}}, from {{address}}', '{{os}}, {{cores}}, von {{address}}'),
  pairYes: pair('Yes, the same', 'Ja, dieselben'),
  pairNo: pair('No, turn it away', 'Nein, abweisen'),
  pairApproved: pair('{{name}} is let in.', '{{name}} wird eingelassen.'),
  pairRejected: pair('{{name}} was turned away.', '{{name}} wurde abgewiesen.'),
  pairFlood_one: pair(
    '{{count, number}} request was turned away: somebody asks too often. A token is the safer way in.',
    '{{count, number}} Anfrage wurde abgewiesen: jemand fragt zu oft. Ein Token ist der sicherere Weg.',
  ),
  pairFlood_other: pair(
    '{{count, number}} requests were turned away: somebody asks too often. A token is the safer way in.',
    '{{count, number}} Anfragen wurden abgewiesen: jemand fragt zu oft. Ein Token ist der sicherere Weg.',
  ),
  addNeeds: pair('It needs Node.js 20 or newer.', 'Er braucht Node.js 20 oder neuer.'),
} as const satisfies Section;

export const failureMessages = {
  title: pair('Needs you', 'Braucht dich'),
  none: pair('Nothing failed.', 'Nichts ist fehlgeschlagen.'),
  retryAll: pair('Try again', 'Noch einmal'),
  retryCount_one: pair('Try {{count, number}} again', '{{count, number}} noch einmal'),
  retryCount_other: pair('Try {{count, number}} again', '{{count, number}} noch einmal'),
  retried_one: pair('{{count, number}} item tries again.', '{{count, number}} Element versucht es noch einmal.'),
  retried_other: pair('{{count, number}} items try again.', '{{count, number}} Elemente versuchen es noch einmal.'),
  on: pair('on {{machine}}', 'auf {{machine}}'),
  at: pair('at “{{step}}”', 'bei „{{step}}“'),
  said: pair('What was said', 'Was gemeldet wurde'),
  which: pair('Items', 'Elemente'),
  toSettings: pair('Open settings', 'Einstellungen öffnen'),
} as const satisfies Section;

export const evidenceMessages = {
  title: pair('What was tried', 'Was versucht wurde'),
  try: pair('{{step}} on {{machine}}', '{{step}} auf {{machine}}'),
  lastLines: pair('Its last lines', 'Die letzten Zeilen'),
  passed: pair(
    'Right after, the machine passed its own test: it is not to blame.',
    'Gleich danach bestand der Rechner den eigenen Test: an ihm liegt es nicht.',
  ),
  failed: pair(
    'Right after, the machine failed its own test, too: this try does not count against the file.',
    'Gleich danach fiel der Rechner auch im eigenen Test durch: Dieser Versuch spricht nicht gegen die Datei.',
  ),
} as const satisfies Section;

export const stateMessages = {
  waiting: pair('Waiting', 'Wartet'),
  running: pair('At work', 'In Arbeit'),
  paused: pair('Paused', 'Pausiert'),
  done: pair('Done', 'Fertig'),
  failed: pair('Failed', 'Fehlgeschlagen'),
  quarantined: pair('File at fault', 'Datei fehlerhaft'),
  cancelled: pair('Stopped', 'Angehalten'),
  placed: pair('Handed over', 'Übergeben'),
  lost: pair('Machine lost', 'Rechner verloren'),
  dropped: pair('Taken over', 'Übernommen'),
} as const satisfies Section;

export const stepMessages = {
  watermark: pair('Watermark', 'Wasserzeichen'),
  'upload-final': pair('Hand over', 'Abgeben'),
} as const satisfies Section;

/** By the codes of contract/reasons.ts; the facts are filled in by their names. */
export const reasonMessages = {
  no_machines: pair(
    'No machine is connected. Start one, or let this one work.',
    'Kein Rechner ist verbunden. Starte einen, oder lass diesen arbeiten.',
  ),
  no_machine_for_kind: pair(
    'No connected machine can do “{{step}}”. Add one that can, or update it.',
    'Kein verbundener Rechner kann „{{step}}“. Füge einen hinzu, oder aktualisiere ihn.',
  ),
  machines_paused: pair(
    'Every machine that could do it is paused by its owner.',
    'Alle Rechner, die es könnten, sind von ihren Besitzern pausiert.',
  ),
  machines_benched: pair(
    '{{machines}} failed their own test for “{{kind}}”; they are tested again by themselves.',
    '{{machines}} hat den eigenen Test für „{{kind}}“ nicht bestanden; er wird von selbst wiederholt.',
  ),
  needs_trusted: pair(
    'It may run on trusted machines only, and none of them is connected.',
    'Es darf nur auf vertrauten Rechnern laufen, und keiner davon ist verbunden.',
  ),
  needs_this_machine: pair(
    'It may run on the hub’s own machine only, and that one cannot take it now.',
    'Es darf nur auf dem Rechner des Hubs laufen, und der kann es gerade nicht nehmen.',
  ),
  memory_busy: pair(
    'It waits until {{needed}} of memory are free on a machine.',
    'Es wartet, bis auf einem Rechner {{needed}} Speicher frei sind.',
  ),
  waits_alone: pair(
    'Machines went down with it, so it runs alone; it begins as soon as one of them is idle.',
    'Rechner sind damit ausgefallen, darum läuft es allein; es beginnt, sobald einer frei von Arbeit ist.',
  ),
  job_paused: pair('It is paused; resume it to go on.', 'Es ist pausiert; setze es fort.'),
  all_paused: pair('All work is paused; resume it to go on.', 'Alle Arbeit ist pausiert; setze sie fort.'),
  machines_busy: pair(
    'The machines are busy; it is next as soon as one is free.',
    'Die Rechner sind beschäftigt; es ist dran, sobald einer frei ist.',
  ),
  needs_memory: pair(
    'It needs a machine with {{needed}} of memory; the largest has {{largest}}.',
    'Es braucht einen Rechner mit {{needed}} Speicher; der größte hat {{largest}}.',
  ),
  needs_disk: pair(
    'It needs a machine with {{needed}} of free disk.',
    'Es braucht einen Rechner mit {{needed}} freiem Plattenplatz.',
  ),
  back_off: pair(
    'It is tried again in {{seconds}} s: {{message}}',
    'Es wird in {{seconds}} s noch einmal versucht: {{message}}',
  ),
  same_work: pair(
    'The same work is being done for “{{item}}”; its result will be used.',
    'Dieselbe Arbeit läuft schon für „{{item}}“; ihr Ergebnis wird verwendet.',
  ),
  at_machine: pair(
    'It lies ready at {{machine}} and begins as soon as that is free.',
    'Es liegt bei {{machine}} bereit und beginnt, sobald der frei ist.',
  ),
  broker_away: pair(
    'The queue cannot be reached; work goes on by itself when it is back.',
    'Die Warteschlange ist nicht erreichbar; die Arbeit geht von selbst weiter, sobald sie zurück ist.',
  ),
  planning: pair('It is being planned.', 'Es wird geplant.'),
} as const satisfies Record<WaitingCode, Pair>;

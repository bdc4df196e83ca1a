/** What went wrong and what to do, by the codes of contract/errors.ts. A code without a text does not compile. */
import type { ErrorCode } from '../../contract/errors.ts';
import { type Pair, pair } from './pair.ts';

type ErrorText = {
  readonly title: Pair;
  readonly hint: Pair;
};

const text = (en: string, enHint: string, de: string, deHint: string): ErrorText => ({
  title: pair(en, de),
  hint: pair(enHint, deHint),
});

export const errorMessages = {
  input_empty: text(
    'The file is empty',
    'Copy it again from where it came.',
    'Die Datei ist leer',
    'Kopiere sie noch einmal von dort, wo sie herkam.',
  ),
  input_not_media: text(
    'Millrace cannot read this kind of file',
    'Drop a picture: JPEG, PNG, WebP, AVIF, TIFF or GIF.',
    'Diese Art von Datei kann Millrace nicht lesen',
    'Lege ein Bild ab: JPEG, PNG, WebP, AVIF, TIFF oder GIF.',
  ),
  input_wrong_kind: text(
    'This kind of file does not fit what you chose',
    'Choose something else to do with it.',
    'Diese Art von Datei passt nicht zu dem, was du gewählt hast',
    'Wähle für sie etwas anderes.',
  ),
  input_truncated: text(
    'The file is cut off',
    'It ends too early. Copy it again from where it came.',
    'Die Datei ist abgeschnitten',
    'Sie endet zu früh. Kopiere sie noch einmal.',
  ),
  input_damaged: text(
    'The file is damaged',
    'Open it in its own program and save it again.',
    'Die Datei ist beschädigt',
    'Öffne sie in ihrem Programm und sichere sie neu.',
  ),
  input_too_many_pixels: text(
    'The picture is too large',
    'Make it smaller, or raise the limit in the settings.',
    'Das Bild ist zu groß',
    'Verkleinere es, oder hebe die Grenze in den Einstellungen an.',
  ),
  input_too_many_frames: text(
    'The animation is too long',
    'Shorten it first.',
    'Die Animation ist zu lang',
    'Kürze sie zuerst.',
  ),
  input_too_large: text(
    'The file is too large',
    'Raise the limit in the settings, or split the file.',
    'Die Datei ist zu groß',
    'Hebe die Grenze in den Einstellungen an, oder teile die Datei.',
  ),
  input_svg_external: text(
    'The drawing refers to other files',
    'Export it with everything embedded.',
    'Die Zeichnung verweist auf andere Dateien',
    'Exportiere sie so, dass alles eingebettet ist.',
  ),
  input_svg_unsupported: text(
    'SVG drawings are not taken here',
    'Export the drawing as PNG first.',
    'SVG-Zeichnungen werden hier nicht angenommen',
    'Exportiere die Zeichnung zuerst als PNG.',
  ),
  input_unsafe_name: text(
    'The file has a name that cannot be used',
    'Rename it: no slashes, no control characters.',
    'Die Datei hat einen unbrauchbaren Namen',
    'Benenne sie um: keine Schrägstriche, keine Steuerzeichen.',
  ),
  input_digest_mismatch: text(
    'The file was damaged on the way',
    'Send it again.',
    'Die Datei wurde unterwegs beschädigt',
    'Sende sie noch einmal.',
  ),
  input_too_small: text('The picture is too small', 'Use a larger one.', 'Das Bild ist zu klein', 'Nimm ein größeres.'),
  option_invalid: text(
    'A setting of this order does not fit',
    'Change the setting named.',
    'Eine Angabe passt nicht',
    'Ändere die genannte Angabe.',
  ),
  pipeline_unknown: text(
    'This cannot be done here',
    'Update the hub, or choose something else.',
    'Das kann hier nicht getan werden',
    'Aktualisiere den Hub, oder wähle etwas anderes.',
  ),
  logo_unreadable: text(
    'The mark cannot be read',
    'Use a PNG, WebP or JPEG picture as the mark.',
    'Das Zeichen kann nicht gelesen werden',
    'Nimm ein PNG-, WebP- oder JPEG-Bild.',
  ),
  logo_address_refused: text(
    'This address is not fetched',
    'Use a file as the mark instead.',
    'Diese Adresse wird nicht geholt',
    'Nimm stattdessen eine Datei als Zeichen.',
  ),
  logo_fetch_failed: text(
    'The mark could not be fetched',
    'Check its address, or use a file.',
    'Das Zeichen konnte nicht geholt werden',
    'Prüfe die Adresse, oder nimm eine Datei.',
  ),
  request_invalid: text(
    'The hub did not understand',
    'Load the window again. If it stays, update both.',
    'Der Hub hat das nicht verstanden',
    'Lade das Fenster neu. Bleibt es so, aktualisiere beide.',
  ),
  not_found: text(
    'It is not there any more',
    'It may have been removed.',
    'Es ist nicht mehr da',
    'Es wurde vielleicht entfernt.',
  ),
  method_not_allowed: text(
    'This cannot be done here',
    'Update the hub.',
    'Das geht hier nicht',
    'Aktualisiere den Hub.',
  ),
  unauthorized: text(
    'The hub does not know this window',
    'Open it again with a new token.',
    'Der Hub kennt dieses Fenster nicht',
    'Öffne es mit einem neuen Token.',
  ),
  forbidden: text(
    'This is not allowed',
    'The token of this window does not cover it.',
    'Das ist nicht erlaubt',
    'Das Token dieses Fensters reicht dafür nicht.',
  ),
  conflict: text(
    'It has changed meanwhile',
    'Look at its state and try again.',
    'Es hat sich inzwischen geändert',
    'Sieh dir den Zustand an und versuche es noch einmal.',
  ),
  attempt_closed: text(
    'Another machine took it over',
    'Nothing to do.',
    'Ein anderer Rechner hat es übernommen',
    'Es ist nichts zu tun.',
  ),
  upload_offset_mismatch: text(
    'The transfer got out of step',
    'Send it again.',
    'Die Übertragung kam aus dem Tritt',
    'Sende es noch einmal.',
  ),
  idempotency_mismatch: text(
    'The same order came twice with different content',
    'Try again.',
    'Derselbe Auftrag kam zweimal mit anderem Inhalt',
    'Versuche es noch einmal.',
  ),
  media_type_unsupported: text(
    'The hub does not take this',
    'Update the hub.',
    'Das nimmt der Hub nicht an',
    'Aktualisiere den Hub.',
  ),
  too_many_requests: text(
    'Too much at once',
    'Wait a moment, then try again.',
    'Zu viel auf einmal',
    'Warte einen Moment und versuche es dann noch einmal.',
  ),
  not_ready: text(
    'The hub is starting or stopping',
    'Try again in a moment.',
    'Der Hub startet oder hält an',
    'Versuche es gleich noch einmal.',
  ),
  disk_full: text(
    'The disk is full',
    'Make room on it; work goes on by itself.',
    'Die Festplatte ist voll',
    'Schaffe Platz; die Arbeit geht von selbst weiter.',
  ),
  internal: text(
    'Something went wrong in the hub',
    'Try again. If it stays, the hub’s log has the details.',
    'Im Hub ist etwas schiefgegangen',
    'Versuche es noch einmal. Bleibt es so, steht es im Protokoll des Hubs.',
  ),
  token_invalid: text(
    'This join token is not valid',
    'Make a new one: add a machine.',
    'Dieses Beitritts-Token gilt nicht',
    'Mache ein neues: Rechner hinzufügen.',
  ),
  protocol_unsupported: text(
    'The versions do not fit',
    'Update Millrace on the machine with the older version.',
    'Die Versionen passen nicht',
    'Aktualisiere Millrace auf dem Rechner mit der älteren Version.',
  ),
  node_cloned: text(
    'Two machines have the same key',
    'One is a copy of the other. Let the copy join as a machine of its own.',
    'Zwei Rechner haben denselben Schlüssel',
    'Einer ist eine Kopie des anderen. Lass die Kopie als eigenen Rechner beitreten.',
  ),
  node_unknown: text(
    'This machine is not known here',
    'Let it join again: add a machine.',
    'Dieser Rechner ist hier nicht bekannt',
    'Lass ihn neu beitreten: Rechner hinzufügen.',
  ),
  hub_identity_changed: text(
    'The hub is not the one that was joined',
    'If it was set up anew, let the machine join again.',
    'Der Hub ist nicht der, dem beigetreten wurde',
    'Wurde er neu aufgesetzt, lass den Rechner neu beitreten.',
  ),
  stage_timeout: text(
    'A step took too long',
    'Try again, or add a faster machine.',
    'Ein Schritt dauerte zu lange',
    'Versuche es noch einmal, oder füge einen schnelleren Rechner hinzu.',
  ),
  stage_crashed: text(
    'A step broke off',
    'It was tried on other machines too. Check the file in its own program.',
    'Ein Schritt brach ab',
    'Auch andere Rechner haben es versucht. Prüfe die Datei in ihrem Programm.',
  ),
  stage_out_of_memory: text(
    'A step needs more memory',
    'Add a machine with more memory, then try again.',
    'Ein Schritt braucht mehr Speicher',
    'Füge einen Rechner mit mehr Speicher hinzu und versuche es noch einmal.',
  ),
  stage_failed: text(
    'A step failed',
    'See what was said, then try again.',
    'Ein Schritt ist fehlgeschlagen',
    'Sieh nach, was gemeldet wurde, und versuche es noch einmal.',
  ),
  stage_invalid_payload: text(
    'A machine did not understand the hub',
    'Update Millrace on both.',
    'Ein Rechner hat den Hub nicht verstanden',
    'Aktualisiere Millrace auf beiden.',
  ),
  stage_invalid_output: text(
    'A step gave a result that is not valid',
    'Update Millrace on that machine, then try again.',
    'Ein Schritt lieferte ein ungültiges Ergebnis',
    'Aktualisiere Millrace auf diesem Rechner und versuche es noch einmal.',
  ),
  blob_unavailable: text(
    'The file’s bytes could not be had',
    'Drop the file again.',
    'Die Bytes der Datei waren nicht zu bekommen',
    'Lege die Datei noch einmal ab.',
  ),
  hub_unreachable: text(
    'The hub cannot be reached',
    'Check that it runs; work goes on by itself when it is back.',
    'Der Hub ist nicht erreichbar',
    'Prüfe, ob er läuft; die Arbeit geht von selbst weiter, sobald er zurück ist.',
  ),
  lost: text(
    'The machine was lost',
    'Check that it is on and connected, then try again.',
    'Der Rechner ging verloren',
    'Prüfe, ob er an und verbunden ist, und versuche es noch einmal.',
  ),
  machines_went_down: text(
    'Machines went down with this step',
    'Three machines were lost while they worked on this file. Look at it before you try again.',
    'Rechner fielen mit diesem Schritt aus',
    'Drei Rechner gingen verloren, während sie an dieser Datei arbeiteten. Sieh sie dir an, bevor du es noch einmal versuchst.',
  ),
  node_disk_full: text(
    'The machine’s disk is full',
    'Make room on the machine named; until then others do the work.',
    'Die Platte des Rechners ist voll',
    'Schaffe Platz auf dem genannten Rechner; bis dahin arbeiten andere.',
  ),
  target_unreachable: text(
    'The central server cannot be reached',
    'Check its address in the settings and that it is up, then try again.',
    'Der zentrale Server ist nicht erreichbar',
    'Prüfe seine Adresse in den Einstellungen und ob er läuft, dann versuche es noch einmal.',
  ),
  target_refused: text(
    'The central server refused the result',
    'See what it said, check its address, then try again.',
    'Der zentrale Server hat das Ergebnis abgelehnt',
    'Sieh nach, was er meldet, prüfe die Adresse und versuche es noch einmal.',
  ),
  target_timeout: text(
    'The central server did not answer in time',
    'Check that it is up, then try again.',
    'Der zentrale Server antwortete nicht rechtzeitig',
    'Prüfe, ob er läuft, und versuche es noch einmal.',
  ),
} as const satisfies Record<ErrorCode, ErrorText>;

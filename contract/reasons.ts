/** Why work waits: codes with their facts, and the English sentence of each. The window translates by code. */
import { z } from 'zod';

const facts = z.record(z.string(), z.union([z.string(), z.number()]));
type Facts = z.infer<typeof facts>;

const sentences = {
  no_machines: () => 'No machine is connected. Start one, or let this one work.',
  no_machine_for_kind: (f: Facts) => `No connected machine can do “${f['kind']}”. Add one that can, or update it.`,
  machines_paused: () => 'Every machine that could do it is paused by its owner.',
  machines_benched: (f: Facts) =>
    `${f['machines']} failed their own test for “${f['kind']}”; they are tested again by themselves.`,
  needs_trusted: () => 'It may run on trusted machines only, and none of them is connected.',
  needs_this_machine: () => 'It may run on the hub’s own machine only, and that one cannot take it now.',
  memory_busy: (f: Facts) => `It waits until ${f['needed']} of memory are free on a machine.`,
  waits_alone: () => 'Machines went down with it, so it runs alone; it begins as soon as one of them is idle.',
  job_paused: () => 'It is paused; resume it to go on.',
  all_paused: () => 'All work is paused; resume it to go on.',
  machines_busy: (f: Facts) =>
    `${f['machines']} machine${f['machines'] === 1 ? ' is' : 's are'} busy; it is next as soon as one is free.`,
  needs_memory: (f: Facts) => `It needs a machine with ${f['needed']} of memory; the largest has ${f['largest']}.`,
  needs_disk: (f: Facts) => `It needs a machine with ${f['needed']} of free disk.`,
  back_off: (f: Facts) => `It is tried again in ${f['seconds']} s: ${f['message']}`,
  same_work: (f: Facts) => `The same work is being done for “${f['item']}”; its result will be used.`,
  at_machine: (f: Facts) => `It lies ready at ${f['machine']} and begins as soon as that is free.`,
  broker_away: () => 'The queue cannot be reached; work goes on by itself when it is back.',
  planning: () => 'It is being planned.',
} as const;

export type WaitingCode = keyof typeof sentences;
const codes = z.enum(Object.keys(sentences) as [WaitingCode, ...WaitingCode[]]);
export const waitingReasonSchema = z.object({ code: codes, facts });
export type WaitingReason = z.infer<typeof waitingReasonSchema>;

/** The reason as one English sentence. */
export function reasonSentence(reason: WaitingReason): string {
  return sentences[reason.code](reason.facts);
}

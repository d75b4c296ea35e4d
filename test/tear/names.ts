/** What the tear matrix can be asked for by name. */
import type { CardFault } from '../../hardware-mocks/cards/faults.ts'

export const tornProfiles = ['uid', 'ntag21x', 'ntag424', 'tolem-applet'] as const
export type TornProfile = (typeof tornProfiles)[number]

export const tornFaults: Readonly<Record<string, CardFault>> = {
  'lost before the card': { kind: 'lost-before' },
  'executed, no answer': { kind: 'answer-lost' },
  'no byte of the answer': { kind: 'truncated', bytes: 0 },
  'one byte of the answer': { kind: 'truncated', bytes: 1 },
  'two bytes of the answer': { kind: 'truncated', bytes: 2 },
  'nine bytes of the answer': { kind: 'truncated', bytes: 9 },
  'mute, not executed': { kind: 'mute', isExecuted: false },
  'mute, executed': { kind: 'mute', isExecuted: true },
  garbage: { kind: 'garbage' },
}

/** @throws where there is none of that name */
export function tornFault(name: string): CardFault {
  const fault = tornFaults[name]
  if (fault === undefined) throw new Error(`no fault ${name}`)
  return fault
}

/** What happens after the tear. */
export const tornWays = ['same card', 'another card first', 'never back', 'core killed', 'another basket'] as const
export type TornWay = (typeof tornWays)[number]

/** Where the till stands: with its ledger in this process, or as processes of its own before Debian's pcscd. */
export const tornPlaces = ['process', 'pcscd'] as const

export const tearBugNames = ['forgets-torn-debits', 'calls-torn-refused'] as const
export type TearBug = (typeof tearBugNames)[number]

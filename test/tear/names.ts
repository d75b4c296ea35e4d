/** What the tear matrix can be asked for by name. */
export const tornProfiles = ['uid', 'ntag21x', 'ntag424', 'tolem-applet'] as const
export type TornProfile = (typeof tornProfiles)[number]

export const tearBugNames = ['forgets-torn-debits', 'calls-torn-refused'] as const
export type TearBug = (typeof tearBugNames)[number]

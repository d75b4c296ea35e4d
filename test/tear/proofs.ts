/** For each card profile: what its cards say for a payment, in their own log and in what a till holds of them. */
import type { CardLogEntry } from '../../hardware-mocks/cards/card-memory.ts'
import type { Evidence } from '../../src/sync/protocol/messages.ts'
import type { TornProfile } from './names.ts'

export interface Proofs {
  /** Without network a till takes it too: torn there, and synced afterwards. */
  readonly isOffline: boolean
  /** Of such a card only: each of these took money from it. Of an NTAG 424 DNA they are proofs and take nothing. */
  readonly isDebit: boolean
  /** What a line of its own log says that it has signed, each upper-case hex. */
  saidIn(line: Pick<CardLogEntry, 'kind'>): readonly string[]
  /** The same of what a till holds; undefined of a card that signs nothing. */
  heldIn(evidence: Pick<Evidence, 'cardProof'>): string | undefined
}

const nothing = { isDebit: false, saidIn: () => [], heldIn: () => undefined } as const

export const proofsOf: Readonly<Record<TornProfile, Proofs>> = {
  uid: { ...nothing, isOffline: true },
  ntag21x: { ...nothing, isOffline: false },
  ntag424: {
    isOffline: true,
    isDebit: false,
    saidIn: (line) => (isOfKind(line, 'sun') ? [line.bindingHex.toUpperCase()] : []),
    heldIn: ({ cardProof }) => (cardProof.profile === 'ntag424' ? cardProof.sun.b.toUpperCase() : undefined),
  },
  'tolem-applet': {
    isOffline: true,
    isDebit: true,
    saidIn: (line) => (isOfKind(line, 'debit') ? [line.record] : []),
    heldIn: ({ cardProof }) =>
      cardProof.profile === 'tolem-applet'
        ? Buffer.from(cardProof.record, 'base64url').toString('hex').toUpperCase()
        : undefined,
  },
}

function isOfKind<Kind extends CardLogEntry['kind']>(
  line: { readonly kind: string },
  kind: Kind,
): line is Extract<CardLogEntry, { readonly kind: Kind }> {
  return line.kind === kind
}

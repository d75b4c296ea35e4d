/**
 * Every named point at which the core is killed, in one list. A name is `<what>/<moment>`:
 * - `commit/<row>/before`: the row is in the open transaction, its COMMIT has not been asked for; `after`: COMMIT has
 *   returned, and nothing has been told of it yet.
 * - `apdu/<command>/before|after`: the core is about to send a command to the card; its answer has come back.
 * - `print/before|after`, and `reprint/…` for a job that an earlier life of the core had begun.
 * - `send/<request>/before`: nothing has left; `sent`: the whole request is with the system; `answered`: the answer is
 *   here, and not yet a row.
 * - `recovery/…`: the same, before the first snapshot of a life: what the core does before anybody sees it.
 */
import type { VisitName } from './visits.ts'

export interface Point {
  readonly name: string
  /** Customers whose visit passes this point; the run takes them in turn. */
  readonly visits: readonly VisitName[]
  /** For a kill during the recovery of a kill: where the first one strikes. */
  readonly first?: string
  /** Passed once in a till's life, while it opens for the first time: before any customer. */
  readonly opening?: true
}

const commits: Readonly<Record<string, readonly VisitName[]>> = {
  tender_intent: ['online', 'online-unleased', 'offline', 'mixed'],
  approved_online: ['online', 'online-unleased', 'mixed'],
  approved_offline: ['offline', 'lost-answer'],
  tender_unknown: ['unknown-waits', 'unknown-next', 'unknown-cancelled'],
  tender_torn: ['torn', 'torn-cancelled', 'torn-aside'],
  tender_resumed: ['torn', 'torn-aside'],
  tender_voided: ['torn-cancelled', 'torn-aside-given-up'],
  tender_refused: ['refused'],
  reversal_requested: ['unknown-cancelled', 'void', 'mixed-void'],
  cash_taken: ['cash', 'mixed'],
  cash_returned: ['cash-void', 'mixed-void'],
  sale_closed: ['online', 'offline', 'cash', 'mixed'],
  sale_cancelled: ['void', 'unknown-cancelled', 'torn-cancelled', 'torn-aside-given-up'],
  receipt_requested: ['online', 'reprint', 'void'],
  receipt_started: ['online', 'offline', 'void', 'reprint', 'paper-ends'],
  receipt_printed: ['online', 'offline', 'void', 'reprint'],
  item_answered: ['offline', 'unknown-waits', 'unknown-next', 'unknown-cancelled', 'void'],
  head_countersigned: ['online', 'offline'],
  connectivity: ['offline'],
  package_activated: ['next-day'],
}

const tapped: readonly VisitName[] = ['online', 'online-unleased', 'offline', 'torn', 'mixed']
const commands = [
  'select-application',
  'get-version-1',
  'get-version-2',
  'get-version-3',
  'authenticate-1',
  'authenticate-2',
  'write-binding',
  'select-again',
  'select-file',
  'read-message',
] as const

const requests: Readonly<Record<string, readonly VisitName[]>> = {
  'card-session': ['online-unleased'],
  'card-session-keys': ['online-unleased'],
  authorisation: ['online', 'online-unleased', 'mixed'],
  presentment: ['offline', 'lost-answer'],
  reversal: ['unknown-cancelled', 'void'],
  inquiry: ['unknown-next'],
  events: ['online', 'cash'],
  package: ['online', 'cash'],
  head: ['online', 'cash'],
}

/** Where the first kill must strike so that the recovery after it has this to do. */
const recoveries: readonly Point[] = [
  ...['recovery/opened', 'recovery/recovered'].map((name): Point => {
    return { name, visits: ['online', 'offline'], first: 'commit/sale_closed/before' }
  }),
  ...moments('recovery/commit/tender_unknown').map((name): Point => {
    return { name, visits: ['online', 'online-unleased'], first: 'send/authorisation/sent' }
  }),
  ...moments('recovery/commit/tender_voided').map((name): Point => {
    return { name, visits: ['offline'], first: 'apdu/write-binding/after' }
  }),
  ...moments('recovery/commit/sale_closed').map((name): Point => {
    return { name, visits: ['online', 'offline'], first: 'commit/sale_closed/before' }
  }),
  ...moments('reprint').map((name): Point => {
    return { name, visits: ['online', 'cash', 'void'], first: 'print/after' }
  }),
]

/** In the order in which a new till passes them: the till opens in as many lives. */
const openings: readonly Point[] = ['recovery/commit/enrolled', 'commit/events_read'].flatMap((of) =>
  moments(of).map((name): Point => ({ name, visits: [], opening: true })),
)

export const points: readonly Point[] = [
  ...openings,
  ...Object.entries(commits).flatMap(([row, visits]) => moments(`commit/${row}`).map((name) => ({ name, visits }))),
  ...commands.flatMap((command) => moments(`apdu/${command}`).map((name) => ({ name, visits: tapped }))),
  ...moments('print').map((name): Point => ({
    name,
    visits: ['online', 'cash', 'reprint', 'void', 'paper-ends', 'paper-ends-cash'],
  })),
  ...Object.entries(requests).flatMap(([request, visits]) =>
    ['before', 'sent', 'answered'].map((moment) => ({ name: `send/${request}/${moment}`, visits })),
  ),
  ...recoveries,
]

function moments(of: string): readonly string[] {
  return [`${of}/before`, `${of}/after`]
}

/** Of a request to the ledger, by its path and, for a batch, by what is in it. */
export function requestNames(path: string, body: string): readonly string[] {
  const [name] = /[^/]+$/.exec(path) ?? ['']
  switch (name) {
    case 'batches': {
      const { items } = JSON.parse(body) as { readonly items: readonly { readonly kind: string }[] }
      return [...new Set(items.map((item) => item.kind))]
    }
    case 'authorisations':
    case 'packages':
    case 'heads':
    case 'card-sessions':
      return [name.slice(0, -1)]
    case 'inquiries':
      return ['inquiry']
    default:
      return [name]
  }
}

/** Of commands to an NTAG 424 DNA, in the order of one presence (docs/design/02): told apart by what came before. */
export function commandNamer(): (command: Uint8Array) => string {
  let before = ''
  let written = false
  const named = (command: Uint8Array): string => {
    const [, instruction, parameter] = command
    switch (instruction) {
      case 0x60:
        written = false
        return 'get-version-1'
      case 0x71:
        written = false
        return 'authenticate-1'
      case 0xaf:
        return { 'get-version-1': 'get-version-2', 'get-version-2': 'get-version-3' }[before] ?? 'authenticate-2'
      case 0x8d:
        written = true
        return 'write-binding'
      case 0xa4:
        if (parameter !== 0x04) return 'select-file'
        return written ? 'select-again' : 'select-application'
      default:
        return 'read-message'
    }
  }
  return (command) => (before = named(command))
}

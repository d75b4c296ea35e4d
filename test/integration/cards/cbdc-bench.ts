/**
 * A till under its core, cards of the mocks on its reader, and a ledger that keeps cards, requests and what was taken
 * for each, and signs. Its answers can be lost or held back at each path; time passes only when a test says so.
 */
import { join } from 'node:path'
import { deriveKeys } from '../../../hardware-mocks/cards/key-diversification.ts'
import { FaultyCard } from '../../../hardware-mocks/cards/faults.ts'
import { VirtualNtag424 } from '../../../hardware-mocks/cards/ntag424.ts'
import { personalisedCard } from '../../../hardware-mocks/cards/ntag424-state.ts'
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import type { CardAnswer, VirtualCard } from '../../../hardware-mocks/cards/virtual-card.ts'
import type { CardLogEntry } from '../../../hardware-mocks/cards/card-memory.ts'
import { cardPseudonym } from '../../../src/sync/protocol/card-pseudonym.ts'
import type { SyncItem, TerminalPath } from '../../../src/sync/protocol/messages.ts'
import { terminalEndpoints } from '../../../src/sync/protocol/messages.ts'
import { requestTermsHashOf } from '../../../src/sync/protocol/request-terms-hash.ts'
import { cardSessionContext, encryptionKey, seal } from '../../../src/sync/protocol/sealed-box.ts'
import type { Command } from '../../../src/terminal/contract/commands.ts'
import { challengeLength, ev2Complete, ev2Part2 } from '../../../src/voucher/cards/ev2.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import { KeyStoreInMemory } from '../../fixtures/key-store.ts'
import { quickFolder } from '../../fixtures/quick-folder.ts'
import { SeededRandom } from '../../simulation/random.ts'
import { TillStation } from '../../simulation/till-station.ts'
import { VirtualTime } from '../../simulation/virtual-time.ts'
import { ledgerUrl, ScriptedLedger, settled, type Act } from '../../unit/sync/scripted-ledger.ts'
import {
  itemOf,
  ledgerKey,
  noon,
  packageOf,
  scheme,
  signedPackage,
  slotOf,
  storedTerminalKeys,
  terminalKey,
} from '../../unit/sync/world.ts'
import { masters, openAtLedger } from './presence.ts'

const readBinary = 0xb0
/** Docs/design/02, "File 2". */
const bindingFrom = 60

const own = encryptionKey(Buffer.from(storedTerminalKeys.encryption, 'base64url'))
const name = (text: string) => ({ kk: text, ru: text, en: text })
const goods = [
  { itemId: 'lunch', name: name('Lunch'), category: 'food', unitPrice: tiyn(115_000n) },
  { itemId: 'juice', name: name('Juice'), category: 'drink', unitPrice: tiyn(35_000n) },
]
/** Whose scheme pays with cards that people carry, too. */
const servedPackage = packageOf(1, {
  catalogue: goods,
  schemes: [{ ...scheme, cards: { accepts: ['ntag424', 'uid'] } }],
})

export const paths = {
  session: '/v1/terminal/card-sessions',
  keys: '/v1/terminal/card-session-keys',
  payment: '/v1/terminal/payment-requests/card-payments',
} as const satisfies Record<string, TerminalPath>
export type CardCall = keyof typeof paths

interface CardOfTest {
  readonly uid: Buffer
  readonly keys: ReturnType<typeof deriveKeys>
  /** What the reader has under its label. */
  readonly faulty: FaultyCard
  readonly log: readonly CardLogEntry[]
  /** An account's, or else a scheme's. */
  readonly isOfAccount: boolean
}

function ntag424(uidHex: string, isOfAccount: boolean, otherKeys = false): CardOfTest {
  const uid = Buffer.from(uidHex, 'hex')
  const keys = deriveKeys({ masters, uid })
  const onCard = otherKeys ? deriveKeys({ masters: { ...masters, till: Buffer.alloc(16, 7) }, uid }) : keys
  const log: CardLogEntry[] = []
  const memory = { save: () => {}, append: (entry: CardLogEntry) => void log.push(entry) }
  const state = personalisedCard({ uid, keys: onCard })
  const card = VirtualNtag424.fromState(state, { random: seededRandom(uidHex), memory })
  return { uid, keys, faulty: new FaultyCard(card, { random: seededRandom('faults') }), log, isOfAccount }
}

/** Its message has the binding of no sale at all. */
class OtherBinding implements VirtualCard {
  readonly #card: VirtualCard

  constructor(card: VirtualCard) {
    this.#card = card
  }

  get atr(): Uint8Array {
    return this.#card.atr
  }

  get uid(): Uint8Array {
    return this.#card.uid
  }

  get delayMs(): number {
    return this.#card.delayMs
  }

  enterField(): void {
    this.#card.enterField()
  }

  leaveField(): void {
    this.#card.leaveField()
  }

  reset(): void {
    this.#card.reset()
  }

  exchange(command: Uint8Array): CardAnswer {
    const answer = this.#card.exchange(command)
    if (answer.kind !== 'answered' || command[1] !== readBinary) return answer
    const response = Buffer.from(answer.response)
    return { kind: 'answered', response: response.fill('0', bindingFrom, bindingFrom + 64) }
  }
}

type RequestState = 'open' | 'held' | 'released'

/** @param more cards of other kinds, by label */
export async function cbdcBench(more: ReadonlyMap<string, VirtualCard> = new Map()) {
  const cards = {
    cbdc: ntag424('04A1B2C3D4E5F6', true),
    'second cbdc': ntag424('04A1B2C3D4E5F7', true),
    voucher: ntag424('04A1B2C3D4E5F8', false),
    /** Another's keys under this UID. */
    copy: ntag424('04A1B2C3D4E5F9', true, true),
  }
  const byPseudonym = new Map(
    Object.values(cards).map((card) => [cardPseudonym(servedPackage.cardReferenceKey, card.uid), card]),
  )
  const time = new VirtualTime(noon)
  const ledger = new ScriptedLedger(() => time.now)
  const random = seededRandom('ledger')
  const sessions = new Map<string, { readonly card: CardOfTest; readonly part2: ReturnType<typeof ev2Part2> }>()
  const requests = new Map<string, { readonly terms: unknown; readonly amount: bigint; state: RequestState }>()
  /** What was taken, for which request and from which card. */
  const taken: { readonly requestId: string; readonly uid: string }[] = []
  const refusals = new Map<string, string>()
  let ways: Partial<Record<CardCall, 'lost' | 'never_arrives' | Promise<void>>> = {}
  let isCut = false
  /** Cannot be heard by inquiry: the till hears of nothing new. */
  let isDeaf = false

  const acts = (call: CardCall, act: (body: never) => Act): void =>
    ledger.on(paths[call], async (body) => {
      const way = ways[call]
      if (way === 'never_arrives') return { instead: { kind: 'no_answer', detail: 'it never arrived' } }
      const done = act(body as never)
      if (way === 'lost') return { instead: { kind: 'no_answer', detail: 'lost' } }
      await way
      return done
    })

  acts('session', (body: { cardSessionId: string; card: string; encryptedRndB: string; paymentRequest?: string }) => {
    const card = byPseudonym.get(body.card)
    if (card === undefined) return { answer: { kind: 'refused', code: 'CARD_UNKNOWN' } }
    const { paymentRequest } = body
    if (card.isOfAccount !== (paymentRequest !== undefined))
      return { answer: { kind: 'refused', code: card.isOfAccount ? 'CARD_OF_ACCOUNT' : 'CARD_OF_NO_ACCOUNT' } }
    if (paymentRequest !== undefined && requests.get(paymentRequest)?.state !== 'open')
      return { answer: { kind: 'refused', code: 'QR_NOT_OPENED' } }
    const part2 = ev2Part2(card.keys[3], Buffer.from(body.encryptedRndB, 'hex'), random(challengeLength))
    if (part2.kind === 'malformed') throw new Error('the card said nothing')
    sessions.set(body.cardSessionId, { card, part2 })
    const slots = card.isOfAccount ? [] : [slotOf('5b1e0e6f7c9d4a3b8f2e1d0c9b8a7f6e')]
    const authenticationPart2 = Buffer.from(part2.part2).toString('hex').toUpperCase()
    return { answer: { kind: 'open', blocked: false, slots, leasedElsewhere: [], authenticationPart2 } }
  })
  acts('keys', (body: { cardSessionId: string; authenticationPart3: string }) => {
    const session = sessions.get(body.cardSessionId)
    if (session === undefined || session.part2.kind === 'malformed') throw new Error('no session')
    const part3 = Buffer.from(body.authenticationPart3, 'hex')
    const done = ev2Complete(session.card.keys[3], session.part2.state, part3)
    if (done.kind !== 'session') return { answer: { kind: 'refused', code: 'CARD_AUTHENTICATION_FAILED' } }
    const { transactionId, encKey, macKey } = done.session
    const secret = Buffer.concat([transactionId, encKey, macKey])
    const sealedSession = seal(secret, own.jwk, cardSessionContext(body.cardSessionId), random(32))
    return { answer: { kind: 'session', sealedSession } }
  })
  acts('payment', (body: { requestId: string; proof: { sun: { e: string; b: string; m: string } } }) => {
    const request = requests.get(body.requestId)
    if (request === undefined) throw new Error('a card pays a request that nobody opened')
    const { terms } = terminalEndpoints['/v1/terminal/payment-requests'].request.parse({ terms: request.terms })
    const opened = openAtLedger(body.proof.sun)
    if (opened.kind !== 'opened') return { answer: { kind: 'refused', code: 'CARD_PROOF_FORGED' } }
    if (body.proof.sun.b !== requestTermsHashOf(terms).toUpperCase())
      return { answer: { kind: 'refused', code: 'CARD_BINDING_MISMATCH' } }
    const uid = Buffer.from(opened.uid).toString('hex').toUpperCase()
    const code = refusals.get(uid)
    if (code !== undefined) return { answer: { kind: 'refused', code } }
    if (request.state !== 'open') return { answer: { kind: 'over' } }
    request.state = 'held'
    taken.push({ requestId: body.requestId, uid })
    return { answer: { kind: 'held' } }
  })
  ledger.on('/v1/terminal/payment-requests', ({ terms }) => {
    const { amount } = terminalEndpoints['/v1/terminal/payment-requests'].request.parse({ terms }).terms
    requests.set(terms.tenderId, { terms, amount, state: 'open' })
    return { answer: { kind: 'open' } }
  })
  ledger.on('/v1/terminal/inquiries', ({ tenderId }) => {
    const request = requests.get(tenderId)
    if (request === undefined) return { answer: { kind: 'not_seen' } }
    if (request.state === 'open' || isDeaf) return { answer: { kind: 'open' } }
    const state = request.state === 'held' ? 'held' : 'reversed'
    return { answer: { kind: 'known', item: itemOf(tenderId, state, { amount: tiyn(request.amount) }) } }
  })
  ledger.on('/v1/terminal/batches', ({ items }: { readonly items: readonly SyncItem[] }) => {
    for (const item of items) {
      const request = item.kind === 'reversal' ? requests.get(item.tenderId) : undefined
      if (request !== undefined) request.state = 'released'
    }
    return { answer: { results: items.map(settled) } }
  })
  ledger.on('/v1/terminal/packages', ({ haveVersion }) =>
    haveVersion === 0
      ? { answer: { kind: 'newer', signed: signedPackage(servedPackage) } }
      : { answer: { kind: 'current' } },
  )

  const folder = quickFolder('tolem-cbdc-')
  const journalFile = join(folder.path, 'journal.sqlite')
  const keyStore = new KeyStoreInMemory(storedTerminalKeys)
  const laid = new Map<string, VirtualCard>([
    ...Object.entries(cards).map(([label, { faulty }]) => [label, faulty] as const),
    ['other binding', new OtherBinding(cards.cbdc.faulty)],
    ...more,
  ])
  const station = new TillStation({
    name: 'till-1',
    time,
    random: new SeededRandom('cbdc'),
    network: {
      transport: (request, deadlineMs) =>
        isCut ? Promise.resolve({ kind: 'not_sent', detail: 'no network' }) : ledger.transport(request, deadlineMs),
    },
    journalFile,
    enrolment: {
      terminalId: 'till-1',
      merchantId: 'canteen-1',
      ledgerKey: ledgerKey.jwk,
      terminalKey: terminalKey.jwk,
      encryptionKey: own.jwk,
    },
    keys: () => keyStore.load(),
    ledgerUrl,
    cards: laid,
    held: new Set(),
    note: () => undefined,
  })
  const pass = (ms: number) => time.runUntil(time.now + ms)
  station.start()
  await pass(3_000)

  function screen() {
    const { snapshot } = station
    if (snapshot === undefined) throw new Error('the till is off')
    return snapshot
  }
  function does(command: Command): void {
    if (!station.command(command)) throw new Error(`${command.command}: not now`)
  }
  return {
    ...{ cards, station, ledger, requests, taken, refusals, journalFile, pass, screen, does },
    /** A QR for this is on the screen. */
    async asksByQr(itemId = 'juice', within = 1_000): Promise<string> {
      if (screen().sale === null) does({ command: 'add_item', itemId })
      does({ command: 'pay_by_qr' })
      await pass(within)
      const requestId = [...requests.keys()].at(-1)
      if (screen().tap.state !== 'qr' || requestId === undefined) throw new Error(`no QR but ${screen().tap.state}`)
      return requestId
    },
    cancelsQr(): void {
      does({ command: 'cancel_unknown', tenderId: [...requests.keys()].at(-1) ?? '' })
    },
    lay: (label: string) => station.layCard(label),
    pull: () => station.pullCard(),
    /** Laid there and left there for some seconds. */
    async holds(label: string, ms = 3_000): Promise<void> {
      station.pullCard()
      await pass(100)
      station.layCard(label)
      await pass(ms)
    },
    /** What the screen says of the card under the QR. */
    underQr() {
      const { tap } = screen()
      return tap.state === 'qr' ? tap.card : tap.state
    },
    /** How often the till has begun to authenticate it: each that fails wears the card out. */
    authentications: ({ log }: CardOfTest) =>
      log.filter((entry) => entry.kind === 'command' && entry.command.startsWith('9071')).length,
    commandsTo: ({ log }: CardOfTest) => log.filter((entry) => entry.kind === 'command').length,
    onItsWay(call: CardCall, way: 'lost' | 'never_arrives' | Promise<void> | undefined): void {
      ways = way === undefined ? {} : { [call]: way }
    },
    hearsNothingNew: (deaf: boolean) => void (isDeaf = deaf),
    async losesNetwork(): Promise<void> {
      isCut = true
      await pass(2_000)
    },
    async hasNetworkAgain(): Promise<void> {
      isCut = false
      await pass(60_000)
    },
    async restarts(): Promise<void> {
      station.kill()
      station.start()
      await pass(3_000)
    },
    close(): void {
      station.close()
      folder.remove()
    },
  }
}

export type CbdcBench = Awaited<ReturnType<typeof cbdcBench>>

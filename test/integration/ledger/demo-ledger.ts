/**
 * The demonstration's ledger in memory, on a clock of the test, with tills that speak to it in signed requests and
 * cards that compute their own messages.
 */
import { createHash } from 'node:crypto'
import type { SignWith } from '../../../ledger-sim/applet/keys.ts'
import { createLedger, type Ledger } from '../../../ledger-sim/ledger.ts'
import { ledgerKeysOf, newLedgerSecrets } from '../../../ledger-sim/keys.ts'
import { p256PrivateJwk, seedDemoWorld, type DemoWorld } from '../../../ledger-sim/scenarios/demo.ts'
import { seededRandom } from '../../../ledger-sim/scenarios/seeded-random.ts'
import { inTransaction, type LedgerPorts } from '../../../ledger-sim/context.ts'
import { post } from '../../../ledger-sim/accounts/transfers.ts'
import { hashOf, saleHashOf, termsHashOf, toJson } from '../../../src/sync/protocol/canonical.ts'
import {
  signRequest,
  verifyAnswer,
  type HttpRequest,
  type HttpResponse,
} from '../../../src/sync/protocol/http-signature.ts'
import { signingKey, signTagged, verifyTagged, type SigningKey } from '../../../src/sync/protocol/keys.ts'
import {
  terminalEndpoints,
  type Authorisation,
  type Capture,
  type DecisionRecord,
  type Evidence,
  type ItemResult,
  type JournalPosition,
  type Presentment,
  type Refund,
  type SignedItemResult,
  type SyncItem,
  type TerminalPath,
} from '../../../src/sync/protocol/messages.ts'
import { recordSourcesOf } from '../../../src/sync/protocol/record-sources.ts'
import { encryptionKey } from '../../../src/sync/protocol/sealed-box.ts'
import { notActivatedIn } from '../../../src/voucher/activation.ts'
import { decide, engineVersion, type DecisionInput } from '../../../src/voucher/decide.ts'
import { isListed } from '../../../src/voucher/hotlist.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import type { Lease, TerminalPackage } from '../../../src/voucher/package.ts'
import type { Sale } from '../../../src/voucher/sale.ts'
import type { Slot } from '../../../src/voucher/slot.ts'
import type { CardProof, Sun, TenderTerms } from '../../../src/voucher/tender.ts'
import { placeForDecision } from '../../../src/voucher/where.ts'
import { v7 } from 'uuid'
import { quickFolder } from '../../fixtures/quick-folder.ts'
import { imageOf, storeFrom } from './ledger-images.ts'
import { assertShown } from './shown-problems.ts'
import { readCard } from './sun-message.ts'
import type { z } from 'zod'

/** Wednesday 2026-11-25, 10:00 in Almaty: school is open. */
export const schoolMorning = Date.UTC(2026, 10, 25, 5)
export const hourMs = 3_600_000
export const dayMs = 24 * hourMs

/** A clock that the test moves. */
export interface TestClock {
  now: number
}

export interface DemoLedger {
  readonly ledger: Ledger
  readonly ports: LedgerPorts
  readonly world: DemoWorld
  readonly clock: TestClock
  readonly random: (length: number) => Uint8Array
  /** What the ledger got over. */
  readonly recovered: unknown[]
  card(label: string): TestCard
  /** Enrols a till by its printed code. */
  till(terminalId: 'till-1' | 'till-2'): Promise<TestTill>
  /** The agency, bank, … as signers. */
  role(role: string, owner?: string): TestSigner
  /** Every row of a query, for looking into the ledger. */
  rows(table: string): Promise<Record<string, unknown>[]>
  close(): Promise<void>
}

export async function demoLedger(
  options: {
    readonly path?: string
    readonly now?: number
    readonly seed?: string
    readonly onDidRun?: (statement: string) => void
    /** When a commit begins; by default with the first that comes. */
    readonly gather?: (start: () => void) => void
    /** The ledger's chance, where it is not that of the seed. */
    readonly random?: (length: number) => Uint8Array
    /** How it signs for cards, where that is to be the same each time. */
    readonly signWith?: SignWith
  } = {},
): Promise<DemoLedger> {
  const seed = options.seed ?? 'test'
  const clock: TestClock = { now: options.now ?? schoolMorning }
  const secrets = newLedgerSecrets(seededRandom(`secrets/${seed}`))
  const random = options.random ?? seededRandom(`ledger/${seed}`)
  const recovered: unknown[] = []
  const keys = ledgerKeysOf(secrets, options.signWith)
  const others = { clock: () => clock.now, random, keys, onDidRecover: (error: unknown) => void recovered.push(error) }
  const image = await imageOf(`demonstration/${seed}/${clock.now}`, (store) =>
    seedDemoWorld({ ...others, store }, secrets, seed),
  )
  const { world } = image
  const store = await storeFrom(image, options.path, options.onDidRun, options.gather)
  const ports: LedgerPorts = { ...others, store }
  const ledger = createLedger(ports)
  const cards = new Map<string, TestCard>()
  const testRandom = seededRandom(`test/${seed}`)
  return {
    ledger,
    ports,
    world,
    clock,
    random: testRandom,
    recovered,
    card: (label) => {
      const known = cards.get(label) ?? cardOf(world, label)
      cards.set(label, known)
      return known
    },
    till: async (terminalId) => {
      const till = new TestTill(ledger, clock, testRandom, terminalId, p256(`${seed}/${terminalId}`))
      const code = world.enrolmentCodes.find((candidate) => candidate.terminalId === terminalId)?.code ?? ''
      await till.enrol(code)
      return till
    },
    role: (role, owner) => {
      const found = world.roleKeys.find((key) => key.role === role && (owner === undefined || key.owner === owner))
      if (found === undefined) throw new Error(`no ${role}`)
      return new TestSigner(ledger, clock, testRandom, signingKey(found.privateJwk))
    },
    rows: (table) =>
      store.transaction(async (connection) =>
        connection
          .selectFrom(table as 'tender')
          .selectAll()
          .execute(),
      ),
    close: () => store.close(),
  }
}

export interface TestCard {
  readonly label: string
  readonly pseudonym: string
  readonly uid: Uint8Array
  readonly fileReadKey: Uint8Array
  readonly metaReadKey: Uint8Array
  readonly tillKey: Uint8Array
  counter: number
}

function cardOf(world: DemoWorld, label: string): TestCard {
  const issued = world.cards.find((card) => card.label === label)
  if (issued === undefined) throw new Error(`no card ${label}`)
  const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'hex'))
  return {
    label,
    pseudonym: world.pseudonyms[label] ?? '',
    uid: bytes(issued.uid),
    fileReadKey: bytes(issued.keys['2']),
    metaReadKey: bytes(issued.keys['1']),
    tillKey: bytes(issued.keys['3']),
    counter: 0,
  }
}

/** Signs requests and checks that every answer is the ledger's, to this request. */
export class TestSigner {
  readonly ledger: Ledger
  readonly clock: TestClock
  readonly random: (length: number) => Uint8Array
  readonly key: SigningKey

  constructor(ledger: Ledger, clock: TestClock, random: (length: number) => Uint8Array, key: SigningKey) {
    this.ledger = ledger
    this.clock = clock
    this.random = random
    this.key = key
  }

  sign(method: 'GET' | 'POST', path: string, body: string): HttpRequest {
    const created = Math.floor(this.clock.now / 1000)
    const nonce = Buffer.from(this.random(16)).toString('base64url')
    return signRequest({ method, url: `http://127.0.0.1:8080${path}`, body }, this.key, {
      created,
      expires: created + 60,
      nonce,
    })
  }

  async send(request: HttpRequest): Promise<HttpResponse> {
    const response = await this.ledger.handle(request)
    const verified = verifyAnswer(response, request, this.ledger.ports.keys.signing)
    if (verified.kind !== 'valid') throw new Error(`the answer is not signed: ${verified.code}`)
    assertShown(this.ledger.operations, request, response)
    return response
  }

  /** @returns status and parsed body */
  async post(path: string, body: unknown): Promise<{ status: number; body: Record<string, unknown> }> {
    const response = await this.send(this.sign('POST', path, toJson(body)))
    return { status: response.status, body: JSON.parse(response.body) as Record<string, unknown> }
  }

  async get(path: string): Promise<{ status: number; body: Record<string, unknown> }> {
    const response = await this.send(this.sign('GET', path, ''))
    return { status: response.status, body: JSON.parse(response.body) as Record<string, unknown> }
  }
}

export interface SaleOnCard {
  readonly card: TestCard
  readonly item?: 'school-lunch' | 'bread' | 'milk' | 'juice'
  readonly quantity?: number
  readonly tenderId?: string
  /** Else the newest one that the till fetched. */
  readonly slot?: Slot
}

/** A sale decided and proved, ready for either way to the ledger. */
export interface Decided {
  readonly terms: TenderTerms
  readonly evidence: Evidence
  readonly leaseId: string
  readonly decidedAt: number
}

export class TestTill extends TestSigner {
  readonly terminalId: string
  readonly encryption = encryptionKey(new Uint8Array(32).fill(7))
  package: TerminalPackage | undefined
  packageHash = ''
  epoch = 1
  sequence = 0
  /** What it says that it has sold from its pool since its package. */
  soldFromPool = 0n

  constructor(
    ledger: Ledger,
    clock: TestClock,
    random: (length: number) => Uint8Array,
    terminalId: string,
    key: SigningKey,
  ) {
    super(ledger, clock, random, key)
    this.terminalId = terminalId
  }

  async enrol(code: string): Promise<void> {
    const { status, body } = await this.post('/v1/terminal-enrolments', {
      code,
      terminalKey: this.key.jwk,
      encryptionKey: this.encryption.jwk,
    })
    if (status !== 200 || body['terminalId'] !== this.terminalId)
      throw new Error(`not enrolled: ${JSON.stringify(body)}`)
  }

  async call<Path extends TerminalPath>(
    path: Path,
    request: unknown,
  ): Promise<z.output<(typeof terminalEndpoints)[Path]['answer']>> {
    const { status, body } = await this.post(path, request)
    if (status !== 200) throw new Error(`${path}: ${JSON.stringify(body)}`)
    return terminalEndpoints[path].answer.parse(body) as z.output<(typeof terminalEndpoints)[Path]['answer']>
  }

  /** Fetches and checks the newest package. */
  async fetch(): Promise<TerminalPackage> {
    const answer = await this.call('/v1/terminal/packages', { haveVersion: this.package?.version ?? 0 })
    if (answer.kind === 'newer') {
      const { package: fetched, signature } = answer.signed
      if (!verifyTagged(this.ledger.ports.keys.signing, 'tolem/package/1', fetched, signature))
        throw new Error('package not signed')
      this.package = fetched
      this.packageHash = hashOf('tolem/package/1', fetched)
    }
    if (this.package === undefined) throw new Error('no package')
    return this.package
  }

  leased(card: TestCard): { readonly lease: Lease; readonly slot: Slot } | undefined {
    const now = this.clock.now
    for (const lease of this.package?.leases ?? []) {
      const scheme = this.package?.schemes.find((candidate) => candidate.schemeId === lease.schemeId)
      for (const { slot, cards } of lease.slots) {
        const period = scheme?.periods.find((candidate) => candidate.periodId === slot.periodId)
        const isNow = period !== undefined && period.from <= now && now < period.to
        if (isNow && cards.some((own) => own.card === card.pseudonym)) return { lease, slot }
      }
    }
    return undefined
  }

  sale(item: SaleOnCard['item'] = 'school-lunch', quantity = 1): Sale {
    const tile = this.package?.catalogue.find((candidate) => candidate.itemId === item)
    if (tile === undefined) throw new Error(`no tile ${item}`)
    return {
      saleId: this.id(),
      lines: [
        { line: 1, itemId: tile.itemId, name: tile.name, category: tile.category, quantity, unitPrice: tile.unitPrice },
      ],
    }
  }

  id(): string {
    return v7({ msecs: this.clock.now, random: this.random(16) })
  }

  input(card: TestCard, sale: Sale, slot: Slot, mode: 'online' | 'offline', lease: Lease | undefined): DecisionInput {
    const own = this.package
    if (own === undefined) throw new Error('no package')
    return {
      engineVersion,
      mode,
      trustedTime: this.clock.now,
      merchantId: own.merchant.merchantId,
      ...placeForDecision(own.merchant),
      card: {
        card: card.pseudonym,
        blocked: isListed(own.hotlist, card.pseudonym),
        ...notActivatedIn(own, card.pseudonym),
      },
      schemes: own.schemes,
      slots: [slot],
      localSpends: [],
      leases: lease === undefined ? [] : [this.#leaseForDecision(lease)],
      terminal: { clockTrusted: true, packageIssuedAt: own.issuedAt, lastSyncAt: this.clock.now, exposure: [] },
      sale,
      covered: [],
    }
  }

  #leaseForDecision({ schemeId, sellUntil, pool }: Lease): DecisionInput['leases'][number] {
    const sold = tiyn(this.soldFromPool)
    return { schemeId, sellUntil, ...(pool === undefined ? {} : { pool: { left: pool.left, sold } }) }
  }

  /** Decides and takes the card's proof. @throws when the rule function refuses */
  decide(on: SaleOnCard, mode: 'online' | 'offline' = 'offline'): Decided {
    const leased = this.leased(on.card)
    const slot = on.slot ?? leased?.slot
    if (slot === undefined) throw new Error(`${on.card.label} has no slot here`)
    const sale = this.sale(on.item ?? (slot.schemeId === 'food-voucher' ? 'bread' : 'school-lunch'), on.quantity)
    const input = this.input(on.card, sale, slot, mode, on.slot === undefined ? leased?.lease : undefined)
    return this.decided(input, on.card, leased?.lease.leaseId ?? this.id(), on.tenderId)
  }

  decided(input: DecisionInput, card: TestCard, leaseId: string, tenderId = this.id()): Decided {
    const { terms, record } = this.recorded(input, leaseId, tenderId)
    return {
      terms,
      evidence: this.evidence(record, terms, readCard(card, termsHashOf(terms))),
      leaseId,
      decidedAt: input.trustedTime,
    }
  }

  /** What the rule function says, before a card has proved anything. @throws when it refuses */
  recorded(
    input: DecisionInput,
    leaseId: string | null,
    tenderId = this.id(),
  ): { readonly terms: TenderTerms; readonly record: DecisionRecord } {
    const decision = decide(input)
    if (decision.verdict !== 'approve') throw new Error(`refused: ${decision.code}`)
    const [part] = decision.parts
    if (part === undefined) throw new Error('no part')
    const terms: TenderTerms = {
      tenderId,
      payerSlot: part.slotId,
      payeeAccount: this.package?.merchant.accountId ?? '',
      amount: part.amount,
      schemeId: part.schemeId,
      saleHash: saleHashOf(input.sale),
    }
    const { schemes: _schemes, ...recorded } = input
    const holds = this.package?.leases.some((lease) => lease.leaseId === leaseId) === true
    const sources = this.package === undefined ? undefined : recordSourcesOf(this.package, holds ? leaseId : null)
    const record: DecisionRecord = {
      packageId: this.package?.packageId ?? '',
      packageHash: this.packageHash,
      hotlistVersion: this.package?.hotlist.version ?? 0,
      ...(sources === undefined ? {} : { sources }),
      input: recorded,
      decision,
      part: 0,
    }
    return { terms, record }
  }

  evidence(record: DecisionRecord, terms: TenderTerms, sun: Sun): Evidence {
    return this.evidenceOf(record, terms, { profile: 'ntag424', sun })
  }

  evidenceOf(record: DecisionRecord, terms: TenderTerms, cardProof: CardProof): Evidence {
    return {
      cardProof,
      record,
      signature: signTagged(this.key, 'tolem/decision-record/1', { record, cardProof, terms }),
    }
  }

  position(): JournalPosition {
    this.sequence += 1
    const hash = createHash('sha256').update(`${this.terminalId}/${this.epoch}/${this.sequence}`).digest('hex')
    return { epoch: this.epoch, sequence: this.sequence, hash }
  }

  async authorise(decided: Pick<Decided, 'terms' | 'evidence'>): Promise<ItemResult> {
    const request: Authorisation = { terms: decided.terms, evidence: decided.evidence }
    return this.#believe(await this.call('/v1/terminal/authorisations', request))
  }

  presentment(
    decided: Omit<Decided, 'leaseId'> & { readonly leaseId?: string },
    position = this.position(),
  ): Presentment {
    return { kind: 'presentment', ...decided, position }
  }

  reversal(tenderId: string, position = this.position()): SyncItem {
    return { kind: 'reversal', tenderId, reason: 'cashier_cancelled', position }
  }

  /** @param sold absent as at an older till */
  capture(tenderId: string, sold?: Capture['sold'], position = this.position()): SyncItem {
    return { kind: 'capture', tenderId, ...(sold === undefined ? {} : { sold }), position }
  }

  surrender(leaseId: string, slotId: string, position = this.position()): SyncItem {
    return { kind: 'surrender', surrenderId: this.id(), leaseId, slotId, position }
  }

  refund(tenderId: string, lines: Refund['lines'], refundId = this.id(), position = this.position()): Refund {
    const amount = tiyn(lines.reduce((sum, line) => sum + line.amount, 0n))
    return { kind: 'refund', refundId, tenderId, amount, lines, reason: 'goods_returned', position }
  }

  async batch(...items: readonly SyncItem[]): Promise<ItemResult[]> {
    const answer = await this.call('/v1/terminal/batches', { items })
    return answer.results.map((signed) => this.#believe(signed))
  }

  async present(decided: Decided, position?: JournalPosition): Promise<ItemResult> {
    const [result] = await this.batch(this.presentment(decided, position))
    if (result === undefined) throw new Error('no result')
    return result
  }

  async reverse(tenderId: string): Promise<ItemResult> {
    const [result] = await this.batch(this.reversal(tenderId))
    if (result === undefined) throw new Error('no result')
    return result
  }

  async inquire(tenderId: string): Promise<ItemResult | undefined> {
    const answer = await this.call('/v1/terminal/inquiries', { tenderId })
    return answer.kind === 'known' ? this.#believe(answer.item) : undefined
  }

  #believe({ result, signature }: SignedItemResult): ItemResult {
    if (!verifyTagged(this.ledger.ports.keys.signing, 'tolem/item-result/1', result, signature))
      throw new Error('result not signed')
    return result
  }
}

export function p256(seed: string): SigningKey {
  return signingKey(p256PrivateJwk(seededRandom(`p256/${seed}`)))
}

export async function balanceOf(demo: DemoLedger, accountId: string): Promise<bigint> {
  const rows = await demo.rows('account')
  const row = rows.find((candidate) => candidate['account_id'] === accountId)
  return row === undefined ? 0n : (row['balance'] as bigint)
}

/** Moves everything out of a scheme's account by a real transfer. */
export async function drain(demo: DemoLedger, accountId: string): Promise<void> {
  const amount = tiyn(await balanceOf(demo, accountId))
  const leg = { debit: accountId, credit: 'almaly-education', amount, kind: 'payment' } as const
  await inTransaction(demo.ports, (work) => post(work, [leg], 'emptied by the test'))
}

/** A folder for one test's database. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  return quickFolder('tolem-ledger-')
}

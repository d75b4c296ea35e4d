/** What the agency does while a story is played: signed requests to the ledger, in its name, as its office would. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { demoPseudonym, type RoleKey } from '../../ledger-sim/scenarios/demo.ts'
import { demoAgency } from '../../ledger-sim/scenarios/demo-schemes.ts'
import { signRequest, verifyAnswer } from '../../src/sync/protocol/http-signature.ts'
import { signingKey, verifyingKey, type SigningKey, type VerifyingKey } from '../../src/sync/protocol/keys.ts'
import { toJson } from '../../src/sync/protocol/canonical.ts'
import { realRandomness } from '../../src/terminal/core/real-ports.ts'
import type { IdentificationProfile } from '../../src/voucher/card-rules.ts'
import type { Tiyn } from '../../src/voucher/money.ts'
import type { Scheme } from '../../src/voucher/scheme.ts'
import { demoSeed, type World } from '../world.ts'
import type { ClockService } from './clock-service.ts'

const hourMs = 3_600_000

export interface CardIssuer {
  readonly issuerCertificate: string
  readonly authorityKeys: readonly string[]
  readonly rootKeys: readonly string[]
}

export class AgencyOffice {
  readonly #ledgerUrl: string
  readonly #issuing: string
  readonly #now: () => number
  readonly #key: SigningKey
  readonly #ledgerKey: VerifyingKey

  constructor({ ledgerUrl, folders }: Pick<World, 'ledgerUrl' | 'folders'>, clock: Pick<ClockService, 'now'>) {
    this.#ledgerUrl = ledgerUrl
    this.#issuing = join(folders.ledger, 'issuing')
    this.#now = clock.now
    const own = this.#issued<RoleKey[]>('role-keys.json').find((key) => key.owner === demoAgency)
    if (own === undefined) throw new Error('the agency has no key')
    this.#key = signingKey(own.privateJwk)
    this.#ledgerKey = verifyingKey(this.#issued<Parameters<typeof verifyingKey>[0]>('ledger-key.json'))
  }

  /** Publishes a scheme and marks money of the agency for it. */
  async publishes(scheme: Scheme, funded: Tiyn): Promise<void> {
    await this.#post('/v1/schemes', JSON.parse(toJson(scheme)) as object)
    const { schemeId } = scheme
    const transferId = realRandomness.uuid()
    await this.#post('/v1/scheme-fundings', { transferId, accountId: demoAgency, schemeId, amount: String(funded) })
  }

  /** @param holders labels of cards */
  async entitles(schemeId: string, holders: readonly string[]): Promise<void> {
    for (const label of holders) {
      const [beneficiary, holder] = [schemeId, 'holder'].map((purpose) => demoPseudonym(demoSeed, purpose, label))
      await this.#post('/v1/beneficiaries', { schemeId, beneficiary, holder })
    }
  }

  /** Registers a till of a merchant. @returns the one-time code that enrols it, good for ten minutes */
  async bringsIn(terminalId: string, merchantId: string): Promise<string> {
    await this.#post('/v1/terminals', { terminalId, merchantId })
    return this.enrolmentCode(terminalId)
  }

  async enrolmentCode(terminalId: string): Promise<string> {
    return String((await this.#post('/v1/terminal-enrolment-codes', { terminalId }))['code'])
  }

  /** The till is to hold the present slots of these card holders, renewed day by day. @param holders labels of cards */
  async leases(terminalId: string, schemeId: string, holders: readonly string[]): Promise<void> {
    const beneficiaries = holders.map((label) => demoPseudonym(demoSeed, schemeId, label))
    const policy = { sellForMs: 24 * hourMs, presentForMs: 14 * 24 * hourMs, periods: 1 }
    await this.#post('/v1/lease-policies', { terminalId, schemeId, beneficiaries, ...policy })
  }

  /** A card is lost: it is blocked, and another one takes its place. @param uid of the new card, hex */
  async reissues(lostCard: string, uid: string): Promise<void> {
    const card = this.#issued<Record<string, string>>('card-pseudonyms.json')[lostCard]
    await this.#post('/v1/card-reissues', { card, uid })
  }

  /**
   * A card that only says who it is, for somebody who has a card: label of that one.
   *
   * @param uid hex. @returns of an NTAG21x the issuer's record to write to it
   */
  async registers(holderOf: string, uid: string, profile: IdentificationProfile): Promise<string | undefined> {
    const holder = demoPseudonym(demoSeed, 'holder', holderOf)
    const { record } = await this.#post('/v1/cards', { uid, holder, profile })
    return typeof record === 'string' ? record : undefined
  }

  /** What its issuing desk stores on each new card that counts itself, in base64url. */
  async cardIssuer(): Promise<CardIssuer> {
    return (await this.#get('/v1/card-issuers')) as unknown as CardIssuer
  }

  /** For a day. @param publicKey of the desk, 64 bytes, base64url. @returns the certificate */
  async certifiesDesk(publicKey: string): Promise<string> {
    return String((await this.#post('/v1/desk-certificates', { publicKey }))['certificate'])
  }

  /** @param made the card's id in hex and the key that it has made. @returns its name and its certificate */
  async registersCounting(
    holderOf: string,
    made: { readonly cardId: string; readonly publicKey: string },
  ): Promise<{ readonly card: string; readonly certificate: string }> {
    const holder = demoPseudonym(demoSeed, 'holder', holderOf)
    const { card, certificate } = await this.#post('/v1/applet-cards', { ...made, holder })
    return { card: String(card), certificate: String(certificate) }
  }

  /** The card's next script lets this desk set its PIN. */
  async ordersNewPin(card: string, publicKey: string): Promise<void> {
    await this.#post('/v1/card-pin-orders', { card, order: { kind: 'new_pin', publicKey } })
  }

  /** What is to be said to a card that lies at the desk. */
  async nextScript(card: string, scriptCounter: number): Promise<string> {
    return String((await this.#post('/v1/card-scripts', { card, scriptCounter }))['script'])
  }

  async keepsReceipt(card: string, receipt: string): Promise<void> {
    await this.#post('/v1/card-receipts', { card, receipt })
  }

  #issued<Content>(file: string): Content {
    return JSON.parse(readFileSync(join(this.#issuing, file), 'utf8')) as Content
  }

  #post(path: string, content: object): Promise<Readonly<Record<string, unknown>>> {
    return this.#ask('POST', path, JSON.stringify(content))
  }

  #get(path: string): Promise<Readonly<Record<string, unknown>>> {
    return this.#ask('GET', path, '')
  }

  async #ask(method: 'GET' | 'POST', path: string, content: string): Promise<Readonly<Record<string, unknown>>> {
    const created = Math.floor(this.#now() / 1_000)
    const nonce = Buffer.from(realRandomness.bytes(16)).toString('base64url')
    const unsigned = { method, url: `${this.#ledgerUrl}${path}`, body: content }
    const request = signRequest(unsigned, this.#key, { created, expires: created + 60, nonce })
    const { url, headers, body } = request
    const response = await fetch(url, { method, headers, ...(method === 'GET' ? {} : { body }) })
    const { status } = response
    const answer = { status, headers: Object.fromEntries(response.headers), body: await response.text() }
    if (verifyAnswer(answer, request, this.#ledgerKey).kind !== 'valid')
      throw new Error(`what answers to ${path} is not the ledger: ${answer.body}`)
    if (status !== 200) throw new Error(`the ledger answered ${status} to ${path}: ${answer.body}`)
    return JSON.parse(answer.body) as Record<string, unknown>
  }
}

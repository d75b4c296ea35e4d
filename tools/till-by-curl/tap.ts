/** One tap on line, as a till makes it: the decision under the package and the card's proof over the terms, signed. */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { v7 as uuidVersion7 } from 'uuid'
import { CardFile } from '../../hardware-mocks/cards/card-file.ts'
import { hashOf, saleHashOf, termsHashOf } from '../../src/sync/protocol/canonical.ts'
import { cardPseudonym } from '../../src/sync/protocol/card-pseudonym.ts'
import {
  publicJwkSchema,
  signTagged,
  verifyingKey,
  verifyTagged,
  type SigningKey,
} from '../../src/sync/protocol/keys.ts'
import { packageAnswerSchema, type Authorisation, type DecisionRecord } from '../../src/sync/protocol/messages.ts'
import { recordSourcesOf } from '../../src/sync/protocol/record-sources.ts'
import type { CardChannel } from '../../src/voucher/cards/card-channel.ts'
import { takeSaleBoundProof } from '../../src/voucher/cards/ntag424.ts'
import { keyHolder } from '../../src/voucher/cards/ntag424-authentication.ts'
import { decide, engineVersion, type DecisionInput } from '../../src/voucher/decide.ts'
import { isListed } from '../../src/voucher/hotlist.ts'
import type { TerminalPackage } from '../../src/voucher/package.ts'
import type { Sale } from '../../src/voucher/sale.ts'
import { periodAt, type AnyScheme } from '../../src/voucher/scheme.ts'
import { fullSlot, type Slot } from '../../src/voucher/slot.ts'
import type { TenderTerms } from '../../src/voucher/tender.ts'
import { placeForDecision } from '../../src/voucher/where.ts'

/** The message says why nothing can be asked of the ledger. */
export class TapRefused extends Error {}

export interface WantedTap {
  /** The ledger's answer to `package`. */
  readonly packageFile: string
  readonly ledgerKeyFile: string
  readonly cardFile: string
  readonly schemeId: string
  readonly beneficiary: string
  readonly itemId: string
  readonly quantity: number
}

export async function tap(key: SigningKey, wanted: WantedTap): Promise<Authorisation> {
  const { content, hash } = readPackage(wanted)
  const now = Date.now()
  const card = CardFile.open(wanted.cardFile, { now: () => now }).card({ random })
  const input = inputOf(content, wanted, now, cardPseudonym(content.cardReferenceKey, card.uid))
  const decision = decide(input)
  if (decision.verdict === 'refuse') throw new TapRefused(`refused by the rules: ${decision.code}`)
  const [part] = decision.parts
  if (part === undefined) throw new TapRefused('the scheme pays nothing of this')
  const terms: TenderTerms = {
    tenderId: newId(now),
    payerSlot: part.slotId,
    payeeAccount: content.merchant.accountId,
    amount: part.amount,
    schemeId: part.schemeId,
    saleHash: saleHashOf(input.sale),
  }
  const { schemes: _schemes, ...recorded } = input
  const sources = recordSourcesOf(content, null)
  const record: DecisionRecord = {
    packageId: content.packageId,
    packageHash: hash,
    hotlistVersion: content.hotlist.version,
    ...(sources === undefined ? {} : { sources }),
    input: recorded,
    decision,
    part: 0,
  }
  const cardProof = { profile: 'ntag424' as const, sun: await proofOf(card, tillKeyIn(wanted.cardFile), terms) }
  const signature = signTagged(key, 'tolem/decision-record/1', { record, cardProof, terms })
  return { terms, evidence: { cardProof, record, signature } }
}

const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length))
const newId = (now: number): string => uuidVersion7({ msecs: now, random: random(16) })

function readPackage({ packageFile, ledgerKeyFile }: WantedTap): {
  readonly content: TerminalPackage
  readonly hash: string
} {
  const answer = packageAnswerSchema.safeParse(JSON.parse(readFileSync(packageFile, 'utf8')))
  if (!answer.success || answer.data.kind !== 'newer')
    throw new TapRefused(`${packageFile} holds no package: it is the ledger's answer to \`package\``)
  const { package: content, signature } = answer.data.signed
  const ledgerKey = verifyingKey(publicJwkSchema.parse(JSON.parse(readFileSync(ledgerKeyFile, 'utf8'))))
  if (!verifyTagged(ledgerKey, 'tolem/package/1', content, signature))
    throw new TapRefused(`the package in ${packageFile} is not signed by the ledger`)
  return { content, hash: hashOf('tolem/package/1', content) }
}

function inputOf(content: TerminalPackage, wanted: WantedTap, now: number, card: string): DecisionInput {
  const scheme = content.schemes.find(({ schemeId }) => schemeId === wanted.schemeId)
  if (scheme === undefined) throw new TapRefused(`the package has no scheme ${wanted.schemeId}`)
  return {
    engineVersion,
    mode: 'online',
    trustedTime: now,
    merchantId: content.merchant.merchantId,
    ...placeForDecision(content.merchant),
    card: { card, blocked: isListed(content.hotlist, card) },
    schemes: content.schemes,
    slots: [freshSlot(scheme, wanted.beneficiary, now)],
    localSpends: [],
    leases: [],
    terminal: { clockTrusted: true, packageIssuedAt: content.issuedAt, lastSyncAt: now, exposure: [] },
    sale: saleOf(content, wanted, now),
    covered: [],
  }
}

/** As if nothing were spent of it: what is, the ledger knows, and its word counts. */
function freshSlot(scheme: AnyScheme, beneficiary: string, now: number): Slot {
  const period = periodAt(scheme, now)
  if (period === undefined) throw new TapRefused(`${scheme.schemeId} has no period now`)
  return fullSlot(scheme, beneficiary, period.periodId)
}

function saleOf(content: TerminalPackage, { itemId, quantity }: WantedTap, now: number): Sale {
  const item = content.catalogue.find((tile) => tile.itemId === itemId)
  if (item === undefined) throw new TapRefused(`the merchant has no item ${itemId}`)
  const { name, category, unitPrice } = item
  return { saleId: newId(now), lines: [{ line: 1, itemId, name, category, quantity, unitPrice }] }
}

/** Key 3, with which a till may write what the card's message is made over. */
function tillKeyIn(cardFile: string): Uint8Array {
  const { keys } = JSON.parse(readFileSync(cardFile, 'utf8')) as {
    readonly keys: readonly { readonly value: string }[]
  }
  return new Uint8Array(Buffer.from(keys[3]?.value ?? '', 'hex'))
}

async function proofOf(card: ReturnType<CardFile['card']>, tillKey: Uint8Array, terms: TenderTerms) {
  const channel: CardChannel = {
    atr: card.atr,
    transmit: async (command) => {
      const answer = card.exchange(command)
      return answer.kind === 'answered' ? answer : { kind: 'unknown', reason: answer.kind }
    },
  }
  card.enterField()
  const hash = new Uint8Array(Buffer.from(termsHashOf(terms), 'hex'))
  const proof = await takeSaleBoundProof(
    channel,
    keyHolder(() => tillKey),
    hash,
    random,
  )
  card.leaveField()
  if (proof.kind !== 'proof') throw new TapRefused(`the card gave no proof: ${proof.kind} at ${proof.step}`)
  return proof.sun
}

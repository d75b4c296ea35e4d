/**
 * A scheme of five days under the policy `card`, at the ledger's door: virtual applet cards (hardware-mocks, which
 * share no code with the ledger) are personalised, loaded, debited and presented by two tills, as a till does it.
 */
import { blankApplet, type AppletState } from '../../../hardware-mocks/cards/applet-state.ts'
import { VirtualApplet } from '../../../hardware-mocks/cards/applet.ts'
import type { CardLogEntry } from '../../../hardware-mocks/cards/card-memory.ts'
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import { demoAgency } from '../../../ledger-sim/scenarios/demo-schemes.ts'
import { cardBindingOf } from '../../../src/sync/protocol/card-binding.ts'
import { cardPseudonym } from '../../../src/sync/protocol/card-pseudonym.ts'
import type { ItemResult } from '../../../src/sync/protocol/messages.ts'
import type { CardChannel } from '../../../src/voucher/cards/card-channel.ts'
import { personaliseApplet } from '../../../src/voucher/cards/tolem-applet/personalisation.ts'
import { setPin, verifyPin } from '../../../src/voucher/cards/tolem-applet/pin.ts'
import { openPresence, type AppletPresence } from '../../../src/voucher/cards/tolem-applet/presence.ts'
import { recordLayout } from '../../../src/voucher/cards/tolem-applet/record.ts'
import { schemeRef } from '../../../src/voucher/cards/tolem-applet/names.ts'
import { update } from '../../../src/voucher/cards/tolem-applet/script.ts'
import {
  nameSlot,
  readSlots,
  type AppletSlot,
  type CardContent,
} from '../../../src/voucher/cards/tolem-applet/slots.ts'
import { planSpend, spend, type SpendPlan } from '../../../src/voucher/cards/tolem-applet/spend.ts'
import type { DecisionInput } from '../../../src/voucher/decide.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import type { Scheme } from '../../../src/voucher/scheme.ts'
import type { AppletProof } from '../../../src/voucher/tender.ts'
import { hourMs, p256, type Decided, type TestTill } from './demo-ledger.ts'
import { dailyFood, judgedWorld, schemeId, type JudgedWorld } from './period-world.ts'

export const onCards: Pick<Scheme, 'cards' | 'offline'> = {
  cards: { accepts: ['tolem-applet'] },
  offline: { ...dailyFood.offline, policy: 'card', pinAbove: null },
}

/** A sale as a till has it after SPEND. */
export type CardSale = Omit<Decided, 'leaseId'>

export interface Sold {
  readonly sale: CardSale
  readonly plan: SpendPlan
}

export interface CountingCard {
  readonly name: string
  readonly virtual: VirtualApplet
  /** What it did, by its own word. */
  readonly log: CardLogEntry[]
}

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
const bytesOf = (text: unknown): Uint8Array => Uint8Array.from(Buffer.from(String(text), 'base64url'))

export interface CountingWorld extends JudgedWorld {
  readonly holder: string
  /** Made by the agency's desk for the holder, or in place of another card. */
  issue(of?: { readonly holder?: string; readonly insteadOf?: CountingCard }): Promise<CountingCard>
  /** Another chip with what this one holds now. */
  copy(card: CountingCard): CountingCard
  /** Carries scripts until there is none, or the same one again. @returns how many were applied */
  carry(till: TestTill, card: CountingCard, keepReceipts?: boolean): Promise<number>
  /** At the agency's desk. */
  setPin(card: CountingCard, pin: string): Promise<void>
  content(till: TestTill, card: CountingCard): Promise<CardContent>
  /** Decides and debits. @throws where either refuses */
  sell(till: TestTill, card: CountingCard, amount: bigint, of?: SaleOf): Promise<Sold>
  /** The same sale as it goes up when the card was torn away. */
  torn(till: TestTill, sold: Sold): CardSale
  present(till: TestTill, sold: Sold | CardSale): Promise<ItemResult>
  /** What lies in the escrow of the card. */
  escrow(card: CountingCard): Promise<bigint>
  agency(path: string, body: unknown): Promise<{ status: number; body: Record<string, unknown> }>
  /** What the holdings of a card say, by period. */
  held(card: CountingCard): Promise<Readonly<Record<string, { loaded: bigint; debited: bigint; funds: bigint }>>>
}

export interface SaleOf {
  readonly mode?: 'online' | 'offline'
  readonly change?: (input: DecisionInput) => DecisionInput
  /** SPEND is sent, or the card is gone before it. */
  readonly isSpent?: boolean
  readonly pin?: string
  /** Of a till that uses one again. */
  readonly tenderId?: string
}

export async function countingWorld(
  change: Partial<Scheme> = {},
  funded?: bigint,
  onDidRun?: (statement: string) => void,
): Promise<CountingWorld> {
  const judged = await judgedWorld({ ...onCards, ...change }, funded, onDidRun)
  const { demo } = judged
  const random = seededRandom('counting cards')
  const agencyRole = demo.role('agency', demoAgency)
  const [entitlement] = (await demo.rows('entitlement')).filter((row) => row['scheme_id'] === schemeId)
  const holder = String(entitlement?.['holder'])
  const deskKey = p256('desk of the agency')
  const point = Buffer.concat([
    Buffer.from(deskKey.jwk.x, 'base64url'),
    Buffer.from('y' in deskKey.jwk ? deskKey.jwk.y : '', 'base64url'),
  ]).toString('base64url')

  const agency = (path: string, body: unknown) => agencyRole.post(path, body)
  const channelTo = ({ virtual }: CountingCard): CardChannel => {
    virtual.leaveField()
    virtual.enterField()
    return { atr: virtual.atr, transmit: async (command) => virtual.exchange(command) as never }
  }
  const cardOf = (state: AppletState, name = ''): CountingCard => {
    const log: CardLogEntry[] = []
    const memory = { save: () => {}, append: (entry: CardLogEntry) => void log.push(entry) }
    return { name, virtual: VirtualApplet.fromState(state, { random, memory }), log }
  }
  const openedWith = async (
    card: CountingCard,
    rootKeys: readonly string[],
    certificate: unknown,
    key: TestTill['key'],
  ): Promise<AppletPresence> => {
    const presence = await openPresence(
      channelTo(card),
      { certificate: bytesOf(certificate), sign: (bytes) => key.sign(bytes) },
      { rootKeys: rootKeys.map(bytesOf), trustedTime: demo.clock.now },
      random,
    )
    if (presence.kind !== 'present') throw new Error(JSON.stringify(presence))
    return presence
  }
  const opened = (till: TestTill, card: CountingCard): Promise<AppletPresence> => {
    const trust = till.package?.cards
    if (trust === undefined || trust.terminalCertificate === null) throw new Error('the till has no certificate')
    return openedWith(card, trust.rootKeys, trust.terminalCertificate, till.key)
  }
  const slotsOf = async (presence: AppletPresence): Promise<CardContent> => {
    const content = await readSlots(presence, demo.clock.now, [schemeRef(schemeId)])
    if (content.kind !== 'content') throw new Error(JSON.stringify(content))
    return content
  }

  const world: Omit<CountingWorld, keyof JudgedWorld> = {
    holder,
    agency,
    issue: async (of = {}) => {
      const cardId = random(16)
      const made = cardOf(
        blankApplet({ uid: null, cardKind: 1 }),
        cardPseudonym(demo.ports.keys.cardReferenceKey, cardId),
      )
      const issuer = (await agencyRole.get('/v1/card-issuers')).body as unknown as {
        issuerCertificate: string
        authorityKeys: string[]
        rootKeys: string[]
      }
      const { body: certified } = await agency('/v1/desk-certificates', { publicKey: point })
      const [present] = issuer.authorityKeys.map(bytesOf)
      if (present === undefined) throw new Error('no authority')
      const presence = await personaliseApplet(
        channelTo(made),
        {
          cardId,
          issuerCertificate: bytesOf(issuer.issuerCertificate),
          authorityKeys: [present, null],
          time: demo.clock.now - hourMs,
          certify: async (publicKey) => {
            const key = { cardId: Buffer.from(cardId).toString('hex'), publicKey: base64url(publicKey) }
            const { status, body } = await (of.insteadOf === undefined
              ? agency('/v1/applet-cards', { ...key, holder: of.holder ?? holder })
              : agency('/v1/applet-card-reissues', { ...key, card: of.insteadOf.name }))
            return status === 200 ? bytesOf(body['certificate']) : null
          },
        },
        { certificate: bytesOf(certified['certificate']), sign: (bytes) => deskKey.sign(bytes) },
        { rootKeys: issuer.rootKeys.map(bytesOf), trustedTime: demo.clock.now },
        random,
      )
      if (presence.kind !== 'present') throw new Error(JSON.stringify(presence))
      return made
    },
    copy: (card) => cardOf(card.virtual.state(), card.name),
    carry: async (till, card, keepReceipts = true) => {
      let applied = 0
      let last = ''
      while (applied < 9) {
        const presence = await opened(till, card)
        const { scriptCounter } = await slotsOf(presence)
        const answer = await till.call('/v1/terminal/card-scripts', { card: card.name, scriptCounter })
        // Without receipts the ledger may ask for one again.
        if (answer.kind !== 'script' || answer.script === last) return applied
        last = answer.script
        const done = await update(presence, bytesOf(answer.script))
        if (done.kind !== 'applied') throw new Error(JSON.stringify(done))
        applied += 1
        const receipt = { card: card.name, receipt: base64url(done.receipt) }
        if (keepReceipts) await till.call('/v1/terminal/card-receipts', receipt)
      }
      throw new Error('there is always another script')
    },
    setPin: async (card, pin) => {
      const { rootKeys } = (await agencyRole.get('/v1/card-issuers')).body as unknown as { rootKeys: string[] }
      const { body: certified } = await agency('/v1/desk-certificates', { publicKey: point })
      const order = { kind: 'new_pin', publicKey: point }
      await agency('/v1/card-pin-orders', { card: card.name, order })
      const presence = await openedWith(card, rootKeys, certified['certificate'], deskKey)
      const { scriptCounter } = await slotsOf(presence)
      const { body: next } = await agency('/v1/card-scripts', { card: card.name, scriptCounter })
      const done = await update(presence, bytesOf(next['script']))
      if (done.kind !== 'applied') throw new Error(JSON.stringify(done))
      await agency('/v1/card-receipts', { card: card.name, receipt: base64url(done.receipt) })
      const set = await setPin(presence, pin)
      if (set.kind !== 'verified') throw new Error(JSON.stringify(set))
    },
    content: async (till, card) => slotsOf(await opened(till, card)),
    sell: async (till, card, amount, of = {}) => {
      const { mode = 'offline', isSpent = true, pin } = of
      const presence = await opened(till, card)
      const content = await slotsOf(presence)
      const schemes = till.package?.schemes ?? []
      const found = content.slots.flatMap((slot): (readonly [AppletSlot, ReturnType<typeof nameSlot>])[] => [
        [slot, nameSlot(slot, schemes)],
      ])
      const [first] = found
      if (first === undefined || first[1] === null) throw new Error('the card has no slot of this day')
      const [own, named] = [first[0], first[1]]
      const bought = till.sale('bread')
      const sale = { ...bought, lines: bought.lines.map((line) => ({ ...line, unitPrice: tiyn(amount) })) }
      const label = { label: card.name, pseudonym: card.name } as Parameters<TestTill['input']>[0]
      const plain = till.input(label, sale, named.slot, mode, undefined)
      const spendCaps = [{ slotId: named.slot.slotId, amount: tiyn(own.maxPerSpend) }]
      const read: DecisionInput = { ...plain, card: { ...plain.card, profile: 'tolem-applet', spendCaps } }
      const input = of.change?.(read) ?? read
      const { terms, record } = till.recorded(input, null, of.tenderId)
      const planned = planSpend(presence, content, {
        ...cardBindingOf(terms, record),
        slot: own,
        challenge: random(16),
        isOnline: mode === 'online',
        isPinVerified: pin !== undefined,
      })
      if (planned.kind !== 'planned') throw new Error(planned.detail)
      const { plan } = planned
      const asked = pin === undefined ? undefined : await verifyPin(presence, pin)
      if (asked !== undefined && asked.kind !== 'verified') throw new Error(JSON.stringify(asked))
      const done = isSpent ? await spend(presence, plan) : { kind: 'debited' as const, record: plan.expectedInput }
      if (done.kind !== 'debited') throw new Error(JSON.stringify(done))
      const { cardCertificate, issuerCertificate } = presence.chain
      const proof: AppletProof = {
        profile: 'tolem-applet',
        record: base64url(done.record),
        cardCertificate: base64url(cardCertificate),
        issuerCertificate: base64url(issuerCertificate),
      }
      const evidence = till.evidenceOf(record, terms, proof)
      return { sale: { terms, evidence, decidedAt: input.trustedTime }, plan }
    },
    torn: (till, { sale, plan }) => {
      const { terms, evidence } = sale
      const proof = { ...(evidence.cardProof as AppletProof), record: base64url(plan.expectedInput) }
      if (plan.expectedInput.length !== recordLayout.length) throw new Error('not the signed bytes')
      return { ...sale, evidence: till.evidenceOf(evidence.record, terms, proof) }
    },
    present: async (till, of) => {
      const [result] = await till.batch(till.presentment('sale' in of ? of.sale : of))
      if (result === undefined) throw new Error('no result')
      return result
    },
    escrow: async (card) => {
      const escrows = (await demo.rows('card_escrow')).filter((row) => row['card'] === card.name)
      const accounts = await demo.rows('account')
      return escrows.reduce((sum, { account_id: id }) => {
        return sum + (accounts.find((row) => row['account_id'] === id)?.['balance'] as bigint)
      }, 0n)
    },
    held: async (card) => {
      const rows = (await demo.rows('card_slot')).filter((row) => row['card'] === card.name)
      return Object.fromEntries(
        rows.map((row) => [
          String(row['slot_id']).split('/')[2],
          {
            loaded: row['loaded_amount'] as bigint,
            debited: row['debited_amount'] as bigint,
            funds: row['funds'] as bigint,
          },
        ]),
      )
    },
  }
  return Object.assign(judged, world)
}

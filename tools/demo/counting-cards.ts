/**
 * A scheme whose cards hold the allowance themselves, and such a card: made at the agency's desk by the path that the
 * ledger offers (docs/design/25-policy-card.md, "Issuing"). What it gets later it fetches at the till.
 */
import type { CardBox } from '../../hardware-mocks/panel/card-box.ts'
import { demoCanteen, demoShop, foodVoucher } from '../../ledger-sim/scenarios/demo-schemes.ts'
import { newPrivateJwk, signingKey } from '../../src/sync/protocol/keys.ts'
import { realRandomness } from '../../src/terminal/core/real-ports.ts'
import type { CardChannel } from '../../src/voucher/cards/card-channel.ts'
import { personaliseApplet } from '../../src/voucher/cards/tolem-applet/personalisation.ts'
import { setPin } from '../../src/voucher/cards/tolem-applet/pin.ts'
import type { AppletPresence } from '../../src/voucher/cards/tolem-applet/presence.ts'
import { update } from '../../src/voucher/cards/tolem-applet/script.ts'
import { tiyn } from '../../src/voucher/money.ts'
import type { Scheme } from '../../src/voucher/scheme.ts'
import type { AgencyOffice } from './agency-office.ts'

export const countingCard = 'Food card'
/** For everybody who tries the demonstration: it protects nothing. */
export const countingCardPin = '4071'
/** A family that has no other card. */
const holder = 'Family of the food card'
export const countingScheme = 'card-food'
const fundedAmount = tiyn(10_000_000n)
/** 2 000 ₸: below it nobody types anything. */
const pinAbove = tiyn(200_000n)
const hourMs = 3_600_000

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
const bytes = (of: string): Uint8Array => Uint8Array.from(Buffer.from(of, 'base64url'))

/** Publishes the scheme and issues the card, unless the box has it. @param more what is otherwise in this scheme */
export async function bringInCountingCard(
  office: AgencyOffice,
  box: CardBox,
  now: number,
  more: Partial<Scheme> = {},
): Promise<void> {
  if (box.list().some(({ label }) => label === countingCard)) return
  const food = foodVoucher(now)
  const name = { kk: 'Азық-түлік картасы', ru: 'Продуктовая карта', en: 'Food card' }
  await office.publishes(
    {
      ...{ ...food, schemeId: countingScheme, name, merchants: [demoCanteen, demoShop], order: 3 },
      cards: { accepts: ['tolem-applet'] },
      offline: { ...food.offline, policy: 'card', pinAbove },
      ...more,
    },
    fundedAmount,
  )
  // The agency's desk serves cards of the agency's beneficiaries.
  await office.entitles(countingScheme, [holder])
  box.add([{ label: countingCard, kind: 'tolem-applet', profile: 'voucher' }])
  const card = box.card(countingCard)
  if (card === null) throw new Error(`no card ${countingCard}`)
  card.enterField()
  const channel: CardChannel = {
    atr: card.atr,
    transmit: async (command) => {
      const answer = card.exchange(command)
      return answer.kind === 'answered' ? answer : { kind: 'unknown', reason: answer.kind }
    },
  }
  await issue(office, channel, now)
  card.leaveField()
  box.putBack(countingCard)
}

async function issue(office: AgencyOffice, channel: CardChannel, now: number): Promise<void> {
  const random = (length: number): Uint8Array => realRandomness.bytes(length)
  const key = signingKey(newPrivateJwk(random))
  if (key.jwk.crv !== 'P-256') throw new Error('a desk has a P-256 key')
  const publicKey = text(Buffer.concat([Buffer.from(key.jwk.x, 'base64url'), Buffer.from(key.jwk.y, 'base64url')]))
  const issuer = await office.cardIssuer()
  const [present, next] = issuer.authorityKeys.map(bytes)
  if (present === undefined) throw new Error('the ledger names no terminal authority')
  const cardId = random(16)
  let name = ''
  const presence = await personaliseApplet(
    channel,
    {
      cardId,
      issuerCertificate: bytes(issuer.issuerCertificate),
      authorityKeys: [present, next ?? null],
      time: now - hourMs,
      certify: async (made) => {
        const of = { cardId: Buffer.from(cardId).toString('hex'), publicKey: text(made) }
        const registered = await office.registersCounting(holder, of)
        name = registered.card
        return bytes(registered.certificate)
      },
    },
    { certificate: bytes(await office.certifiesDesk(publicKey)), sign: (signed) => key.sign(signed) },
    { rootKeys: issuer.rootKeys.map(bytes), trustedTime: now },
    random,
  )
  if (presence.kind !== 'present') throw new Error(`the card was not personalised: ${JSON.stringify(presence)}`)
  await office.ordersNewPin(name, publicKey)
  await givePin(office, presence, name)
}

async function givePin(office: AgencyOffice, presence: AppletPresence, name: string): Promise<void> {
  const done = await update(presence, bytes(await office.nextScript(name, 0)))
  if (done.kind !== 'applied') throw new Error(`the card did not take its script: ${JSON.stringify(done)}`)
  await office.keepsReceipt(name, text(done.receipt))
  const set = await setPin(presence, countingCardPin)
  if (set.kind !== 'verified') throw new Error(`the card did not take its PIN: ${JSON.stringify(set)}`)
}

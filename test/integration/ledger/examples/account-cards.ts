/** Examples of cards that pay from accounts: a bank binds them, a till takes them in the place of a wallet. */
import { limitsOf } from '../../../../ledger-sim/individuals/tiers.ts'
import { toHex } from '../../../../src/voucher/cards/bytes.ts'
import { cardPayments, tapFor } from '../account-card-world.ts'
import { freshCardOf } from '../fresh-card.ts'
import { ask, termsOf } from '../payment-by-qr.ts'
import type { Stage, Story } from './stage.ts'

const client = 'individual-1'

export const story: Story = async (stage) => {
  await bindCards(stage)
  await blockCards(stage)
  await payTill(stage)
}

const uidOf = (stage: Stage, number: number) => toHex(freshCardOf(stage.demo, number).uid)

async function bindCards(stage: Stage): Promise<void> {
  const bank = stage.as('bank')
  const cards = '/v1/account-cards'
  const binding = { bindingId: stage.id(), uid: uidOf(stage, 1), accountId: client, tapMax: '2000000' }
  await bank.post('A bank binds a card to its client’s account', cards, binding)
  await bank.post('The same again changes nothing', cards, binding)
  await bank.post('The id means another card', cards, { ...binding, uid: uidOf(stage, 2) }, 409)
  const anew = (more: object) => ({ ...binding, bindingId: stage.id(), ...more })
  await bank.post('There is no such client', cards, anew({ accountId: 'nobody' }), 404)
  await bank.post('The card is another account’s', cards, anew({ accountId: 'individual-2' }), 409)
  const tooMuch = { uid: uidOf(stage, 2), tapMax: (limitsOf.full.single + 1n).toString() }
  await bank.post('One tap would take more than the account may pay at once', cards, anew(tooMuch), 409)
  await bank.disowned(cards, binding, 'bindingId')
  await bank.get('Which cards pay from an account', cards, { accountId: client })
  await bank.get('A bank sees its own clients’', cards, { accountId: 'nobody' }, 404)
}

async function blockCards(stage: Stage): Promise<void> {
  const bank = stage.as('bank')
  const card = freshCardOf(stage.demo, 1).pseudonym
  const schemes = stage.demo.card('Pupil 01').pseudonym
  for (const [what, path] of [
    ['A card that was lost is blocked', '/v1/account-card-blocks'],
    ['It was found', '/v1/account-card-unblocks'],
  ] as const) {
    await bank.post(what, path, { card })
    await bank.post('A card of a scheme is its agency’s', path, { card: schemes }, 404)
  }
}

async function payTill(stage: Stage): Promise<void> {
  const { demo } = stage
  const till = await demo.till('till-1')
  const terminal = stage.till(till)
  const card = freshCardOf(demo, 1)
  const [terms, dear] = [termsOf(till, 35_000n), termsOf(till, 2_000_001n)]
  for (const asked of [terms, dear]) await ask(till, asked)
  const session = { card: card.pseudonym, encryptedRndB: '11'.repeat(16) }
  const sessions = '/v1/terminal/card-sessions'
  const forQr = { cardSessionId: till.id(), ...session, paymentRequest: terms.tenderId }
  await terminal.post('A card that is to pay a QR', sessions, forQr)
  await terminal.post('It buys no voucher', sessions, { cardSessionId: till.id(), ...session })

  const pay = (requestId: string, sun = tapFor(card, terms)) => ({ requestId, proof: { profile: 'ntag424', sun } })
  const payment = pay(terms.tenderId)
  await terminal.post('The card pays', cardPayments, payment)
  await terminal.post('The same again pays nothing more', cardPayments, payment)
  await terminal.post('What it signed for one QR pays no other', cardPayments, pay(dear.tenderId))
  await terminal.post('More than one tap may take', cardPayments, pay(dear.tenderId, tapFor(card, dear)))
  await till.reverse(dear.tenderId)
  await terminal.post('The cashier had given up', cardPayments, pay(dear.tenderId, tapFor(card, dear)))
  await terminal.post('The terminal asked for no such payment', cardPayments, pay(till.id()), 404)
  const query = { paymentId: terms.tenderId }
  await stage.as('individual', client).get('What a card paid goes by the request’s id', paymentsPath, query)
}

const paymentsPath = '/v1/payment-requests/payments'

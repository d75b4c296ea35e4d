/** Examples of accounts of people: tiers, numbers, what people pay each other, and who looks at it by which law. */
import { limitsOf } from '../../../../ledger-sim/individuals/tiers.ts'
import { dayMs } from '../demo-ledger.ts'
import { ask, termsOf } from '../payment-by-qr.ts'
import type { Stage, Story } from './stage.ts'

const [customer, friend] = ['individual-1', 'individual-2']
/** Opened for this story, known to nobody. */
const purse = 'purse-1'
const phone = { kind: 'phone', number: '+77010000001' }
const card = { kind: 'card', number: '4000001234567899' }
const transfers = '/v1/transfers/individual-individual'
const payees = `${transfers}/payee`

export const story: Story = async (stage) => {
  const bank = stage.demo.role('bank')
  const opened = { accountId: purse, owner: purse, name: 'Customer 11 (demo)', tier: 'anonymous' }
  await bank.post('/v1/accounts/individuals', opened)
  await receive(stage, purse, limitsOf.anonymous.single + 1n)
  await changeTiers(stage)
  await nameNumbers(stage)
  const qr = await showCode(stage)
  await lookFor(stage, qr)
  await payPeople(stage, qr)
  await payTill(stage)
  await seeWhatCame(stage)
  await watch(stage)
}

async function changeTiers(stage: Stage): Promise<void> {
  const bank = stage.as('bank')
  const tiers = '/v1/individual-tiers'
  const known = { changeId: stage.id(), accountId: purse, tier: 'simplified' }
  await bank.post('A bank knows its client better', tiers, known)
  await bank.post('The same again changes nothing', tiers, known)
  await bank.post('The id means another tier', tiers, { ...known, tier: 'full' }, 409)
  await bank.post('There is no such client', tiers, { ...known, changeId: stage.id(), accountId: 'nobody' }, 404)
  const lower = { changeId: stage.id(), accountId: 'individual-3', tier: 'anonymous' }
  // With what it has, above what an account of the lowest tier may hold.
  await receive(stage, 'individual-3', limitsOf.anonymous.balance)
  await bank.post('The account holds more than the lower tier may', tiers, lower, 409)
  await bank.post('The bank says that it knows: what is held stays', tiers, { ...lower, acknowledgesExcess: true })
  await bank.post('Nobody knows whose it is', tiers, { changeId: stage.id(), accountId: purse, tier: 'anonymous' })
  await bank.disowned(tiers, known, 'changeId')
}

async function receive(stage: Stage, payee: string, amount: bigint): Promise<void> {
  const wages = {
    transferId: stage.id(),
    payer: 'almaly-education',
    payee,
    amount: amount.toString(),
    purpose: 'Wages',
  }
  await stage.demo.role('agency').post('/v1/payments/legal-entity-individual', wages)
}

async function nameNumbers(stage: Stage): Promise<void> {
  const bank = stage.as('bank')
  const person = stage.as('individual', friend)
  const aliases = '/v1/aliases'
  const alias = (number: object, accountId = friend) => ({ aliasId: stage.id(), accountId, ...number })
  await person.post('A person asks for a number: it leads nowhere yet', aliases, alias(phone))
  const confirmed = alias(phone)
  await bank.post('Their bank says that the number is theirs', aliases, confirmed)
  await bank.post('The same again changes nothing', aliases, confirmed)
  await bank.post('The id means another number', aliases, { ...confirmed, number: '+77010000002' }, 409)
  await bank.post('The number of a card', aliases, alias(card))
  await bank.post('The number is another account’s', aliases, alias(phone, customer), 409)
  await person.post('Nobody names numbers of another’s account', aliases, alias(phone, customer), 404)
  await bank.disowned(aliases, confirmed, 'aliasId')
  await person.get('Kinds of numbers that lead to an account', aliases, { accountId: friend })
  await person.get('A role sees its own', aliases, { accountId: customer }, 404)

  const releases = '/v1/alias-releases'
  const release = { releaseId: stage.id(), accountId: friend, ...card }
  await person.post('A number is let go', releases, release)
  await person.post('The same again changes nothing', releases, release)
  await person.post('The id means another number', releases, { ...release, ...phone }, 409)
  await person.post('There is no such number of the account', releases, { ...release, releaseId: stage.id() }, 404)
  await person.disowned(releases, release, 'releaseId')
  await stage.demo.role('bank').post(aliases, alias(card))
}

/** @returns the text of the friend's QR */
async function showCode(stage: Stage): Promise<string> {
  const person = stage.as('individual', friend)
  const codes = '/v1/receive-codes'
  const code = { codeId: stage.id(), accountId: friend }
  const { text } = await person.post('A QR by which a person is paid', codes, code)
  await person.post('The same again is the same QR', codes, code)
  await person.post('The id means another account', codes, { ...code, accountId: customer }, 409)
  await person.post('Nobody makes another’s QR', codes, { codeId: stage.id(), accountId: customer }, 404)
  await person.disowned(codes, code, 'codeId')
  return String(text)
}

async function lookFor(stage: Stage, qr: string): Promise<void> {
  const payer = stage.as('individual', customer)
  await payer.get('Whose phone number it is, masked', payees, { payer: customer, kind: 'phone', to: phone.number })
  await payer.get('Whose QR it is', payees, { payer: customer, kind: 'qr', to: qr })
  const unknown = { payer: customer, kind: 'phone', to: '+77019999999' }
  await payer.get('Nobody has the number, or nobody may pay who has it', payees, unknown, 404)
  const asPurse = { payer: purse, kind: 'phone', to: phone.number }
  await stage.as('bank').get('Who pays nobody looks nobody up', payees, asPurse, 409)
  const empty = { accountId: 'purse-3', owner: 'purse-3', name: 'Customer 13 (demo)' }
  await stage.demo.role('bank').post('/v1/accounts/individuals', empty)
  await stage.as('bank').get('Nor does who has nothing', payees, { ...asPurse, payer: empty.accountId }, 409)
}

async function payPeople(stage: Stage, qr: string): Promise<void> {
  const payer = stage.as('individual', customer)
  const pay = { transferId: stage.id(), payer: customer, to: phone, amount: '150000', purpose: 'For the excursion' }
  const transfer = { ...pay, shows: 'name' }
  await payer.post('By phone number; the payee sees the payer’s name', transfers, transfer)
  await payer.post('The same again pays nothing more', transfers, transfer)
  await payer.post('The id means another payment', transfers, { ...transfer, amount: '1' }, 409)
  const anew = (more: object) => ({ ...transfer, transferId: stage.id(), ...more })
  await payer.post('By card number; the payee sees a pseudonym', transfers, anew({ to: card, shows: 'pseudonym' }))
  await payer.post('By QR; the payee sees nothing', transfers, anew({ to: { kind: 'qr', text: qr }, shows: 'nothing' }))
  const account = (accountId: string) => ({ to: { kind: 'account', accountId } })
  await stage.as('bank').post('By account, by the payer’s bank', transfers, anew(account(friend)))
  await payer.post('Nobody can be paid there', transfers, anew(account('nobody')), 404)
  await payer.post('Nobody pays from another’s account', transfers, anew({ payer: friend }), 404)
  await payer.post('Payer and payee are one', transfers, anew(account(customer)), 409)
  await payer.post('The payer has too little', transfers, anew({ amount: '400000000' }), 409)
  await stage.as('bank').post('An unknown payer pays shops only', transfers, anew({ payer: purse }), 409)
  await payer.disowned(transfers, transfer)
}

async function payTill(stage: Stage): Promise<void> {
  const till = await stage.demo.till('till-1')
  const terms = termsOf(till, limitsOf.anonymous.single + 1n)
  await ask(till, terms)
  const payment = { paymentId: stage.id(), requestId: terms.tenderId, payer: purse }
  await stage.as('bank').post('More than one payment may be', '/v1/payment-requests/payments', payment, 409)
}

async function seeWhatCame(stage: Stage): Promise<void> {
  const received = '/v1/received'
  const person = stage.as('individual', friend)
  await person.get('What one received, with what each payer shows', received)
  await person.get('What came after it', received, { after: '2', limit: '1' })
  await stage.as('bank').get('The bank shows it to its client', received, { accountId: friend, limit: '1' })
  await person.get('A role sees its own', received, { accountId: customer }, 404)
  await stage.as('central-bank').get('Payments between people, as pseudonyms', transfers, { limit: '2' })
}

/** The same sum goes to and fro: the auditor looks at it, and asks by law who it is. */
async function watch(stage: Stage): Promise<void> {
  const auditor = stage.as('auditor')
  const transferId = await goInCircles(stage)
  const { alerts } = await auditor.get('What the rules found', '/v1/alerts', { limit: '1' })
  const [alert] = alerts as readonly { readonly alertId: string; readonly account: string }[]
  const decisions = '/v1/alert-decisions'
  const decision = { decisionId: stage.id(), alertId: alert?.alertId, decision: 'escalated', reason: 'Looks circular' }
  await auditor.post('The auditor escalates it', decisions, decision)
  await auditor.post('The same again changes nothing', decisions, decision)
  await auditor.post('The id means another decision', decisions, { ...decision, decision: 'cleared' }, 409)
  const anew = { ...decision, decisionId: stage.id() }
  await auditor.post('It was decided before', decisions, anew, 409)
  await auditor.post('There is no such alert', decisions, { ...anew, alertId: stage.id() }, 404)

  const disclosures = '/v1/disclosures'
  const order = { legalBasis: 'court_order', reason: 'Order 2 of an invented court' }
  const asked = { disclosureId: stage.id(), subject: { kind: 'account', account: alert?.account }, ...order }
  await auditor.post('Who is behind a pseudonym', disclosures, asked)
  await auditor.post('The same again leaves no other row', disclosures, asked)
  await auditor.post('The id means another question', disclosures, { ...asked, reason: 'Order 3' }, 409)
  const payer = { disclosureId: stage.id(), subject: { kind: 'transfer', transferId }, ...order }
  await auditor.post('Who paid a transfer', disclosures, payer)
  const nobody = { ...payer, disclosureId: stage.id(), subject: { kind: 'transfer', transferId: stage.id() } }
  await auditor.post('Nobody is meant', disclosures, nobody, 404)
  await stage.as('central-bank').get('Who was disclosed, and on what ground', disclosures, { limit: '1' })
  const bank = stage.as('bank')
  await bank.get('The bank is not told yet', disclosures)
  await bank.get('It has no such disclosure to begin after', disclosures, { after: asked.disclosureId }, 404)
  stage.demo.clock.now += 30 * dayMs
  await bank.get('The bank learns which of its clients it was', disclosures)
}

/** @returns the last payment */
async function goInCircles(stage: Stage): Promise<string> {
  let transferId = ''
  for (const [payer, payee] of [
    [customer, friend],
    [friend, customer],
    [customer, friend],
    [friend, customer],
  ]) {
    stage.demo.clock.now += 1000
    transferId = stage.id()
    const to = { kind: 'account', accountId: payee }
    const payment = { transferId, payer, to, amount: '100000', purpose: '', shows: 'nothing' }
    await stage.demo.role('bank').post(transfers, payment)
  }
  return transferId
}

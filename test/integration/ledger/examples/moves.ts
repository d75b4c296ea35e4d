/** Examples of moves: conversions and cash at a bank, payments, what goes back, and what is asked about all that. */
import { aboveLowest, whileLimited, type Actor, type Stage, type Story } from './stage.ts'

const bank = 'dala-bank'
const customer = 'individual-1'
const agencyAccount = 'almaly-education'
const payouts = '/v1/payments/legal-entity-individual'
/** More than anybody of the demonstration has. */
const short = '400000000'
/** More than anybody has. */
const tooMuch = '99999999999'

export const story: Story = async (stage) => {
  await prepare(stage)
  await convert(stage)
  await handOutCash(stage)
  const { stipend, tax } = await pay(stage)
  await giveBack(stage, stipend, tax)
  await ask(stage, stipend)
}

/** The bank and a customer of it have something to convert. */
async function prepare(stage: Stage): Promise<void> {
  const centralBank = stage.demo.role('central-bank')
  for (const accountId of [`${bank}.reserve`, `${bank}.client.${customer}`])
    await centralBank.post('/v1/non-cash-deposits', { transferId: stage.id(), accountId, amount: '5000000' })
}

async function convert(stage: Stage): Promise<void> {
  const actor = stage.as('bank')
  const issue = { transferId: stage.id(), bank, amount: '3000000' }
  await stage.demo.role('bank').post('/v1/conversions/non-cash-to-dt/bank-central-bank', issue)

  const returns = '/v1/conversions/dt-to-non-cash/bank-central-bank'
  const returned = { transferId: stage.id(), bank, amount: '500000' }
  await actor.post('A bank gives DT back to the central bank', returns, returned)
  await actor.post('The same again moves nothing', returns, returned)
  await actor.post('The id means another amount', returns, { ...returned, amount: '1' }, 409)
  const anew = { ...returned, transferId: stage.id() }
  await actor.post('The bank has too little DT', returns, { ...anew, amount: tooMuch }, 409)
  await actor.post('A bank acts for itself only', returns, { ...anew, bank: 'steppe-bank' }, 403)
  await actor.disowned(returns, returned)

  await serve(stage, '/v1/conversions/non-cash-to-dt/individual-bank', '400000', {
    done: 'A bank sells DT to an individual',
    short: 'The individual has too little non-cash',
    refused: ['Legal entities have a method of their own', agencyAccount],
  })
  await serve(stage, '/v1/conversions/dt-to-non-cash/individual-bank', '150000', {
    done: 'A bank buys DT from an individual',
    short: 'The individual has too little DT',
    refused: ['Marked money does not become non-cash', 'scheme.school-lunch'],
  })
}

async function handOutCash(stage: Stage): Promise<void> {
  const centralBank = stage.as('central-bank')
  const supplies = '/v1/cash-supplies'
  const supply = { transferId: stage.id(), bank, amount: '1000000' }
  await centralBank.post('Cash is delivered to the vault of a bank', supplies, supply)
  await centralBank.post('The id means another amount', supplies, { ...supply, amount: '1' }, 409)
  const elsewhere = { ...supply, transferId: stage.id(), bank: 'steppe-bank' }
  await centralBank.post('There is no such bank', supplies, elsewhere, 404)
  await centralBank.disowned(supplies, supply)

  await serve(stage, '/v1/cash-withdrawals', '200000', {
    done: 'A client gives DT and takes cash',
    short: 'The client has too little',
    refused: ['Marked money does not become cash', 'scheme.school-lunch'],
  })
  const purse = { accountId: 'purse-2', owner: 'purse-2', name: 'Customer 12 (demo)', tier: 'anonymous' }
  await stage.demo.role('bank').post('/v1/accounts/individuals', purse)
  const gift = {
    transferId: stage.id(),
    payer: 'almaly-education',
    payee: purse.accountId,
    amount: '1',
    purpose: 'Prize',
  }
  await stage.demo.role('agency').post('/v1/payments/legal-entity-individual', gift)
  const unknown = { transferId: stage.id(), bank, accountId: purse.accountId, amount: '1' }
  await stage.as('bank').post('Whom nobody knows takes no cash', '/v1/cash-withdrawals', unknown, 409)
  await serve(stage, '/v1/cash-deposits', '100000', {
    done: 'A client gives cash and takes DT',
    short: 'The bank has too little DT',
    refused: ['The account of a scheme is filled by its agency', 'scheme.school-lunch'],
  })
}

interface Service {
  readonly done: string
  readonly short: string
  /** Why, and for whose account. */
  readonly refused: readonly [string, string]
}

/** What all methods have in which a bank serves its client. */
async function serve(stage: Stage, path: string, amount: string, titles: Service): Promise<void> {
  const actor = stage.as('bank')
  const terms = { transferId: stage.id(), bank, accountId: customer, amount }
  await actor.post(titles.done, path, terms)
  await actor.post('The id means another amount', path, { ...terms, amount: '1' }, 409)
  const anew = { ...terms, transferId: stage.id() }
  await actor.post(titles.short, path, { ...anew, amount: short }, 409)
  await whileLimited(stage, customer, () =>
    actor.post('More than the individual’s limits allow', path, { ...anew, amount: '1' }, 409),
  )
  await actor.post('There is no such client', path, { ...anew, accountId: 'nobody' }, 404)
  const [refused, accountId] = titles.refused
  await actor.post(refused, path, { ...anew, accountId }, 409)
  await actor.post('A bank acts for itself only', path, { ...anew, bank: 'steppe-bank' }, 403)
  await actor.disowned(path, terms)
}

/** @returns the transfers of a stipend and of a tax */
async function pay(stage: Stage): Promise<{ readonly stipend: string; readonly tax: string }> {
  const agency = stage.as('agency')
  const stipend = {
    transferId: stage.id(),
    payer: agencyAccount,
    payee: customer,
    amount: '300000',
    purpose: 'Stipend for November',
  }
  await agency.post('A legal entity pays an individual', payouts, stipend)
  await agency.post('The id means another payment', payouts, { ...stipend, amount: '1' }, 409)
  await showRefusedPayments(stage, agency, payouts, stipend)

  const forMany = '/v1/scenarios/government-to-customer'
  const payments = [
    { transferId: stage.id(), payee: 'individual-2', amount: '120000' },
    { transferId: stage.id(), payee: 'individual-9', amount: '120000' },
  ]
  const benefits = { payer: agencyAccount, purpose: 'Child benefit', payments }
  await agency.post('Each payment has its own result', forMany, benefits)
  await agency.post('The same again pays nothing more', forMany, benefits)

  const dues = '/v1/scenarios/customer-to-government'
  const tax = {
    transferId: stage.id(),
    payer: customer,
    payee: agencyAccount,
    amount: '70000',
    purpose: 'tax',
    paymentReference: 'TAX-2026/0117',
  }
  const payer = stage.as('individual', customer)
  await payer.post('A customer pays a tax', dues, tax)
  await payer.post('The id means another payment', dues, { ...tax, purpose: 'fine' }, 409)
  await showRefusedPayments(stage, payer, dues, tax)
  const fine = { ...tax, transferId: stage.id(), purpose: 'fine', paymentReference: 'FINE-2026/0042' }
  await stage.as('bank').post('Its bank pays a fine for it', dues, fine)
  return { stipend: stipend.transferId, tax: tax.transferId }
}

async function showRefusedPayments(stage: Stage, actor: Actor, path: string, payment: object): Promise<void> {
  const anew = { ...payment, transferId: stage.id() }
  await actor.post('The payer has too little', path, { ...anew, amount: short }, 409)
  await whileLimited(stage, customer, () =>
    actor.post('More than the individual’s limits allow', path, { ...anew, amount: aboveLowest }, 409),
  )
  await actor.post('There is no such payee', path, { ...anew, payee: 'nobody' }, 404)
  await actor.disowned(path, { ...payment })
}

async function giveBack(stage: Stage, stipend: string, tax: string): Promise<void> {
  const agency = stage.as('agency')
  const payee = stage.as('individual', customer)
  const refunds = '/v1/refunds'
  const refund = { refundId: stage.id(), transferId: stipend, amount: '50000', reason: 'Studied for half the month' }
  await payee.post('The payee gives back a part', refunds, refund)
  await payee.post('The same again moves nothing', refunds, refund)
  await payee.post('The id means another amount', refunds, { ...refund, amount: '1' }, 409)
  const anew = { ...refund, refundId: stage.id() }
  await payee.post('Never more than was paid less what went back', refunds, { ...anew, amount: '250001' }, 409)
  await agency.post('Only the payee gives back', refunds, anew, 409)
  await stage.as('merchant').post('To a stranger there is none', refunds, anew, 404)
  await payee.disowned(refunds, refund, 'refundId')

  const reversals = '/v1/reversals'
  const reversal = { reversalId: stage.id(), transferId: tax, reason: 'Paid twice' }
  const other = { ...reversal, reversalId: stage.id() }
  await agency.post('Only its maker disowns a payment', reversals, other, 409)
  await stage.as('merchant').post('To a stranger there is none', reversals, other, 404)
  await payee.post('A payment is disowned by its maker', reversals, reversal)
  await payee.post('The same again moves nothing', reversals, reversal)
  await payee.post('It was reversed before', reversals, other)
  await payee.post('The id means another reversal', reversals, { ...reversal, reason: 'A mistake' }, 409)
  const conversion = stage.id()
  await stage.demo.role('bank').post('/v1/conversions/non-cash-to-dt/bank-central-bank', {
    transferId: conversion,
    bank,
    amount: '1000',
  })
  const ofConversion = { reversalId: stage.id(), transferId: conversion, reason: 'A mistake' }
  await stage.as('bank').post('A conversion is put right by the opposite one', reversals, ofConversion, 409)
  const unknown = { reversalId: stage.id(), transferId: stage.id(), reason: 'No answer came' }
  await payee.post('An id that never came is disowned', reversals, unknown)
  await payee.disowned(reversals, reversal, 'reversalId')
  await spendAndGiveBack(stage)
}

/** What was paid is not there any more. */
async function spendAndGiveBack(stage: Stage): Promise<void> {
  const paid = {
    transferId: stage.id(),
    payer: agencyAccount,
    payee: 'individual-3',
    amount: '30000',
    purpose: 'Prize',
  }
  await stage.demo.role('agency').post(payouts, paid)
  const { body } = await stage.demo.role('individual', 'individual-3').get('/v1/balances')
  const balances = body['balances'] as { readonly currency: string; readonly balance: string }[]
  const withdrawal = {
    transferId: stage.id(),
    payer: 'individual-3',
    payee: agencyAccount,
    amount: balances.find(({ currency }) => currency === 'DT')?.balance,
    purpose: 'fee',
    paymentReference: 'FEE-2026/0003',
  }
  await stage.demo.role('individual', 'individual-3').post('/v1/scenarios/customer-to-government', withdrawal)
  const { transferId } = paid
  const reason = 'The prize was another’s'
  const refund = { refundId: stage.id(), transferId, amount: '30000', reason }
  const reversal = { reversalId: stage.id(), transferId, reason }
  await stage.as('individual', 'individual-3').post('The payee has too little', '/v1/refunds', refund, 409)
  await stage.as('agency').post('The payee has too little', '/v1/reversals', reversal, 409)
}

async function ask(stage: Stage, stipend: string): Promise<void> {
  const agency = stage.as('agency')
  const transfers = '/v1/transfers'
  await agency.get('What became of a payment', transfers, { transferId: stipend })
  await agency.get('There is no such transfer', transfers, { transferId: stage.id() }, 404)
  const [reversalId, transferId] = [stage.id(), stage.id()]
  await stage.demo.role('agency').post('/v1/reversals', { reversalId, transferId, reason: 'No answer came' })
  await agency.get('It was reversed before it came', transfers, { transferId }, 409)

  const messages = '/v1/settlement-messages'
  const { cursor } = await stage.as('bank').get('What the settlement system was told', messages, { limit: '1' })
  await stage.as('bank').get('What came after it', messages, { after: String(cursor), limit: '1' })
  await stage.as('bank').get('There is no such message', messages, { after: stage.id() }, 404)

  const statements = '/v1/statements'
  const own = { accountId: customer }
  await stage.as('individual', customer).get('The entries of an account', statements, { ...own, limit: '3' })
  await stage.as('bank').get('The bank shows them to its client', statements, { ...own, after: '3', limit: '2' })
  const asCsv = { ...own, limit: '3', format: 'csv' }
  await stage.as('individual', customer).getCsv('The same for a spreadsheet', statements, asCsv)
  await agency.get('A role sees its own', statements, own, 404)
  await stage.as('auditor').get('Who watches all sees people as pseudonyms', transfers, { transferId: stipend })
}

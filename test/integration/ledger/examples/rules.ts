/** Examples of rules at the point of sale, of whom they are for, and of payments at a merchant that they split. */
import { drain } from '../demo-ledger.ts'
import {
  bought,
  canteen,
  canteenAccount,
  cashbackRule,
  done,
  newYear,
  taxAccount,
  vatRule,
  vatTerms,
} from '../rules-world.ts'
import { aboveLowest, whileLimited, type Stage, type Story } from './stage.ts'

const rules = '/v1/rules'
const assignments = '/v1/rule-assignments'
const payments = '/v1/payments/individual-merchant'
const refunds = '/v1/payments/individual-merchant/refunds'
const customer = 'individual-1'

export const story: Story = async (stage) => {
  await prepare(stage)
  await writeRules(stage)
  const assignmentId = await assign(stage)
  const paymentId = await pay(stage)
  await giveBack(stage, paymentId)
  await ask(stage)
  await end(stage, assignmentId)
}

/** The tax authority has an account, and the bank has DT to give. */
async function prepare(stage: Stage): Promise<void> {
  const bank = stage.demo.role('bank')
  const account = { accountId: taxAccount, owner: 'tax-authority', name: 'State budget (demo)', kind: 'legal-entity' }
  done(await bank.post('/v1/accounts/legal-entities', account))
  const amount = '1000000'
  const deposit = { transferId: stage.id(), accountId: 'dala-bank.reserve', amount }
  done(await stage.demo.role('central-bank').post('/v1/non-cash-deposits', deposit))
  const issue = { transferId: stage.id(), bank: 'dala-bank', amount }
  done(await bank.post('/v1/conversions/non-cash-to-dt/bank-central-bank', issue))
}

async function writeRules(stage: Stage): Promise<void> {
  const centralBank = stage.as('central-bank')
  const bank = stage.as('bank')
  await centralBank.post('Value added tax, as it is until the end of the year', rules, vatRule(1))
  await centralBank.post('The same again changes nothing', rules, vatRule(1))
  await centralBank.post('A version is never changed', rules, vatRule(1, { until: newYear }), 409)
  await centralBank.post('The next version is in force from the new year on', rules, vatRule(2))
  const past = vatRule(2, { version: 3, from: stage.demo.clock.now })
  await centralBank.post('No later version reaches into the past', rules, past, 409)
  const elsewhere = vatRule(1, { ruleId: 'vat-for-the-canteen', taxAccount: canteenAccount })
  await centralBank.post('Tax goes to the tax authority', rules, elsewhere, 404)
  await bank.post('No bank writes tax rules', rules, vatRule(1), 403)
  await bank.post('A bank gives its clients part of what they pay', rules, cashbackRule())
}

/** @returns the assignment of the bank's cashback, in force since a millisecond ago */
async function assign(stage: Stage): Promise<string> {
  const centralBank = stage.as('central-bank')
  const bank = stage.as('bank')
  const from = stage.demo.clock.now + 1
  const common = { merchantId: canteen, from, until: null }
  const tax = { assignmentId: stage.id(), ruleId: 'vat', terms: vatTerms, ...common }
  await centralBank.post('The tax rule is in force at a merchant', assignments, tax)
  await centralBank.post('The same again changes nothing', assignments, tax)
  const early = { ...tax, assignmentId: stage.id(), from: stage.demo.clock.now }
  await centralBank.post('No sale of before gets a rule', assignments, early, 409)
  const unknown = { ...tax, assignmentId: stage.id(), merchantId: 'nobody' }
  await centralBank.post('There is no such merchant', assignments, unknown, 404)
  await centralBank.post('The id means another assignment', assignments, { ...tax, until: newYear }, 409)
  await centralBank.disowned(assignments, tax, 'assignmentId')
  const cashback = { assignmentId: stage.id(), ruleId: 'dala-cashback', terms: { kind: 'cashback' }, ...common }
  await bank.post('A cashback asks for no terms', assignments, cashback)
  stage.demo.clock.now = from
  return cashback.assignmentId
}

/** @returns a payment that was split */
async function pay(stage: Stage): Promise<string> {
  const payer = stage.as('individual', customer)
  const payment = {
    paymentId: stage.id(),
    payer: customer,
    merchantId: canteen,
    amount: '116600',
    lines: [bought('school-lunch', 11_600n), bought('medicines', 105_000n)],
  }
  await payer.post('A customer pays; tax and cashback move with it', payments, payment)
  await payer.post('The same again pays nothing more', payments, payment)
  await payer.post('The id means another payment', payments, { ...payment, amount: '1' }, 409)
  const anew = { ...payment, paymentId: stage.id() }
  await payer.post('The lines do not add up to the amount', payments, { ...anew, amount: '116601' }, 409)
  await payer.post('Nobody pays from another’s account', payments, { ...anew, payer: 'individual-2' }, 404)
  await payer.post('There is no such merchant', payments, { ...anew, merchantId: 'nobody' }, 404)
  const ofAll = (amount: bigint) => ({ ...anew, amount, lines: [bought('books', amount)] })
  await payer.post('The customer has too little', payments, ofAll(90_000_000n), 409)
  await whileLimited(stage, 'individual-1', () =>
    payer.post('More than the account may pay at once', payments, ofAll(BigInt(aboveLowest)), 409),
  )
  await payer.disowned(payments, payment, 'paymentId')

  const { paymentId } = payment
  await payer.get('What the customer sees of it', payments, { paymentId })
  await stage.as('merchant', canteen).get('The merchant does not see who paid', payments, { paymentId })
  await payer.get('There is no such payment', payments, { paymentId: stage.id() }, 404)
  return paymentId
}

async function giveBack(stage: Stage, paymentId: string): Promise<void> {
  const merchant = stage.as('merchant', canteen)
  const refund = {
    refundId: stage.id(),
    paymentId,
    amount: '5800',
    lines: [{ line: 1, amount: '5800' }],
  }
  await merchant.post('A merchant gives half of a line back, with its tax', refunds, refund)
  await merchant.post('The same again moves nothing', refunds, refund)
  await merchant.post('The id means another refund', refunds, { ...refund, lines: [{ line: 2, amount: '5800' }] }, 409)
  const anew = { refundId: stage.id(), paymentId }
  await merchant.post('Never more than is left of the payment', refunds, { ...anew, amount: '110801' }, 409)
  const other = { ...refund, refundId: stage.id() }
  await stage.as('merchant', 'kokbazar-shop').post('Only the paid merchant gives back', refunds, other, 404)
  await merchant.post('A sum without lines is spread over them', refunds, { ...anew, amount: '800' })
  await merchant.disowned(refunds, refund, 'refundId')
  await drain(stage.demo, canteenAccount)
  const late = { refundId: stage.id(), paymentId, amount: '110000' }
  await merchant.post('The merchant has too little', refunds, late, 409)
}

async function ask(stage: Stage): Promise<void> {
  // What a listing gives is older than its moment: nothing comes in before the last that was read.
  stage.demo.clock.now += 1
  const shares = '/v1/rule-shares'
  const merchant = stage.as('merchant', canteen)
  await merchant.get('The rules at one’s tills', rules)
  await stage.as('bank').get('A bank sees its own', rules)
  const { shares: first } = await merchant.get('What rules took and gave', shares, { limit: '1' })
  const [share] = first as { readonly shareId: string }[]
  await merchant.get('What came after it', shares, { after: share?.shareId ?? '', limit: '1' })
}

async function end(stage: Stage, assignmentId: string): Promise<void> {
  const endings = '/v1/rule-assignment-endings'
  const bank = stage.as('bank')
  const ending = { endingId: stage.id(), assignmentId, until: newYear }
  await bank.post('The cashback ends with the year', endings, ending)
  await bank.post('The same again changes nothing', endings, ending)
  const anew = { ...ending, endingId: stage.id() }
  await bank.post('What was sold keeps its rule', endings, { ...anew, until: stage.demo.clock.now }, 409)
  await bank.post('The id means another ending', endings, { ...ending, until: newYear - 1 }, 409)
  await stage.as('central-bank').post('Only who wrote the rule ends it', endings, anew, 404)
  await bank.disowned(endings, ending, 'endingId')
}

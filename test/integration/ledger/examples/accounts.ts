/** Examples of accounts and money: opening, non-cash in, conversions both ways, a payment, balances. */
import { p256 } from '../demo-ledger.ts'
import type { Story } from './stage.ts'

export const story: Story = async (stage) => {
  const bank = stage.as('bank')
  const centralBank = stage.as('central-bank')
  const farm = { accountId: 'stock-farm', owner: 'stock-farm', name: 'Stock farm (demo)', kind: 'legal-entity' }
  const legalEntities = '/v1/accounts/legal-entities'
  await bank.post('A bank opens an account of its client', legalEntities, farm)
  await bank.post('The same account again', legalEntities, farm)
  await bank.post('The id is another account’s', legalEntities, { ...farm, owner: 'horse-farm' }, 409)

  const person = { accountId: 'individual-9', owner: 'individual-9', name: 'Customer 9 (demo)' }
  const individuals = '/v1/accounts/individuals'
  await bank.post('A bank opens an account of a person', individuals, person)
  await bank.post('The id is another account’s', individuals, { ...person, name: 'Customer 10 (demo)' }, 409)

  const deposits = '/v1/non-cash-deposits'
  const deposit = { transferId: stage.id(), accountId: 'dala-bank.reserve', amount: '900000' }
  await centralBank.post('Non-cash comes to the reserve of a bank', deposits, deposit)
  const toClient = { transferId: stage.id(), accountId: 'dala-bank.client.almaly-education', amount: '500000' }
  await centralBank.post('Non-cash comes to a client’s account at a bank', deposits, toClient)
  const otherTerms = { ...deposit, amount: '900001' }
  await centralBank.post('The id means another amount', deposits, otherTerms, 409)
  const nowhere = { ...deposit, transferId: stage.id(), accountId: 'steppe-bank.reserve' }
  await centralBank.post('There is no such account', deposits, nowhere, 404)
  const ownNonCash = { ...deposit, transferId: stage.id(), accountId: 'dala-bank.non-cash' }
  await centralBank.post('Non-cash does not come to that kind of account', deposits, ownNonCash, 409)

  const issues = '/v1/conversions/non-cash-to-dt/bank-central-bank'
  const issue = { transferId: stage.id(), bank: 'dala-bank', amount: '800000' }
  await bank.post('A bank buys DT from the central bank', issues, issue)
  await bank.post('The same again moves nothing', issues, issue)
  await bank.post('The id means another amount', issues, { ...issue, amount: '1' }, 409)
  await bank.post(
    'The reserve has too little',
    issues,
    { ...issue, transferId: stage.id(), amount: '99999999999' },
    409,
  )
  await bank.post('A bank acts for itself only', issues, { ...issue, transferId: stage.id(), bank: 'steppe-bank' }, 403)

  const sales = '/v1/conversions/non-cash-to-dt/legal-entity-bank'
  const sale = { transferId: stage.id(), bank: 'dala-bank', accountId: 'almaly-education', amount: '400000' }
  await bank.post('A bank sells DT to its client', sales, sale)
  await bank.post('The id means another amount', sales, { ...sale, amount: '1' }, 409)
  const tooMuch = { ...sale, transferId: stage.id(), amount: '99999999999' }
  await bank.post('The client has too little non-cash', sales, tooMuch, 409)
  await bank.post('There is no such client', sales, { ...sale, transferId: stage.id(), accountId: 'nobody' }, 404)
  await bank.post('A bank acts for itself only', sales, { ...sale, transferId: stage.id(), bank: 'steppe-bank' }, 403)

  const payments = '/v1/payments/legal-entity-legal-entity'
  const payment = {
    transferId: stage.id(),
    payer: 'almaly-education',
    payee: 'stock-farm',
    amount: '250000',
    purpose: 'Milk for November',
  }
  const agency = stage.as('agency')
  await agency.post('A legal entity pays another', payments, payment)
  await agency.post('The id means another payment', payments, { ...payment, purpose: 'Meat for November' }, 409)
  await agency.post(
    'The payer has too little',
    payments,
    { ...payment, transferId: stage.id(), amount: '9999999999' },
    409,
  )
  const fromOther = { ...payment, transferId: stage.id(), payer: 'stock-farm', payee: 'almaly-education' }
  await agency.post('Nobody pays from another’s account', payments, fromOther, 404)
  const toSelf = { ...payment, transferId: stage.id(), payee: 'almaly-education' }
  await agency.post('Payer and payee are one', payments, toSelf, 409)

  const redemptions = '/v1/conversions/dt-to-non-cash/legal-entity-bank'
  const redemption = { transferId: stage.id(), bank: 'dala-bank', accountId: 'stock-farm', amount: '150000' }
  await bank.post(
    'The bank has too little non-cash of its own',
    redemptions,
    { ...redemption, amount: '99999999999' },
    409,
  )
  await bank.post('A bank buys DT from its client', redemptions, redemption)
  await bank.post('The id means another amount', redemptions, { ...redemption, amount: '1' }, 409)
  const marked = { ...redemption, transferId: stage.id(), accountId: 'scheme.school-lunch' }
  await bank.post('Marked money does not become non-cash', redemptions, marked, 409)
  await bank.post(
    'There is no such client',
    redemptions,
    { ...redemption, transferId: stage.id(), accountId: 'nobody' },
    404,
  )
  const forOther = { ...redemption, transferId: stage.id(), bank: 'steppe-bank' }
  await bank.post('A bank acts for itself only', redemptions, forOther, 403)

  await stage.as('merchant', 'school-7-canteen').get('What a merchant has', '/v1/balances')
  await stage.as('auditor').get('What one owner has, for the auditor', '/v1/balances', { owner: 'dala-bank' })
  await bank.get('What a client has with its bank', '/v1/balances', { owner: 'stock-farm' })
  await bank.get('The accounts that a bank serves, page by page', '/v1/accounts', { limit: '3' })
  await bank.get('The next page', '/v1/accounts', { after: 'individual-1', limit: '2' })
  await agency.get('A role sees its own', '/v1/balances', { owner: 'dala-bank' }, 403)

  const ofThePlatform = 'steppe-bank.reserve'
  const farmSo = { ...farm, accountId: ofThePlatform }
  await bank.post('The platform gives such names itself', legalEntities, farmSo, 409)
  const personSo = { ...person, accountId: ofThePlatform }
  await bank.post('The platform gives such names itself', individuals, personSo, 409)
  const toScheme = { ...sale, transferId: stage.id(), accountId: 'scheme.school-lunch' }
  await bank.post('The account of a scheme is filled by its agency', sales, toScheme, 409)
  await centralBank.disowned(deposits, deposit)
  await bank.disowned(issues, issue)
  await bank.disowned(sales, sale)
  await bank.disowned(redemptions, redemption)
  await agency.disowned(payments, payment)

  const clientKeys = '/v1/client-keys'
  const jwk = p256('examples/stock-farm').jwk
  const first = { registrationId: stage.id(), accountId: 'stock-farm', role: 'legal-entity', jwk }
  await bank.post('A bank gives its client the first key', clientKeys, first)
  await bank.post('The answer was lost', clientKeys, first)
  const another = { ...first, jwk: p256('examples/another key').jwk }
  await bank.post('The id means another key', clientKeys, another, 409)
  const second = { ...another, registrationId: stage.id() }
  await bank.post('The client has a key, which it changes itself', clientKeys, second, 409)
  const stranger = { ...second, registrationId: stage.id(), accountId: 'nobody' }
  await bank.post('There is no such client', clientKeys, stranger, 404)
  await bank.disowned(clientKeys, second, 'registrationId')
}

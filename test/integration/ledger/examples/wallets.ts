/** Examples of a wallet that pays a till's QR. */
import { ask, termsOf } from '../payment-by-qr.ts'
import { aboveLowest, whileLimited, type Story } from './stage.ts'

export const story: Story = async (stage) => {
  const till = await stage.demo.till('till-1')
  const terms = termsOf(till, 35_000n)
  await ask(till, terms)
  const large = termsOf(till, 90_000_000n)
  await ask(till, large)
  const customer = stage.as('individual', 'individual-1')
  const requests = '/v1/payment-requests'
  await customer.get('What a QR asks for', requests, { requestId: terms.tenderId })
  await customer.get('There is no such request', requests, { requestId: till.id() }, 404)

  const payments = '/v1/payment-requests/payments'
  const payment = { paymentId: stage.id(), requestId: terms.tenderId, payer: 'individual-1' }
  await customer.post('A customer pays it', payments, payment)
  await customer.post('The same again pays nothing more', payments, payment)
  await customer.post(
    'Nobody pays from another’s account',
    payments,
    { ...payment, paymentId: stage.id(), payer: 'individual-2' },
    404,
  )
  await customer.post('The id means another payment', payments, { ...payment, requestId: large.tenderId }, 409)
  const tooLarge = { ...payment, paymentId: stage.id(), requestId: large.tenderId }
  await customer.post('The customer has too little', payments, tooLarge, 409)
  await stage.as('individual', 'individual-2').post('Somebody else paid it before', payments, {
    ...payment,
    paymentId: stage.id(),
    payer: 'individual-2',
  })

  await customer.get('What became of it', payments, { paymentId: payment.paymentId })
  await customer.get('There is no such payment', payments, { paymentId: stage.id() }, 404)
  await customer.disowned(payments, payment, 'paymentId')
  const dear = termsOf(till, BigInt(aboveLowest))
  await ask(till, dear)
  const aboveLimit = { ...payment, paymentId: stage.id(), requestId: dear.tenderId }
  await whileLimited(stage, 'individual-1', () =>
    customer.post('More than the account may pay at once', payments, aboveLimit, 409),
  )
}

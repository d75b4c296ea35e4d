/** Examples about tills that are gone: receipts, exports, reviews; and about losses: discrepancies, appeals. */
import { makeReceiptPresentment } from '../../../../src/sync/protocol/receipt-presentment.ts'
import { signExportPart, sumsOf } from '../../../../src/sync/protocol/terminal-export.ts'
import { balanceOf, type TestTill } from '../demo-ledger.ts'
import type { Stage, Story } from './stage.ts'

export const story: Story = async (stage) => {
  const { demo } = stage
  const till = await demo.till('till-1')
  await till.fetch()
  const agency = stage.as('agency')
  const merchant = stage.as('merchant', 'school-7-canteen')
  await appeal(stage, till)

  // The export goes on from a row that the ledger knows; the sale comes after it, so its agency looks at it first.
  const after = till.position()
  await till.batch(till.reversal(till.id(), after))
  const stolen = receiptOf(stage, till)
  const exportPart = signExportPart(
    {
      version: 1,
      terminalId: 'till-1',
      merchantId: 'school-7-canteen',
      ledgerKey: demo.ports.keys.signing.jwk,
      madeAt: demo.clock.now,
      part: 1,
      isLast: true,
      after,
      rows: [],
      items: [],
      unreadable: [],
      open: [{ tenderId: till.id(), state: 'unknown', amount: stolen.amount }],
      sums: sumsOf([]),
    },
    till.key,
  )
  const exports = '/v1/terminal-exports'
  await merchant.post('An export with a sale that was in progress', exports, exportPart)
  await stage.as('merchant', 'kokbazar-shop').post('Another merchant’s till', exports, exportPart, 409)

  const claims = '/v1/receipt-claims'
  await merchant.post('A till in service hands over its sales itself', claims, { text: stolen.text }, 409)
  await demo.role('agency').post('/v1/terminal-revocations', { terminalId: 'till-1', reason: 'stolen' })
  await merchant.post('A receipt of a stolen till', claims, { text: stolen.text })
  await agency.get('Sales that wait for the agency’s word', '/v1/reviews')
  const decisions = '/v1/review-decisions'
  const decision = { tenderId: stolen.tenderId, verdict: 'paid', reason: 'The school knows of this lunch' }
  await agency.post('The agency pays a sale of a stolen till', decisions, decision)
  await agency.post('It was decided otherwise', decisions, { ...decision, verdict: 'refused' }, 409)
  await agency.post('There is no such review', decisions, { ...decision, tenderId: till.id() }, 404)
}

/** Two lunches of one slot: the second is the merchant's loss, until the agency pays it after all. */
async function appeal(stage: Stage, till: TestTill): Promise<void> {
  const { demo } = stage
  const agency = stage.as('agency')
  const merchant = stage.as('merchant', 'school-7-canteen')
  const first = await soldTwice(stage, till, 'Pupil 01')
  await merchant.get('Where ledger and tills disagree', '/v1/discrepancies')
  const unknown = till.id()
  await merchant.get('What became of a voucher’s payment', '/v1/tenders', { tenderId: first })
  await merchant.get('There is no such payment', '/v1/tenders', { tenderId: unknown }, 404)
  const asked = { discrepancyId: await onFile(stage), reason: 'The child ate here' }
  await merchant.post('A merchant asks the agency', '/v1/appeals', asked)
  await merchant.post('There is no such discrepancy', '/v1/appeals', { ...asked, discrepancyId: unknown }, 404)
  const decisions = '/v1/appeal-decisions'
  const decision = { discrepancyId: asked.discrepancyId, verdict: 'accepted', reason: 'Seen on the camera' }
  await agency.post('There is no such appeal', decisions, { ...decision, discrepancyId: unknown }, 404)
  await agency.post('The agency pays after all', decisions, decision)
  await agency.post('It was decided otherwise', decisions, { ...decision, verdict: 'refused' }, 409)

  // Another card under an id that pays a sale already: no sale stands unpaid for it.
  demo.clock.now += 1
  await till.present(till.decide({ card: demo.card('Pupil 03'), tenderId: first }))
  const again = { discrepancyId: await onFile(stage), reason: 'The child ate here' }
  await merchant.post('No sale stands unpaid for this', '/v1/appeals', again, 409)

  demo.clock.now += 1
  await soldTwice(stage, till, 'Pupil 04')
  const dry = { ...asked, discrepancyId: await onFile(stage) }
  await demo.role('merchant', 'school-7-canteen').post('/v1/appeals', dry)
  const everything = (await balanceOf(demo, 'almaly-education')).toString()
  await demo.role('agency').post('/v1/payments/legal-entity-legal-entity', {
    transferId: till.id(),
    payer: 'almaly-education',
    payee: 'merchant.kokbazar-shop',
    amount: everything,
    purpose: 'Bread for the year',
  })
  const dryDecision = { ...decision, discrepancyId: dry.discrepancyId }
  await agency.post('The agency has too little', decisions, dryDecision, 409)
}

/** @returns the first one's tender */
async function soldTwice(stage: Stage, till: TestTill, label: string): Promise<string> {
  const lunches = [0, 1].map(() => till.decide({ card: stage.demo.card(label) }))
  for (const lunch of lunches) await till.present(lunch)
  return lunches[0]?.terms.tenderId ?? ''
}

/** The newest discrepancy. */
async function onFile(stage: Stage): Promise<string> {
  const { body } = await stage.demo.role('merchant', 'school-7-canteen').get('/v1/discrepancies')
  const [newest] = body['discrepancies'] as { discrepancyId: string }[]
  return newest?.discrepancyId ?? ''
}

function receiptOf(stage: Stage, till: TestTill) {
  const decided = till.decide({ card: stage.demo.card('Pupil 02') })
  const { terms, decidedAt, evidence, leaseId } = decided
  const { epoch, sequence } = till.position()
  const { cardProof } = evidence
  const text = makeReceiptPresentment(
    { terms, leaseId, decidedAt, cardProof, terminalId: till.terminalId, position: { epoch, sequence } },
    till.key,
  )
  return { text, tenderId: terms.tenderId, amount: terms.amount }
}

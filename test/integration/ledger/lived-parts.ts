/** What banks, people, a tax authority and readers of the feed do, so that a ledger has rows of all that. */
import { v7 } from 'uuid'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { demoCanteen } from '../../../ledger-sim/scenarios/demo-schemes.ts'
import { entitle } from '../../../ledger-sim/schemes/beneficiaries.ts'
import { needSlot } from '../../../ledger-sim/schemes/carrying.ts'
import { publishScheme } from '../../../ledger-sim/schemes/schemes.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import type { Scheme } from '../../../src/voucher/scheme.ts'
import { accountCard } from './account-card-world.ts'
import { onCards } from './counting-card-world.ts'
import { dayMs, drain, p256, type DemoLedger, type TestSigner } from './demo-ledger.ts'
import { beneficiary, dailyFood } from './period-world.ts'
import { bought, cashbackRule, done, taxAccount, vatRule, vatTerms } from './rules-world.ts'

type Id = () => string

export async function liveOn(demo: DemoLedger): Promise<void> {
  const id = () => v7({ msecs: demo.clock.now, random: demo.random(16) })
  await moveMoney(demo, id)
  await payEachOther(demo, id)
  await sellUnderRules(demo, id)
  await changeHousehold(demo)
  await callTogether(demo)
  await passOn(demo)
  await loadCard(demo)
  await accountCard(demo, 1, 'individual-2')
  await rekeyCard(demo)
  const webhook = { webhookId: id(), url: 'http://127.0.0.1:9/', after: 0 }
  done(await demo.role('merchant', demoCanteen).post('/v1/webhooks', webhook))
}

/** Another holder shares the allowance of one, who then leaves: before households a beneficiary had one holder. */
async function changeHousehold(demo: DemoLedger): Promise<void> {
  const agency = demo.role('agency')
  const of = (await demo.rows('entitlement')).at(-1)
  const [schemeId, beneficiary, member] = [of?.['scheme_id'], of?.['beneficiary'], of?.['holder']]
  const joining = { schemeId, beneficiary, holder: 'c'.repeat(32), member }
  done(await agency.post('/v1/household-members', joining))
  done(await agency.post('/v1/entitlement-endings', { schemeId, beneficiary, holder: member }))
}

/** One beneficiary is in a group. */
async function callTogether(demo: DemoLedger): Promise<void> {
  const agency = demo.role('agency')
  const of = (await demo.rows('entitlement')).at(-1)
  const group = { schemeId: of?.['scheme_id'], groupId: 'village' }
  done(await agency.post('/v1/groups', { ...group, name: { kk: 'Ауыл', ru: 'Село', en: 'Village' } }))
  done(await agency.post('/v1/group-changes', { ...group, joining: [of?.['beneficiary']], leaving: [] }))
}

/** What a beneficiary has left when the first of two periods ends is there in the second. */
async function passOn(demo: DemoLedger): Promise<void> {
  const { now } = demo.clock
  const [first, second] = [
    { from: now, to: now + 60_000 },
    { from: now + 60_000, to: now + dayMs },
  ]
  const scheme: Scheme = {
    ...dailyFood,
    periods: [
      { ...first, periodId: 'first', openings: [first] },
      { ...second, periodId: 'second', openings: [second] },
    ],
    unused: { kind: 'carries_over', atMost: { kind: 'amount', amount: tiyn(400n) } },
  }
  await inTransaction(demo.ports, async (work) => {
    await publishScheme(work, scheme)
    await entitle(work, { schemeId: scheme.schemeId, beneficiary, holder: 'f'.repeat(32) })
  })
  demo.clock.now = second.from
  const slot = await inTransaction(demo.ports, (work) => needSlot(work, scheme, beneficiary, 'second'))
  if (slot?.slot.amountAllowed !== 1_400n) throw new Error('nothing passed on')
}

/** A card that counts itself has its first script. */
async function loadCard(demo: DemoLedger): Promise<void> {
  const agency = demo.role('agency', 'almaly-education')
  const [schemeId, holder] = ['counted-food', '9'.repeat(32)]
  const period = { periodId: 'now', from: demo.clock.now, to: demo.clock.now + dayMs }
  const periods = [{ ...period, openings: [{ from: period.from, to: period.to }] }]
  done(await agency.post('/v1/schemes', { ...dailyFood, ...onCards, schemeId, periods }))
  const transferId = v7({ msecs: demo.clock.now, random: demo.random(16) })
  const funding = { transferId, accountId: 'almaly-education', schemeId, amount: '5000' }
  done(await agency.post('/v1/scheme-fundings', funding))
  done(await agency.post('/v1/beneficiaries', { schemeId, beneficiary, holder }))
  const { jwk } = p256('a card that lived')
  const point = [jwk.x, 'y' in jwk ? jwk.y : ''].map((part) => Buffer.from(part, 'base64url'))
  const made = { cardId: '9'.repeat(32), publicKey: Buffer.concat(point).toString('base64url'), holder }
  const { card } = done(await agency.post('/v1/applet-cards', made))
  done(await agency.post('/v1/card-scripts', { card, scriptCounter: 0 }))
}

/** A card has the keys of its second generation. */
async function rekeyCard(demo: DemoLedger): Promise<void> {
  const agency = demo.role('agency', 'almaly-education')
  const onDesk = { uid: Buffer.from(demo.card('Pupil 07').uid).toString('hex'), generation: 2 }
  done(await agency.post('/v1/card-rekeyings', onDesk))
  done(await agency.post('/v1/card-rekeyings/done', onDesk))
}

/** A payment and its refund; the settlement system hears of a conversion. */
async function moveMoney(demo: DemoLedger, id: Id): Promise<void> {
  const amount = '1000000'
  const deposit = { transferId: id(), accountId: 'dala-bank.reserve', amount }
  done(await demo.role('central-bank').post('/v1/non-cash-deposits', deposit))
  const issue = { transferId: id(), bank: 'dala-bank', amount }
  done(await demo.role('bank').post('/v1/conversions/non-cash-to-dt/bank-central-bank', issue))
  const paid = { transferId: id(), payer: 'almaly-education', payee: 'individual-1', amount: '3000', purpose: 'Prize' }
  done(await demo.role('agency').post('/v1/payments/legal-entity-individual', paid))
  const refund = { refundId: id(), transferId: paid.transferId, amount: '1000', reason: 'Shared' }
  done(await demo.role('individual', 'individual-1').post('/v1/refunds', refund))
}

/** To and fro by phone number, which raises an alert; the auditor asks who it was. */
async function payEachOther(demo: DemoLedger, id: Id): Promise<void> {
  const bank = demo.role('bank')
  const [first, second] = ['individual-1', 'individual-2'] as const
  const phone = (accountId: string, number: string) => ({ aliasId: id(), accountId, kind: 'phone', number })
  done(await bank.post('/v1/aliases', phone(first, '+77000000001')))
  done(await bank.post('/v1/aliases', phone(second, '+77000000002')))
  const third = demo.role('individual', 'individual-3')
  done(await third.post('/v1/aliases', phone('individual-3', '+77000000003')))
  done(await third.post('/v1/receive-codes', { codeId: id(), accountId: 'individual-3' }))
  done(await bank.post('/v1/individual-tiers', { changeId: id(), accountId: 'individual-3', tier: 'simplified' }))
  let transferId = ''
  for (const [payer, number] of [...wayAndBack(first, second), ...wayAndBack(first, second)]) {
    transferId = id()
    const to = { kind: 'phone', number }
    const wanted = { transferId, payer, to, amount: '1000', purpose: 'Tea', shows: 'name' }
    done(await demo.role('individual', payer).post('/v1/transfers/individual-individual', wanted))
    demo.clock.now += 1
  }
  const asked = { legalBasis: 'court_order', reason: 'Order No. 1', subject: { kind: 'transfer', transferId } }
  done(await demo.role('auditor').post('/v1/disclosures', { disclosureId: id(), ...asked }))
}

function wayAndBack(first: string, second: string): readonly (readonly [payer: string, number: string])[] {
  return [
    [first, '+77000000002'],
    [second, '+77000000001'],
  ]
}

/** A payment with tax and cashback; part of its tax is owed when it goes back, and a refusal is on file. */
async function sellUnderRules(demo: DemoLedger, id: Id): Promise<void> {
  const [bank, centralBank] = [demo.role('bank'), demo.role('central-bank')]
  const account = { accountId: taxAccount, owner: 'tax-authority', name: 'State budget (demo)', kind: 'legal-entity' }
  done(await bank.post('/v1/accounts/legal-entities', account))
  const refused = await bank.post('/v1/rules', vatRule(1))
  if (refused.status !== 403) throw new Error('a bank wrote a tax rule')
  const from = demo.clock.now + 1
  const put = async (signer: TestSigner, rule: ReturnType<typeof vatRule> | ReturnType<typeof cashbackRule>) => {
    done(await signer.post('/v1/rules', rule))
    const terms = rule.kind === 'vat' ? vatTerms : { kind: 'cashback' }
    const common = { merchantId: demoCanteen, terms, from, until: null }
    done(await signer.post('/v1/rule-assignments', { assignmentId: id(), ruleId: rule.ruleId, ...common }))
  }
  await put(centralBank, vatRule(1))
  await put(bank, cashbackRule())
  demo.clock.now = from
  const paymentId = id()
  const payment = { paymentId, payer: 'individual-1', merchantId: demoCanteen, amount: '11600' }
  const lines = [bought('food', 11_600n)]
  done(await demo.role('individual', 'individual-1').post('/v1/payments/individual-merchant', { ...payment, lines }))
  await drain(demo, taxAccount)
  const refund = { refundId: id(), paymentId, amount: '5800' }
  done(await demo.role('merchant', demoCanteen).post('/v1/payments/individual-merchant/refunds', refund))
}

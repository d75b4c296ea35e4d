/** Each fault that the checker exists for is planted in a run that is otherwise clean, and must be found. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { checkRun, type Report } from '../../checker/check-run.ts'
import { reportInWords } from '../../checker/report-words.ts'
import { foreignKey, MadeUpRun, type Sale } from './made-up-run.ts'

let run: MadeUpRun
beforeEach(() => {
  run = new MadeUpRun()
})
afterEach(() => run.remove())

const faultsOf = (report: Report): readonly string[] => [...new Set(report.ledger.faults.map((fault) => fault.code))]
const kindsOf = (report: Report): readonly string[] => report.duplicates.map((duplicate) => duplicate.kind)

describe('a clean run', () => {
  test('passes, and counts what it holds', () => {
    run.wholeSale(1)
    run.wholeSale(2, {}, 'authorisation')
    const reprinted = run.wholeSale(3)
    run.receipt(reprinted, { copy: '        COPY' })
    const refused = run.sale(4)
    run.tap(refused)
    run.tender(refused, 'refused', { refusal: 'ALLOWANCE_USED' }, 'authorisation')

    const report = checkRun(run)
    expect(report).toMatchObject({
      passed: true,
      lost: [],
      duplicates: [],
      paidWithoutCard: [],
      paidWithoutPaper: [],
      paper: { slips: 4, originals: 3, copies: 1, salesProved: 3, tendersProved: 3, settled: 3, unproved: [] },
      tenders: { settledOnline: 1, settledPresented: 2, refused: 1, refusals: { ALLOWANCE_USED: 1 }, reversed: 0 },
      settled: 3,
      balanced: true,
      ledger: { faults: [], dtIssued: '1200000', dtInCirculation: '1200000', merchants: '345000' },
      cards: { logs: 4, messages: 4, debits: 0 },
      notes: [],
    })
    expect(reportInWords(report)).toContain('PASSED')
  })

  test('a sale that was cancelled, on paper and at the ledger, is neither lost nor paid', () => {
    const sale = run.wholeSale(1)
    run.reverse(sale)
    run.voidSlip(sale)
    expect(checkRun(run)).toMatchObject({ passed: true, paper: { reversed: 1, voidSlips: 1, originals: 1 } })
  })

  test('a reversal without a void slip is named, and is no loss', () => {
    const sale = run.wholeSale(1)
    run.reverse(sale)
    expect(checkRun(run)).toMatchObject({ passed: true, paper: { reversedWithoutVoidSlip: [sale.terms.tenderId] } })
  })

  test('what nobody pays for a listed reason is counted apart, and so is what waits for funds', () => {
    for (const [number, state, loss] of [
      [1, 'not_paid', 'SLOT_ALREADY_USED'],
      [2, 'awaiting_funds', null],
    ] as const) {
      const sale = run.sale(number)
      run.tap(sale)
      run.receipt(sale)
      run.tender(sale, state, { loss })
    }
    expect(checkRun(run)).toMatchObject({
      passed: true,
      lost: [],
      paper: { notPaid: { SLOT_ALREADY_USED: 1 }, awaitingFunds: 1 },
      tenders: { notPaid: 1, losses: { SLOT_ALREADY_USED: 1 }, awaitingFunds: 1 },
    })
  })

  test('a tombstone has no terms and is counted', () => {
    const tombstone = { terms: null, terms_hash: null, slot_id: null, scheme_id: null, amount: 0, tombstone: 1 }
    const sale = run.sale(1)
    run.tender(sale, 'reversed', tombstone)
    run.evidence(sale.terms.tenderId, 'reversal', { kind: 'reversal' })
    expect(checkRun(run)).toMatchObject({ passed: true, tenders: { reversed: 1, tombstones: 1 } })
  })

  test('a merchant who could not give all back owes the rest, and the slot may stay used', () => {
    const sale = run.wholeSale(1)
    const { tenderId, payerSlot } = sale.terms
    run.transfer('canteen', 'scheme.lunch', 100_000, 'voucher-reversal', tenderId)
    run.database.prepare(`update tender set state = 'reversed' where tender_id = ?`).run(tenderId)
    run.evidence(tenderId, 'reversal', { kind: 'reversal' })
    run.insert('merchant_debt', {
      kind: 'reversal',
      reference: tenderId,
      account_id: 'canteen',
      creditor: 'scheme.lunch',
      amount: 15_000,
    })
    expect(checkRun(run)).toMatchObject({ passed: true, tenders: { reversed: 1 } })
    expect(run.database.prepare('select 1 from slot_use where slot_id = ?').get(payerSlot)).toBeDefined()
  })
})

describe('refunds', () => {
  test('in part, whole, after the period, and then the rest reversed: nothing is wrong', () => {
    const [part, whole, late, reversed] = [1, 2, 3, 4].map((number) => run.wholeSale(number)) as [
      Sale,
      Sale,
      Sale,
      Sale,
    ]
    run.refund(part, 15_000)
    run.refund(whole, 100_000)
    run.refund(whole, 15_000)
    run.refund(late, 115_000, 'agency-1')
    run.refund(reversed, 15_000)
    run.transfer('canteen', 'escrow.lease-1', 100_000, 'voucher-reversal', reversed.terms.tenderId)
    run.database.prepare(`update tender set state = 'reversed' where tender_id = ?`).run(reversed.terms.tenderId)
    run.database.prepare('delete from slot_use where tender_id = ?').run(reversed.terms.tenderId)
    run.evidence(reversed.terms.tenderId, 'reversal', { kind: 'reversal' })
    run.voidSlip(reversed)
    expect(checkRun(run).ledger.faults).toEqual([])
  })

  test('of another sum than they say, to a stranger, of more than was paid, or without room in the slot', () => {
    const [sum, stranger, above, noRoom] = [1, 2, 3, 4].map((number) => run.wholeSale(number)) as [
      Sale,
      Sale,
      Sale,
      Sale,
    ]
    const short = run.refund(sum, 15_000)
    run.database.prepare('update refund set amount = 20000 where refund_id = ?').run(short)
    const astray = run.refund(stranger, 15_000, 'bank-1')
    run.refund(above, 115_000)
    run.refund(above, 1)
    run.refund(noRoom, 15_000)
    run.database.prepare('update slot_use set amount = 115000 where tender_id = ?').run(noRoom.terms.tenderId)
    const found = checkRun(run).ledger.faults.map(({ code, place }) => `${code} ${place}`)
    expect(found).toEqual(
      expect.arrayContaining([
        `refund_differs ${short}`,
        `refund_differs ${astray}`,
        `refund_differs ${above.terms.tenderId}`,
        `slot_use_differs ${noRoom.terms.tenderId}`,
      ]),
    )
  })
})

describe('lost', () => {
  test('a sale on paper of which the ledger never heard', () => {
    run.wholeSale(1)
    const lost = run.sale(2)
    run.tap(lost)
    run.receipt(lost)
    run.receipt(lost, { copy: 'КӨШІРМЕ' })
    const report = checkRun(run)
    expect(report.passed).toBe(false)
    expect(report.lost).toEqual([
      {
        tenderId: lost.terms.tenderId,
        saleHash: lost.terms.saleHash,
        amount: '115000',
        slips: [2, 3],
        reason: 'not_at_ledger',
      },
    ])
    expect(reportInWords(report)).toContain('Lost: 1')
  })

  test.each([
    ['refused', {}, 'refused'],
    ['not_paid', { loss: null }, 'not_paid_without_reason'],
    ['not_paid', { loss: 'BECAUSE' }, 'not_paid_without_reason'],
    ['settled', {}, 'paid_less'],
    ['reversed', {}, 'reversed_without_record'],
    ['deciding', {}, 'left_undecided'],
  ])('goods given, and the ledger says %s %o: %s', (state, more, reason) => {
    const sale = run.sale(1)
    run.tap(sale)
    run.receipt(sale)
    run.tender(sale, state, more)
    const report = checkRun(run)
    expect(report.lost.map((one) => one.reason)).toEqual([reason])
    expect(report.passed).toBe(false)
  })

  test('the ledger has other terms under the id', () => {
    const sale = run.wholeSale(1)
    const other = run.sale(1, { amount: '115001' })
    run.tap(other, 2)
    run.receipt(other)
    expect(checkRun(run).lost).toMatchObject([
      { tenderId: sale.terms.tenderId, amount: '115001', reason: 'other_terms' },
    ])
  })

  test('a payment to another merchant is none', () => {
    run.openAccount('shop', 'DT', 'merchant')
    const sale = run.sale(1)
    run.tap(sale)
    run.receipt(sale)
    run.tender(sale, 'settled')
    run.transfer('escrow.lease-1', 'shop', 115_000, 'voucher-payment', sale.terms.tenderId)
    const report = checkRun(run)
    expect(report.lost).toMatchObject([{ reason: 'paid_less' }])
    expect(faultsOf(report)).toEqual(['paid_to_another', 'settled_not_paid'])
  })
})

describe('cancelled on paper', () => {
  test('before the ledger heard of it: no loss', () => {
    const sale = run.sale(1)
    run.tap(sale)
    run.receipt(sale)
    run.voidSlip(sale)
    expect(checkRun(run)).toMatchObject({ passed: true, lost: [], paper: { voidedOnly: 1 } })
  })

  test('and yet paid', () => {
    const sale = run.wholeSale(1)
    run.voidSlip(sale)
    expect(checkRun(run)).toMatchObject({ passed: false, paper: { paidThoughVoided: [sale.terms.tenderId] } })
  })
})

describe('codes that prove nothing', () => {
  test('signed with another key', () => {
    const sale = run.wholeSale(1)
    run.receipt(sale, { copy: 'COPY', code: run.code(sale, foreignKey()) })
    expect(checkRun(run)).toMatchObject({
      passed: false,
      lost: [],
      paper: { unproved: [{ slip: 2, reason: 'signature_wrong', tenderId: sale.terms.tenderId }] },
    })
  })

  test('no card ever signed these terms', () => {
    const invented = run.sale(1)
    run.receipt(invented)
    expect(checkRun(run)).toMatchObject({
      passed: false,
      lost: [],
      paper: { unproved: [{ reason: 'card_never_said_it' }] },
    })
  })

  test('the card signed these terms, with another MAC', () => {
    const sale = run.sale(1)
    run.tap({ ...sale, mac: '0011223344556677' })
    run.receipt(sale)
    expect(checkRun(run).paper.unproved).toMatchObject([{ reason: 'card_never_said_it' }])
  })

  test('a changed amount, a cut text, an unknown terminal', () => {
    const sale = run.sale(1)
    run.tap(sale)
    const [beginning, body = '', signature] = run.code(sale).split('.')
    const dearer = Buffer.from(Buffer.from(body, 'base64url').toString().replace('"115000"', '"915000"'))
    run.receipt(sale, { code: [beginning, dearer.toString('base64url'), signature].join('.') })
    run.receipt(sale, { copy: 'COPY', code: run.code(sale).slice(0, -1) })
    expect(checkRun(run).paper.unproved.map((code) => code.reason)).toEqual(['signature_wrong', 'damaged'])
    run.database.exec(`update principal set role = 'auditor'`)
    expect(checkRun(run).paper.unproved.map((code) => code.reason)).toEqual(['terminal_unknown', 'damaged'])
  })

  test('a second text for what a terminal signed', () => {
    const sale = run.sale(1)
    run.tap(sale)
    const [beginning, body = '', signature] = run.code(sale).split('.')
    const spaced = Buffer.from(Buffer.from(body, 'base64url').toString().replaceAll(',', ', '))
    run.receipt(sale, { code: [beginning, spaced.toString('base64url'), signature].join('.') })
    expect(checkRun(run).paper.unproved.map((code) => code.reason)).toEqual(['damaged'])
  })

  test('a key that was replaced still proves what it signed', () => {
    run.wholeSale(1)
    run.database.exec(`update principal set status = 'revoked'`)
    expect(checkRun(run).passed).toBe(true)
  })

  test('other codes are left alone', () => {
    run.slip('Menu of the week', ['https://example.invalid/menu'])
    expect(checkRun(run)).toMatchObject({ passed: true, paper: { slips: 1, salesProved: 0 } })
  })
})

describe('duplicates', () => {
  test('one tender paid twice', () => {
    const sale = run.wholeSale(1)
    run.pay(sale)
    const report = checkRun(run)
    expect(report).toMatchObject({ passed: false, lost: [] })
    expect(report.duplicates).toMatchObject([
      { kind: 'tender_paid_twice', place: sale.terms.tenderId, detail: '230000 for 115000' },
    ])
  })

  test('one slot sold twice', () => {
    const first = run.wholeSale(1)
    run.wholeSale(2, { payerSlot: first.terms.payerSlot })
    const report = checkRun(run)
    expect(kindsOf(report)).toEqual(['slot_oversold'])
    expect(report.duplicates[0]?.detail).toBe('2 of 1 times, 230000 of 120000')
    expect(report.passed).toBe(false)
  })

  test('one slot, more often than it allows', () => {
    const first = run.wholeSale(1, { amount: '40000' })
    run.wholeSale(2, { amount: '40000', payerSlot: first.terms.payerSlot })
    expect(kindsOf(checkRun(run))).toEqual(['slot_oversold'])
  })

  test('one slot, more than its amount in one use', () => {
    run.wholeSale(1, { amount: '120001' })
    expect(kindsOf(checkRun(run))).toEqual(['slot_oversold'])
  })

  test('one card message behind two settled tenders', () => {
    const first = run.wholeSale(1)
    const second = run.wholeSale(2)
    run.database.prepare('update card_counter set mac = ? where tender_id = ?').run(first.mac, second.terms.tenderId)
    expect(checkRun(run).duplicates).toMatchObject([
      {
        kind: 'card_message_used_twice',
        place: 'card-1, counter 1',
        tenders: [first.terms.tenderId, second.terms.tenderId],
      },
    ])
  })

  test('one counter of one card at the ledger', () => {
    run.wholeSale(1)
    run.wholeSale(2)
    run.database.exec(`update card_counter set card = 'pseudonym-1'`)
    expect(kindsOf(checkRun(run))).toEqual(['card_message_used_twice'])
  })

  test('one sale paid twice under two ids', () => {
    const first = run.wholeSale(1)
    run.database.exec('update slot set count_allowed = 2, amount_allowed = 240000')
    const { payerSlot, saleHash } = first.terms
    const second = run.sale(2, { payerSlot, saleHash })
    run.tap(second)
    run.tender(second, 'settled')
    run.pay(second)
    expect(kindsOf(checkRun(run))).toEqual(['sale_paid_twice'])
  })

  test.each(['', 'COPYRIGHT 2026'])('two slips of one sale, none marked a copy (%s)', (mark) => {
    const sale = run.wholeSale(1)
    run.receipt(sale, { copy: mark })
    const report = checkRun(run)
    expect(report.duplicates).toMatchObject([
      { kind: 'original_printed_twice', place: sale.terms.saleHash, detail: 'slips 1, 2' },
    ])
    expect(report.passed).toBe(false)
  })

  test.each(['        КӨШІРМЕ', 'КОПИЯ', 'COPY'])('a second slip that says %s is none', (copy) => {
    run.receipt(run.wholeSale(1), { copy })
    expect(checkRun(run)).toMatchObject({ passed: true, paper: { originals: 1, copies: 1 } })
  })
})

describe('paid without', () => {
  test('a card', () => {
    const sale = run.sale(1)
    run.tender(sale, 'settled')
    run.pay(sale)
    expect(checkRun(run)).toMatchObject({ passed: false, paidWithoutCard: [sale.terms.tenderId] })
  })

  test('paper: as many as the run says wait for the printer', () => {
    const sale = run.sale(1)
    run.tap(sale)
    run.tender(sale, 'settled')
    run.pay(sale)
    expect(checkRun(run)).toMatchObject({ passed: true, paidWithoutPaper: [sale.terms.tenderId] })
    expect(checkRun({ ...run, waitingPrintJobs: 1 }).passed).toBe(true)
    expect(checkRun({ ...run, waitingPrintJobs: 0 }).passed).toBe(false)
  })
})

describe('a ledger that is not balanced', () => {
  const plant = (what: () => void): Report => {
    run.wholeSale(1)
    what()
    const report = checkRun(run)
    expect(report).toMatchObject({ passed: false, balanced: false })
    expect(reportInWords(report)).toContain('NOT BALANCED')
    return report
  }

  test.each([
    [
      'a balance without a transfer',
      `update account set balance = balance + 1 where account_id = 'canteen'`,
      ['balance_differs', 'currency_does_not_add_up', 'issue_differs'],
    ],
    [
      'a transfer without its balances',
      `update transfer set amount = amount + 1 where kind = 'issue'`,
      ['balance_differs', 'issue_differs'],
    ],
    [
      'a transfer of nothing',
      `update transfer set amount = 0 where kind = 'non-cash-deposit'`,
      ['transfer_malformed', 'balance_differs'],
    ],
    ['an account without a limit', `update account set floor = null where account_id = 'canteen'`, ['floor_missing']],
    ['an account below its limit', `update account set floor = 200001 where account_id = 'bank-1'`, ['below_floor']],
    [
      'terms changed after the fact',
      `update tender set amount = 115001`,
      ['terms_differ', 'settled_not_paid', 'slot_use_differs'],
    ],
    ['a hash of other terms', `update tender set terms_hash = '00'`, ['terms_differ']],
    [
      'unreadable terms',
      `update tender set terms = '{}'`,
      ['terms_differ', 'payment_without_tender', 'settled_not_paid'],
    ],
    ['another payer than said', `update tender set paid_by = 'agency'`, ['settled_not_paid']],
    ['a forgotten slot use', 'delete from slot_use', ['slot_use_differs']],
    ['a slot use of nobody', `insert into slot_use values ('nowhere', 'nobody', 1)`, ['slot_use_differs']],
    ['a closed lease that kept money', `update lease set state = 'closed'`, ['escrow_not_returned']],
  ])('%s', (_name, text, codes) => {
    const faults = faultsOf(plant(() => void run.database.exec(text)))
    expect(faults.toSorted()).toEqual(codes.toSorted())
  })

  test('escrow below zero in between, although it was filled up later', () => {
    const report = plant(() => {
      run.database.exec(`update account set floor = null where account_id = 'escrow.lease-1'`)
      run.transfer('escrow.lease-1', 'scheme.lunch', 400_000, 'lease-return', 'lease-1')
      run.transfer('scheme.lunch', 'escrow.lease-1', 400_000, 'lease-funding', 'lease-1')
    })
    expect(faultsOf(report)).toEqual(['escrow_negative', 'floor_missing'])
  })

  test('escrow that does not cover its slots', () => {
    const report = plant(() => {
      run.tender(run.sale(2), 'refused')
      run.transfer('escrow.lease-1', 'scheme.lunch', 300_000, 'lease-return', 'lease-1')
    })
    expect(report.ledger.faults).toMatchObject([{ code: 'escrow_short', place: 'lease-1' }])
  })

  test('marked money at a bank, and at another scheme', () => {
    const report = plant(() => {
      run.openScheme('food', 'scheme.food')
      run.transfer('scheme.lunch', 'bank-1', 1, 'redemption-of-dt', 'redemption-1')
      run.transfer('scheme.lunch', 'scheme.food', 1, 'payment', 'payment-1')
    })
    expect(faultsOf(report)).toEqual(['marked_money_left', 'marked_money_crossed'])
  })

  test('a tender paid by another scheme', () => {
    const report = plant(() => {
      run.openScheme('food', 'scheme.food')
      run.transfer('bank-1', 'scheme.food', 115_000, 'scheme-funding', 'funding-2')
      const sale = run.sale(2)
      run.tap(sale)
      run.tender(sale, 'settled', { paid_by: 'agency' })
      run.pay(sale, 'scheme.food')
    })
    expect(report.ledger.faults).toMatchObject([{ code: 'marked_money_crossed', place: run.sale(2).terms.tenderId }])
  })

  test('DT turned into non-cash by one transfer', () => {
    const report = plant(() => run.transfer('canteen', 'reserve', 5, 'payment', 'payment-1'))
    expect(faultsOf(report)).toEqual(['currencies_mixed', 'currency_does_not_add_up', 'issue_differs'])
  })

  test('voucher money under an id that is no tender, and money that stayed after a refusal or a reversal', () => {
    const refused = run.sale(2)
    const reversed = run.sale(3)
    const report = plant(() => {
      run.transfer('escrow.lease-1', 'canteen', 1, 'voucher-payment', 'no-tender')
      run.tender(refused, 'refused')
      run.transfer('scheme.lunch', 'canteen', 1, 'voucher-payment', refused.terms.tenderId)
      run.tender(reversed, 'reversed')
      run.evidence(reversed.terms.tenderId, 'reversal', {})
      run.transfer('scheme.lunch', 'canteen', 1, 'voucher-payment', reversed.terms.tenderId)
    })
    expect(report.ledger.faults).toMatchObject([
      { code: 'payment_without_tender' },
      { code: 'paid_not_settled', place: refused.terms.tenderId },
      { code: 'reversed_not_returned', place: reversed.terms.tenderId },
    ])
  })
})

test('a piece of paper with nothing on it is not taken for a receipt', () => {
  run.wholeSale(1)
  run.slip('', [])
  expect(checkRun(run)).toMatchObject({ passed: true, paper: { slips: 2, originals: 1, blank: 1, unreadable: 0 } })
})

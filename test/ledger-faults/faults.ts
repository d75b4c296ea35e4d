/**
 * Wrong programs, each one text of the ledger's source replaced by another: the ledger is compiled with it, and the
 * model of the whole has to see the difference (docs/evidence/ledger-faults.md). The product has no switch for any.
 */
import { faultsOfAllowances } from './allowance-faults.ts'
import type { Fault } from './fault.ts'

const accounts = 'accounts/transfers.ts'
const identity = 'http/idempotent.ts'
const returns = 'transfers/returns.ts'
const limits = 'individuals/limits.ts'
const settlement = 'payments/settlement.ts'
const whoPays = 'payments/who-pays.ts'
const refunds = 'payments/refunds.ts'
const qrSale = 'payments/qr-sale.ts'
const reviews = 'payments/review-holds.ts'

export const faults = {
  // Identity.
  'other terms are taken for the same': {
    file: identity,
    right: 'first.kind !== kind || first.terms_hash !== termsHash ||',
    wrong: 'first.kind !== kind ||',
  },
  'another one’s id is answered with their answer': {
    file: identity,
    right: '|| first.terms_hash !== termsHash || first.caller !== asked.caller.owner)',
    wrong: '|| first.terms_hash !== termsHash)',
  },
  'a disowned id is only in use': {
    file: identity,
    right: 'if (first.kind === disownedKind && first.caller === asked.caller.owner)',
    wrong: 'if (first.kind === disownedKind && first.caller !== asked.caller.owner)',
  },
  'a sale after its tombstone is told as another slot’s': {
    file: 'payments/tenders.ts',
    right: "if (tender.tombstone) return 'reversed_before_arrival'\n  // A payment by QR",
    wrong: '// A payment by QR',
  },
  // Accounts and holds.
  'what is held is spent as well': {
    file: accounts,
    right: 'if (balance + difference - held < floor)',
    wrong: 'if (balance + difference < floor)',
  },
  'a set of legs may leave an account short in between': {
    file: accounts,
    right: '      change.set(credit, (change.get(credit) ?? 0n) + amount)\n',
    wrong: '',
  },
  'a hold pays after its time': {
    file: 'accounts/holds.ts',
    right: "    await close(work, holdId, 'expired', 0n)\n    return 'not_pending'\n  }\n  if (amount",
    wrong: '  }\n  if (amount',
  },
  // Clients' payments.
  'a reversal forgets what was refunded': {
    file: returns,
    right: 'const amount = subtractTiyn(transfer.amount, transfer.refunded)',
    wrong: 'const amount = transfer.amount',
  },
  'refunds in parts are more than was paid': {
    file: returns,
    right: 'if (refunded > transfer.amount)',
    wrong: 'if (amount > transfer.amount)',
  },
  'a payment is reversed after a day': {
    file: returns,
    right: 'const reversibleForMs = 24 *',
    wrong: 'const reversibleForMs = 72 *',
  },
  'a bank redeems more than the central bank took': {
    file: 'accounts/conversions.ts',
    right: "{ debit: centralBankNonCash, credit: reserve, amount, kind: 'issue-return-non-cash' }",
    wrong: "{ debit: outsideNonCash, credit: reserve, amount, kind: 'issue-return-non-cash' }",
  },
  // People.
  'half a day counts as a day': {
    file: limits,
    right: "'daily', since(now - dayMs)",
    wrong: "'daily', since(now - dayMs / 2)",
  },
  'the month’s limit is not asked': {
    file: limits,
    right: " ?? above(bound, 'monthly', since(now - monthMs), amount)",
    wrong: '',
  },
  'what is held has not gone out': {
    file: limits,
    right: '[...sent, ...held.map((one) => ({ ...one, at: null }))]',
    wrong: '[...sent]',
  },
  'what was given back counts as spent': { file: limits, right: 'isReturn ? [] : [kind]', wrong: '[kind]' },
  'one tiyn above a limit': {
    file: limits,
    right: 'if (soFar + amount <= max)',
    wrong: 'if (soFar + amount <= max + 1n)',
  },
  'a second account is a second limit of what goes out': {
    file: limits,
    right: ' ?? aboveTurnover(together, gone, amount, work.now)',
    wrong: '',
  },
  'a second account is a second limit of what is held': {
    file: limits,
    right: "isOwnMoney ? undefined : above(together, 'balance', sumOf(held), amount)",
    wrong: 'undefined',
  },
  'the lowest tier of a person’s accounts bounds them all': {
    file: 'individuals/tiers.ts',
    right: 'tiers.findLast(',
    wrong: 'tiers.find(',
  },
  'money that moves between a person’s accounts is more money': {
    file: limits,
    right: 'isOwnMoney ? undefined : ',
    wrong: '',
  },
  'payments of a batch to a person’s accounts do not know of each other': {
    file: limits,
    right: 'books?.account(one.accountId)?.balance',
    wrong: '(isOwn(one) ? books?.account(one.accountId)?.balance : undefined)',
  },
  'what is set aside of a person’s other account is not': {
    file: limits,
    right: 'aboveTurnover(together, gone, amount, work.now)',
    wrong: 'aboveTurnover(together, gone.filter((one) => one.at !== null || isOwn(one)), amount, work.now)',
  },
  'what is parted over two accounts is not seen together': {
    file: 'individuals/alerts.ts',
    right: ".where(own, 'in', accounts)",
    wrong: ".where(own, '=', owner)",
  },
  'what one moves to oneself is suspicious': {
    file: 'individuals/alerts.ts',
    right: ".where(other, 'not in', accounts)",
    wrong: '',
  },
  'what was named of one account is named again of the other': {
    file: 'individuals/alerts.ts',
    right: ".where('account_id', 'in', idsOfAccountsOf({ connection }, owner))",
    wrong: ".where('account_id', '=', owner)",
  },
  'who has no money hears of a limit': {
    file: 'transfers/payments.ts',
    right: 'if (isShort(from, amount)) return tooLittleIn(payer)',
    wrong: '',
  },
  'what a better known account pays is near the limit of another': {
    file: 'individuals/alerts.ts',
    right: 'single: limitsOf[tier].single',
    wrong: 'single: limitsOf.simplified.single',
  },
  'structuring is seen at four': {
    file: 'individuals/alert-rules.ts',
    right: 'const justUnder = { times: 3,',
    wrong: 'const justUnder = { times: 4,',
  },
  'a former key is heard for ever': {
    file: 'http/heard-keys.ts',
    right: "row.or([row('heard_until', 'is', null), row('heard_until', '>=', now)])",
    wrong: "row.or([row('heard_until', 'is', null), row('heard_until', 'is not', null)])",
  },
  ...faultsOfAllowances,
  // Activation, places, money that returns.
  'a payment that is refused activates': {
    file: 'payments/authorisation.ts',
    right: "if (standing === 'due' && outcome.state === 'settled') {",
    wrong: "if (standing === 'due') {",
  },
  'it is activated after its last day': {
    file: 'payments/authorisation.ts',
    right: "  if (standing === 'lapsed') return refused('ACTIVATION_LAPSED')\n",
    wrong: '',
  },
  'a slot is leased before it is activated': {
    file: 'leases/grant.ts',
    right: "beneficiary)) === 'activated' ? cards",
    wrong: "beneficiary)) !== 'lapsed' ? cards",
  },
  'a merchant is where its till believes': {
    file: 'payments/authorisation.ts',
    right: '    merchantPlace: place,\n',
    wrong: '',
  },
  'a region begins like another': {
    file: '../src/voucher/where.ts',
    right: 'const emptyLevels = /(?:(?:00)?00)?000$/',
    wrong: 'const emptyLevels = /0+$/',
  },
  'money returns a day early': {
    file: 'schemes/returning.ts',
    right: ".where('scheme.returns_by', '<=', BigInt(work.now))",
    wrong: ".where('scheme.returns_by', '<=', BigInt(work.now + 86_400_000))",
  },
  'what waits loses its money': {
    file: 'schemes/returning.ts',
    right: "'in', ['awaiting_funds', 'in_review'])",
    wrong: "'in', ['in_review'])",
  },
  'what is held for reviews is kept back twice': {
    file: 'schemes/returning.ts',
    right: "    .where('review.held_in', 'is', null)\n",
    wrong: '',
  },
  // Who pays.
  'a sale is never too late': {
    file: whoPays,
    right: 'const isLate = sale.presentedAt > lease.presentUntil\n',
    wrong: 'const isLate = sale.presentedAt > lease.presentUntil + 30 * 86_400_000\n',
  },
  'an agency bears more than its sum': {
    file: whoPays,
    right: 'return borne + amount <= lossBearer.upTo',
    wrong: 'return amount <= lossBearer.upTo',
  },
  'an agency bears more than its sum while it looks': {
    file: whoPays,
    right: "'in', ['settled', 'awaiting_funds', 'in_review'])",
    wrong: "'in', ['settled', 'awaiting_funds'])",
  },
  'an old package excuses nothing': {
    file: whoPays,
    right: 'if (wasBarred && decidedAt - packageIssuedAt > scheme.offline.allowedPolicyAgeMs)',
    wrong: 'if (wasBarred && decidedAt > packageIssuedAt)',
  },
  'what was sold after the surrender is paid': {
    file: whoPays,
    right: 'sequence < Number(row.surrender_sequence))',
    wrong: 'sequence !== Number(row.surrender_sequence))',
  },
  'what came before its lease was closed is lost': {
    file: whoPays,
    right: "if (row?.state === 'closed') return presentedAt <= lease.presentUntil",
    wrong: "if (row?.state === 'closed') return presentedAt <= lease.sellUntil",
  },
  // Back.
  'a reversed sale goes past its escrow': {
    file: settlement,
    right: 'const target = isWhole ? (ofCard ?? escrow ?? scheme) : scheme',
    wrong: 'const target = isWhole ? (ofCard ?? scheme) : scheme',
  },
  'a slot is free before its money is there': {
    file: settlement,
    right: "if ((await post(work, [topUp], tenderId)).kind === 'short') return\n",
    wrong: 'await post(work, [topUp], tenderId)\n',
  },
  'debts are not netted': {
    file: settlement,
    right: '  await netDebts(work, payeeAccount, shares.merchantKeeps)\n',
    wrong: '',
  },
  'a debt that was netted stays': {
    file: settlement,
    right: '.set({ amount: debt.amount - amount })',
    wrong: '.set({ amount: debt.amount })',
  },
  'netted before the rules have their share': {
    file: settlement,
    right: 'await netDebts(work, payeeAccount, shares.merchantKeeps)',
    wrong: 'await netDebts(work, payeeAccount, amount)',
  },
  'a refund fills a period that is over': {
    file: refunds,
    right: 'if (period === undefined || period.to <= work.now) {',
    wrong: 'if (period === undefined) {',
  },
  'a refund forgets those before it': {
    file: refunds,
    right: 'if (earlier.amount + item.amount > tender.amount)',
    wrong: 'if (item.amount > tender.amount)',
  },
  'a refund of a merchant without money is a gift': {
    file: refunds,
    right: '        amount: owed,\n        at: work.now,',
    wrong: '        amount: 1n,\n        at: work.now,',
  },
  'who was refused for want of a slot stays refused': {
    file: 'payments/reconsider.ts',
    right: "    .where('loss', '=', 'SLOT_ALREADY_USED')\n    .orderBy('tender_id')",
    wrong: "    .where('loss', '=', 'SLOT_ALREADY_USED')\n    .where('amount', '<', 0n)\n    .orderBy('tender_id')",
  },
  // Payments by QR.
  'a second payment of a QR is kept': {
    file: 'payments/request-payments.ts',
    right: "if (state === 'held' || state === 'settled') return 'already_paid'",
    wrong: "if (state === 'held') return 'already_paid'",
  },
  'a QR is paid after its time': {
    file: 'payments/payment-requests.ts',
    right: "if (state === 'requested' && request.expiresAt <= work.now) {",
    wrong: "if (state === 'requested' && request.expiresAt + 3_600_000 <= work.now) {",
  },
  'a reversed QR gives back what was refunded before': {
    file: 'payments/payment-requests.ts',
    right: 'const due = subtractTiyn(amount, refunded)',
    wrong: 'const due = subtractTiyn(amount, subtractTiyn(refunded, refunded))',
  },
  'a line is paid as often as there are QRs': {
    file: qrSale,
    right: 'part + (others.get(line) ?? 0n) > of.unitPrice',
    wrong: 'part > of.unitPrice',
  },
  'a line is taxed twice beside a voucher that waits': {
    file: qrSale,
    right: "'in', ['settled', 'awaiting_funds', 'in_review'])",
    wrong: "'in', ['settled'])",
  },
  'a line is taxed twice beside a voucher in review': {
    file: qrSale,
    right: "'in', ['settled', 'awaiting_funds', 'in_review'])",
    wrong: "'in', ['settled', 'awaiting_funds'])",
  },
  'lines of a QR that are not its sum are taxed': {
    file: qrSale,
    right: 'if (!isEachOnce || total !== amount) return null',
    wrong: 'if (!isEachOnce || total > 2n * amount) return null',
  },
  'lines of another sale are taxed': {
    file: qrSale,
    right: 'saleHashOf(sold.sale) === request.saleHash',
    wrong: "saleHashOf(sold.sale) !== ''",
  },
  'a QR is sold before it was paid': {
    file: qrSale,
    right: 'Math.min(Math.max(sold.at, tender.at), work.now)',
    wrong: 'Math.min(sold.at, work.now)',
  },
  'a QR is sold when it is handed over': {
    file: qrSale,
    right: 'return { at: Math.min(Math.max(sold.at, tender.at), work.now), lines }',
    wrong: 'return { at: work.now, lines }',
  },
  // Tills that are gone.
  'a receipt of a till in service is claimed': {
    file: 'payments/receipt-claims.ts',
    right: "if (terminal.revokedFor === null) return { kind: 'not_a_claim', why: 'terminal_presents_itself' }",
    wrong: '',
  },
  'a receipt is of the last package that its till had': {
    file: 'payments/receipt-claims.ts',
    right: "    .where('issued_at', '<=', BigInt(decidedAt))\n",
    wrong: '',
  },
  'what a stolen till showed last waits as well': {
    file: 'terminals/revocation-reasons.ts',
    right: 'sequence <= head.sequence)',
    wrong: 'sequence < head.sequence)',
  },
  'a key of a stolen till opens slots elsewhere': {
    file: 'terminals/packages.ts',
    right: "    .where('card.exposed_at', 'is', null)\n    .orderBy('lease_card.card'),",
    wrong: "    .orderBy('lease_card.card'),",
  },
  'an export pays before it disowns': {
    file: 'payments/terminal-exports.ts',
    right: "return item.kind === 'reversal' ? 1 : 2",
    wrong: "return item.kind === 'reversal' ? 2 : 1",
  },
  'an export goes on from a row that nobody has seen': {
    file: 'payments/terminal-exports.ts',
    right: ': await isKnownPosition(work, terminalId, after)',
    wrong: ': after.sequence > 0',
  },
  'the next part of an export does not go on from the one before': {
    file: 'payments/terminal-exports.ts',
    right: '    if (end !== null) await rememberPosition(work, content.terminalId, end)\n',
    wrong: '',
  },
  'a sale that is refused in review keeps its slot': {
    file: reviews,
    right: '  await freeSlot(work, tenderId)\n}',
    wrong: '}',
  },
  'what was set aside for a review goes past its escrow': {
    file: reviews,
    right: 'const credit = lease?.escrowAccount ?? scheme',
    wrong: 'const credit = scheme',
  },
  'a review is decided by any agency': {
    file: 'payments/review-decisions.ts',
    right: "    .where('agency_id', '=', agencyId)\n",
    wrong: '',
  },
  // Rules.
  'a cashback has no end in its period': {
    file: 'rules/shares.ts',
    right: 'return tiyn(sum(shares) - sum(returns))',
    wrong: 'return tiyn(sum(returns) - sum(returns))',
  },
  'a cashback is for any bank’s clients': {
    file: 'rules/shares.ts',
    right: 'payer !== null && (await findPerson(work, payer))?.bank === owner',
    wrong: "payer !== null && (await findPerson(work, payer))?.bank !== ''",
  },
  'a share comes back whole with a part': {
    file: 'rules/returns.ts',
    right: "const isWhole = progress === 'all' || progress.amount === paid",
    wrong: "const isWhole = progress === 'all' || progress.amount <= paid",
  },
  'nobody owes the rest of a share': {
    file: 'rules/returns.ts',
    right: 'if (owed === 0n) continue',
    wrong: 'if (owed >= 0n) continue',
  },
} as const satisfies Readonly<Record<string, Fault>>

export type FaultName = keyof typeof faults
export const faultNames = Object.keys(faults) as readonly FaultName[]

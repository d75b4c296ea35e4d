/**
 * Wrong programs, each one text of the ledger's source replaced by another: the ledger is compiled with it, and the
 * model of the whole has to see the difference (docs/evidence/ledger-faults.md). The product has no switch for any.
 */
export interface Fault {
  /** Below `ledger-sim/`. */
  readonly file: string
  /** Stands in the file exactly once. */
  readonly right: string
  readonly wrong: string
}

const accounts = 'accounts/transfers.ts'
const identity = 'http/idempotent.ts'
const returns = 'transfers/returns.ts'
const limits = 'individuals/limits.ts'
const settlement = 'payments/settlement.ts'
const whoPays = 'payments/who-pays.ts'
const refunds = 'payments/refunds.ts'
const pools = 'leases/pools.ts'
const qrSale = 'payments/qr-sale.ts'
const reviews = 'payments/review-holds.ts'
const carrying = 'schemes/carrying.ts'
const bridges = 'schemes/bridges.ts'

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
    right: 'day: since(now - dayMs)',
    wrong: 'day: since(now - dayMs / 2)',
  },
  'the month’s limit is not asked': {
    file: limits,
    right: " ?? above(tier, 'monthly', limits.monthly, month, amount)",
    wrong: '',
  },
  'what is held has not gone out': {
    file: limits,
    right: 'const aside = held.reduce((sum, { amount }) => sum + amount, 0n)',
    wrong: 'const aside = held.reduce((sum) => sum, 0n)',
  },
  'what was given back counts as spent': { file: limits, right: 'isReturn ? [] : [kind]', wrong: '[kind]' },
  'one tiyn above a limit': {
    file: limits,
    right: 'if (soFar + amount <= max)',
    wrong: 'if (soFar + amount <= max + 1n)',
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
  // Slots and leases.
  'a slot is used once more than it allows': {
    file: 'schemes/slots.ts',
    right: 'return slot.countSpent < slot.countAllowed && slot',
    wrong: 'return slot.countSpent <= slot.countAllowed && slot',
  },
  'a slot pays more than its amount': {
    file: 'schemes/slots.ts',
    right: ' && slot.amountSpent + amount <= slot.amountAllowed',
    wrong: '',
  },
  'a slot that is free again is nobody’s': {
    file: 'schemes/slots.ts',
    right: 'freed.slot_id)])\n  work.freed.add(freed.slot_id)',
    wrong: 'freed.slot_id)])',
  },
  'another till’s slot is leased': {
    file: 'leases/grant.ts',
    right: "if (holding?.terminalId !== terminalId) return 'leased_elsewhere'",
    wrong: "if (holding === undefined) return 'leased_elsewhere'",
  },
  'a slot that moves loses its time': {
    file: 'leases/grant.ts',
    right: 'until = Math.max(until, lease?.presentUntil ?? 0)',
    wrong: 'until = Math.max(until, lease?.sellUntil ?? 0)',
  },
  'a slot given back leaves its money in escrow': {
    file: 'leases/surrender.ts',
    right: "if ((await post(work, [leg], lease.leaseId)).kind === 'short')",
    wrong: "if ((await post(work, [{ ...leg, amount: zeroTiyn }], lease.leaseId)).kind === 'short')",
  },
  'a lease is closed a day early': {
    file: 'leases/close.ts',
    right: 'await dueAt(work.connection, { now: BigInt(work.now) })',
    wrong: 'await dueAt(work.connection, { now: BigInt(work.now + 86_400_000) })',
  },
  // Pools.
  'a pool is filled with its sum each time': {
    file: pools,
    right: 'const lacking = remainderTiyn(sum, await leftIn(work, escrowAccount))',
    wrong: 'const lacking = sum',
  },
  'a later order makes what a pool promised shorter': {
    file: pools,
    right: 'present_until: Math.max(presentUntil, until + presentForMs)',
    wrong: 'present_until: Math.max(until, until + presentForMs)',
  },
  'who is not in the order stays known to the till': {
    file: pools,
    right: 'const unwanted = slotIds.filter((slotId) => !stays.has(slotId))',
    wrong: 'const unwanted = slotIds.filter((slotId) => !stays.has(slotId)).slice(1)',
  },
  'a slot that was given up is sold from a pool': {
    file: pools,
    right: 'return all.filter(({ slotId }) => !given.has(slotId))',
    wrong: 'return all.filter(({ slotId }) => !given.has(slotId) || given.size > 0)',
  },
  'a pool that is closed is used up': {
    file: whoPays,
    right: 'const isPools = lease.isPool && sale.presentedAt <= lease.presentUntil',
    wrong: 'const isPools = lease.isPool',
  },
  'what a pool pays beyond a slot is nobody’s': {
    file: whoPays,
    right: '  if (beyond > 0n)\n',
    wrong: '  if (beyond > 0n && slot.countSpent >= slot.countAllowed)\n',
  },
  'a slot without a use has its amount left': {
    file: 'schemes/slots.ts',
    right: 'return slot.countSpent < slot.countAllowed ? remainderTiyn(amount, amountLeftIn(slot)) : amount',
    wrong: 'return remainderTiyn(amount, amountLeftIn(slot))',
  },
  // Carrying over.
  'what was carried is carried again': {
    file: carrying,
    right: 'const own = subtractTiyn(whole, received.amount)',
    wrong: 'const own = subtractTiyn(whole, subtractTiyn(received.amount, received.amount))',
  },
  'what a till holds passes on': {
    file: carrying,
    right: 'if (former.leaseId !== null) {',
    wrong: 'if (former.leaseId !== null && former.leaseId === next.leaseId) {',
  },
  'payments pass on with each look': {
    file: carrying,
    right: 'count: Math.max(0, rest.count - carried.count)',
    wrong: 'count: Math.max(0, rest.count)',
  },
  'what had lapsed passes on': {
    file: carrying,
    right: 'await schemeAt(work, schemeId, end)',
    wrong: 'await schemeAt(work, schemeId, work.now)',
  },
  'what passes on to a till brings no money': {
    file: carrying,
    right: "credit: escrowAccount, amount, kind: 'lease-funding' } as const\n  if",
    wrong: "credit: escrowAccount, amount: zeroTiyn, kind: 'lease-funding' } as const\n  if",
  },
  'what another till may have sold comes back': {
    file: carrying,
    right: '  if (lease !== undefined && lease.terminalId !== terminalId) return state\n',
    wrong: '',
  },
  'a late sale takes what its till may have sold': {
    file: carrying,
    right: 'if (lease !== undefined && isLate && (await',
    wrong: 'if (lease !== undefined && !isLate && (await',
  },
  'a slot that is given up passes nothing on': {
    file: 'leases/surrender.ts',
    right: '  await passOnFreed(work, lease.schemeId, [item.slotId])\n',
    wrong: '',
  },
  'a sale of the former period is not judged again': {
    file: 'payments/reconsider.ts',
    right: ", row('slot_id', 'in', carriedTo(work, slotId))",
    wrong: '',
  },
  // Bridges.
  'a bridge lends what its slot has not': {
    file: bridges,
    right: 'amount: smallestTiyn(amountLeftIn(lent), atLeastNothing(slot.amountAllowed - amountSpent))',
    wrong: 'amount: amountLeftIn(lent)',
  },
  'there is a bridge beside what no till holds': {
    file: bridges,
    right: "    .where('slot.lease_id', 'is not', null)\n",
    wrong: '',
  },
  'what was lent comes off what a till holds': {
    file: 'schemes/slots.ts',
    right: '    if (state.leaseId !== null) continue\n',
    wrong: '',
  },
  'a sale is refused for what a bridge lent': {
    file: bridges,
    right: 'if (taken.count === 0 && taken.amount === 0n) return { state, taken }',
    wrong: 'if (taken.count >= 0) return { state, taken: { count: 0, amount: zeroTiyn } }',
  },
  'what comes back to a bridge stays off its slot': {
    file: 'schemes/slots.ts',
    right: '  await chargeBridges(work, [await lentAgainst(work, freed.slot_id)])\n',
    wrong: '',
  },
  'what covers too little of a sale stays in escrow': {
    file: whoPays,
    right: "amount: amountLeftIn(slot), kind: 'lease-return' } as const",
    wrong: "amount: zeroTiyn, kind: 'lease-return' } as const",
  },
  'a card that was replaced is unblocked': {
    file: 'schemes/cards.ts',
    right: "  if (row.replaced_by !== null) return 'replaced'\n",
    wrong: '',
  },
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

/** @throws Error where the source has not the text exactly once */
export function withFault({ file, right, wrong }: Fault, source: string): string {
  const parts = source.split(right)
  if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} times: ${right}`)
  return parts.join(wrong)
}

/** Faults of slots, and of what holds and lends them: leases, pools, carrying over, bridges. */
import type { Fault } from './fault.ts'

const whoPays = 'payments/who-pays.ts'
const pools = 'leases/pools.ts'
const carrying = 'schemes/carrying.ts'
const bridges = 'schemes/bridges.ts'
const packages = 'terminals/packages.ts'

export const faultsOfAllowances = {
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
  'a slot of a period that is over is leased': {
    file: 'leases/grant.ts',
    right: "  if (period.to <= work.now) return 'period_over'\n",
    wrong: '',
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
  'a package tells slots as lasting a day longer': {
    file: packages,
    right: 'leases.push({ leaseId, schemeId, amount: tiyn(row.amount), ...pool, sellUntil, presentUntil, slots })',
    wrong:
      'leases.push({ leaseId, schemeId, amount: tiyn(row.amount), ...pool, ' +
      'sellUntil: sellUntil + (row.isPool ? 0 : 86_400_000), presentUntil, slots })',
  },
  'a package forgets what is used of slots': {
    file: packages,
    right: '[{ slot: state.slot, cards }]',
    wrong: '[{ slot: { ...state.slot, countSpent: 0, amountSpent: tiyn(0n), booked: [] }, cards }]',
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
  'a pool pays and leaves what a bridge lent': {
    file: whoPays,
    right: 'lease.leaseId)\n  await chargeBridges(work, [payerSlot])\n',
    wrong: 'lease.leaseId)\n',
  },
  'a pool lists who has not activated': {
    file: 'leases/grant.ts',
    right: 'return (await activationStanding(',
    wrong: "return scheme.offline.policy === 'lease-pool' || (await activationStanding(",
  },
  'a pool is filled where its merchant has moved away': {
    file: 'leases/grant.ts',
    right: 'if (!isMerchantIn(scheme,',
    wrong: "if (scheme.offline.policy !== 'lease-pool' && !isMerchantIn(scheme,",
  },
  'a pool is filled of money that returns': {
    file: pools,
    right: " && !(unused.kind === 'returns' && unused.by <= now)",
    wrong: '',
  },
  'a scheme is sold from pools while tills hold its slots': {
    file: 'schemes/schemes.ts',
    right: "=== 'pool') !== (offline.policy === 'lease-pool'))",
    wrong: "=== 'pool') && offline.policy !== 'lease-pool')",
  },
  'a scheme’s slots are leased while tills have pools': {
    file: 'schemes/schemes.ts',
    right: "=== 'pool') !== (offline.policy === 'lease-pool'))",
    wrong: "!== 'pool') && offline.policy === 'lease-pool')",
  },
  'an order of a pool goes on when the scheme has none': {
    file: 'leases/policy.ts',
    right: '  if (unfitOrder(scheme, policy) !== undefined) return\n',
    wrong: '',
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
  'a late sale takes back what its till was told meanwhile': {
    file: carrying,
    right: 'doUpdateSet({ count, amount })',
    wrong: 'doUpdateSet({ count, amount, at: now })',
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
} as const satisfies Readonly<Record<string, Fault>>

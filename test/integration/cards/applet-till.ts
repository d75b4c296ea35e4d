/** What a till does with an applet card on a virtual reader, in the steps that the tests put together. */
import { createHash } from 'node:crypto'
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import type { CardChannel } from '../../../src/voucher/cards/card-channel.ts'
import type { AppletPresence, TerminalIdentity } from '../../../src/voucher/cards/tolem-applet/presence.ts'
import { readSlots, type AppletSlot, type CardContent } from '../../../src/voucher/cards/tolem-applet/slots.ts'
import { planSpend, spend, type SpendPlan } from '../../../src/voucher/cards/tolem-applet/spend.ts'
import { now, present, scheme, till, type TestCard } from './applet-world.ts'
import { ReaderBench } from './presence.ts'

export const seed = process.env['TOLEM_SEED'] ?? '22'
export const random = seededRandom(`sales ${seed}`)
export const hash = (text: string): Uint8Array => createHash('sha256').update(text).digest()

export async function opened(channel: CardChannel, as: TerminalIdentity = till, time = now): Promise<AppletPresence> {
  const presence = await present(channel, as, time)
  if (presence.kind !== 'present') throw new Error(JSON.stringify(presence))
  return presence
}

export async function contentOf(presence: AppletPresence, time = now): Promise<CardContent> {
  const content = await readSlots(presence, time, [scheme])
  if (content.kind !== 'content') throw new Error(JSON.stringify(content))
  return content
}

export interface Basket {
  readonly amount?: bigint
  readonly isPinVerified?: boolean
  readonly isOnline?: boolean
  readonly tenderId?: Uint8Array
  readonly time?: number
}

export function planned(presence: AppletPresence, content: CardContent, of: Basket = {}, from?: AppletSlot): SpendPlan {
  const plan = planSpend(presence, content, {
    tenderId: of.tenderId ?? random(16),
    slot: from ?? content.slots[0]!,
    amount: of.amount ?? 90_000n,
    challenge: random(16),
    terminalTime: of.time ?? now,
    decisionHash: hash('decision'),
    termsHash: hash('terms'),
    isOnline: of.isOnline ?? false,
    isPinVerified: of.isPinVerified ?? false,
  })
  if (plan.kind !== 'planned') throw new Error(plan.detail)
  return plan.plan
}

/** One whole payment, as a till makes it. */
export async function paid(presence: AppletPresence, of: Basket = {}) {
  return spend(presence, planned(presence, await contentOf(presence), of))
}

/** The card in a field of its own again. */
export function laid(made: TestCard, bench = new ReaderBench()): CardChannel {
  made.faulty.leaveField()
  return bench.channel(bench.lay(made.faulty))
}

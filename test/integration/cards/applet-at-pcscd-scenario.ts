/**
 * Runs inside a namespace of its own (applet-at-pcscd.test.ts): an applet card defined as for the panel lies in a real
 * pcscd through vpcd, and the terminal's profile speaks to it over nfc-pcsc: a sale, a SPEND whose answer is lost with
 * the card, its recovery, and a SPEND that never reached it. Prints one JSON line for each step.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import { CardBox, cardDefinitions } from '../../../hardware-mocks/panel/card-box.ts'
import { realScheduler } from '../../../hardware-mocks/reader/scheduler.ts'
import { VpcdSlot } from '../../../hardware-mocks/reader/vpcd.ts'
import { createNfcPcscReader } from '../../../src/drivers/card-reader/nfc-pcsc-reader.ts'
import type { CardPresence } from '../../../src/drivers/ports.ts'
import { systemScheduler } from '../../../src/drivers/scheduler.ts'
import type { AppletPresence } from '../../../src/voucher/cards/tolem-applet/presence.ts'
import { readSlots } from '../../../src/voucher/cards/tolem-applet/slots.ts'
import { planSpend, recover, spend, type SpendPlan } from '../../../src/voucher/cards/tolem-applet/spend.ts'
import { authority, day, issuerCertificateOf, issuerPrivateKey, now, present, scheme, till } from './applet-world.ts'

const record = (step: string, value: unknown): void => void process.stdout.write(`${JSON.stringify({ step, value })}\n`)
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase()
const at = (ms: number): string => new Date(ms).toISOString()
async function until<T>(look: () => T | null | undefined | false, withinMs = 10_000): Promise<T> {
  for (const end = performance.now() + withinMs; performance.now() < end;) {
    const value = look()
    if (value !== null && value !== undefined && value !== false) return value
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  throw new Error(`not within ${withinMs} ms: ${look.toString()}`)
}

const pcscd = spawn('pcscd', ['--foreground'], { stdio: 'ignore' })
const folder = mkdtempSync(join(tmpdir(), 'tolem-applet-'))
const random = seededRandom('pcscd')
const box = new CardBox({ folder, now: () => now, random })
box.add(
  cardDefinitions.parse([
    {
      label: 'Aisha',
      kind: 'tolem-applet',
      issued: {
        validFrom: at(now - 30 * day),
        validUntil: at(now + 300 * day),
        activatedAt: at(now - 2 * day),
        issuerCertificate: hex(issuerCertificateOf(1)),
        issuerKey: hex(issuerPrivateKey),
        authorityKeys: [hex(authority.publicKey)],
        slots: [
          {
            schemeId: 'school-lunch',
            slotId: 'school-lunch/00112233445566778899aabbccddeeff/2025-11',
            validFrom: at(now - 27 * day),
            validUntil: at(now + 3 * day),
            count: 20,
            amount: '2300000',
          },
        ],
      },
    },
  ]),
)

let presenceCount = 0
const reader = createNfcPcscReader({
  scheduler: systemScheduler,
  createPresenceId: () => `presence-${++presenceCount}`,
})
const presences: CardPresence[] = []
let removals = 0
reader.onDidInsert((presence) => presences.push(presence))
reader.onDidRemove(() => (removals += 1))
const slot = new VpcdSlot({ scheduler: realScheduler })

/** Lays the card down and opens it as a till. */
async function laid(): Promise<AppletPresence> {
  const seen = presences.length
  const card = box.card('Aisha')!
  await slot.lay(card)
  const { presenceId, atr } = await until(() => presences[seen])
  const began = performance.now()
  const opened = await present({ atr, transmit: (command) => reader.transmit(presenceId, command, 5_000) }, till)
  if (opened.kind !== 'present') throw new Error(JSON.stringify(opened))
  record(`opened ${seen + 1}`, { atr: hex(atr), ms: performance.now() - began })
  return opened
}

async function gone(): Promise<void> {
  slot.pull()
  box.putBack('Aisha')
  const wanted = presences.length
  await until(() => removals === wanted)
}

async function plannedSpend(presence: AppletPresence): Promise<SpendPlan> {
  const content = await readSlots(presence, now, [scheme])
  if (content.kind !== 'content') throw new Error(JSON.stringify(content))
  const [own] = content.slots
  const plan = planSpend(presence, content, {
    tenderId: random(16),
    slot: own!,
    amount: 115_000n,
    challenge: random(16),
    terminalTime: now,
    decisionHash: random(32),
    termsHash: random(32),
    isOnline: false,
    isPinVerified: false,
  })
  if (plan.kind !== 'planned') throw new Error(plan.detail)
  record(`left before ${content.atc + 1}`, String(own!.amountLeft))
  return plan.plan
}

const outcome = (of: { readonly kind: string; readonly record?: Uint8Array }) => ({
  kind: of.kind,
  ...(of.record === undefined ? {} : { record: hex(of.record) }),
})

async function run(): Promise<void> {
  await until(() => reader.status().readers.length === 2)

  const first = await laid()
  const began = performance.now()
  record('paid', outcome(await spend(first, await plannedSpend(first))))
  record('paid in ms', performance.now() - began)

  const lost = await plannedSpend(first)
  box.card('Aisha')!.arm({ kind: 'answer-lost' }, 1)
  record('answer lost', outcome(await spend(first, lost)))
  await gone()
  const second = await laid()
  record('recovered', outcome(await recover(second, lost, random(16))))

  const never = await plannedSpend(second)
  box.card('Aisha')!.arm({ kind: 'lost-before' }, 1)
  record('lost before', outcome(await spend(second, never)))
  await gone()
  const third = await laid()
  record('not debited', outcome(await recover(third, never, random(16))))
  record('paid at last', outcome(await spend(third, never)))
  await gone()

  record(
    'debits',
    (box.log('Aisha', 10_000) ?? []).flatMap((line) => (line.kind === 'debit' ? [line.record] : [])),
  )
  record('end', true)
}

await run().catch((error: unknown) => record('failed', { error: String(error), status: reader.status(), presences }))
rmSync(folder, { recursive: true })
pcscd.kill('SIGKILL')
process.kill(process.pid, 'SIGKILL')

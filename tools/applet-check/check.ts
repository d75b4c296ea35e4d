/**
 * Does a card on a reader keep docs/design/22? Personalises it if it is blank, then plays what a desk, a till and a
 * stranger do, and measures every command. For who writes the applet, and for who buys cards. A card that was checked
 * is a check's card for ever: there is no way back to blank but to install the applet anew.
 */
import { equalBytes } from '../../src/voucher/cards/bytes.ts'
import type { CardChannel, RandomBytes } from '../../src/voucher/cards/card-channel.ts'
import { schemeRef, slotRef } from '../../src/voucher/cards/tolem-applet/names.ts'
import { personaliseApplet } from '../../src/voucher/cards/tolem-applet/personalisation.ts'
import { setPin, verifyPin } from '../../src/voucher/cards/tolem-applet/pin.ts'
import { openPresence, type AppletPresence } from '../../src/voucher/cards/tolem-applet/presence.ts'
import { recogniseApplet } from '../../src/voucher/cards/tolem-applet/recognition.ts'
import { verifyRecord } from '../../src/voucher/cards/tolem-applet/record.ts'
import { makeScript, update, type ScriptItem } from '../../src/voucher/cards/tolem-applet/script.ts'
import { readSlots, type AppletSlot, type CardContent } from '../../src/voucher/cards/tolem-applet/slots.ts'
import { planSpend, readRecord, recover, spend, type SpendPlan } from '../../src/voucher/cards/tolem-applet/spend.ts'
import { orderFor, rootKeys, signScript, terminalOf, type CheckTerminal } from './issuer.ts'

const pin = '4071'
const wrongPin = '1704'
const scheme = schemeRef('applet-check')
const slotLivesMs = 3_600_000
/** More payments than any ring has to remember. */
const payments = 10
const recordsRemembered = 8

export interface CheckParts {
  /** To the card that lies there, for as long as it does. */
  readonly channel: CardChannel
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Milliseconds of a clock that never jumps. */
  readonly elapsed: () => number
  readonly random: RandomBytes
  /** A step is over. `fault` null: as the document says. */
  readonly onDidCheck: (step: string, fault: string | null) => void
}

export interface CommandTimes {
  readonly command: string
  /** Milliseconds of each, in the order of the run. */
  readonly ms: readonly number[]
}

export interface CheckResult {
  /** Nothing was against the document, and nothing was left out. */
  readonly passed: boolean
  readonly times: readonly CommandTimes[]
}

/** Ends the step with what the card did wrong. */
class Fault extends Error {}

/** Never throws for what a card does. Ends at the first step that fails: those after it stand on it. */
export async function checkApplet(parts: CheckParts): Promise<CheckResult> {
  const times = new Map<string, number[]>()
  const check = new Check({ ...parts, channel: timed(parts, times) })
  const passed = await check.run()
  return { passed, times: [...times].map(([command, ms]) => ({ command, ms })) }
}

const commandNames: Readonly<Record<number, string>> = {
  0xa4: 'SELECT',
  0x10: 'PRESENT CERTIFICATE',
  0x12: 'OPEN CHANNEL',
  0x14: 'IDENTIFY',
  0x20: 'VERIFY PIN',
  0x24: 'CHANGE PIN',
  0x30: 'READ SLOTS',
  0x40: 'SPEND',
  0x42: 'RECOVER',
  0x44: 'READ RECORD',
  0x50: 'UPDATE',
  0xca: 'GET DATA',
  0xe2: 'STORE DATA',
  0xe6: 'GENERATE KEY',
  0xe8: 'ACTIVATE',
}

function timed({ channel, elapsed }: CheckParts, times: Map<string, number[]>): CardChannel {
  return {
    atr: channel.atr,
    transmit: async (command) => {
      const start = elapsed()
      const answer = await channel.transmit(command)
      const name = commandNames[command[1] ?? 0] ?? 'other'
      times.set(name, [...(times.get(name) ?? []), elapsed() - start])
      return answer
    },
  }
}

class Check {
  private readonly parts: CheckParts
  private readonly till: CheckTerminal
  private readonly desk: CheckTerminal
  /** Two slots of this run: one that needs no PIN, one that always does. */
  private readonly free: AppletSlot
  private readonly guarded: AppletSlot
  private first: { readonly plan: SpendPlan; readonly record: Uint8Array } | undefined

  constructor(parts: CheckParts) {
    this.parts = parts
    const now = parts.now()
    this.till = terminalOf('till', now, 'authority')
    this.desk = terminalOf('desk', now, 'authority')
    const common = {
      schemeRef: scheme,
      validFrom: now - slotLivesMs,
      validUntil: now + slotLivesMs,
      countLeft: 20,
      amountLeft: 2_000_000n,
      maxPerSpend: 100_000n,
      flags: 0,
      beneficiary: parts.random(16),
    }
    this.free = { ...common, slotRef: slotRef(`check/${now}/free`), pinAbove: 100_000n }
    this.guarded = { ...common, slotRef: slotRef(`check/${now}/guarded`), pinAbove: 0n }
  }

  async run(): Promise<boolean> {
    const steps: readonly (readonly [string, () => Promise<void>])[] = [
      ['SELECT answers as it has to; a blank card is personalised and proves itself', () => this.personalise()],
      [
        'a script loads slots and lets the desk set a PIN; sent again it is answered and not applied',
        () => this.load(),
      ],
      ['a stranger is not heard, and the PIN is out of reach', () => this.strangers()],
      ['a changed command ends the channel, and changes nothing', () => this.changedCommand()],
      ['a payment without PIN: the expected record, good with public keys alone', () => this.pay()],
      ['a payment that needs the PIN: refused without, counted when wrong, taken when right', () => this.payWithPin()],
      ['RECOVER: the same bytes; a signed statement for a tender that never was', () => this.recover()],
      ['the same tender is not debited twice; above the cap is refused', () => this.refusals()],
      [`${payments} payments more: at least ${recordsRemembered} records are remembered`, () => this.remember()],
      ['a script takes the slots away; its receipt says what was left', () => this.remove()],
    ]
    for (const [step, work] of steps) {
      const fault = await work().then(
        () => null,
        (error: unknown) => {
          if (error instanceof Fault) return error.message
          throw error
        },
      )
      this.parts.onDidCheck(step, fault)
      if (fault !== null) return false
    }
    return true
  }

  private async personalise(): Promise<void> {
    const { channel, now, random } = this.parts
    const applet = await recogniseApplet(channel)
    if (applet.kind !== 'applet') throw faultOf(applet)
    const trust = { rootKeys, trustedTime: now() }
    if (applet.authorityKeyIds.length > 0) {
      await this.open(this.desk)
      return
    }
    const made = await personaliseApplet(channel, orderFor(random(16), now()), this.desk, trust, random)
    if (made.kind !== 'present') throw faultOf(made)
  }

  private async strangers(): Promise<void> {
    const { channel, now, random } = this.parts
    const trust = { rootKeys, trustedTime: now() }
    const before = await this.content(await this.open(this.till))
    const forged = this.till.certificate.map((byte, index) => (index === 30 ? byte ^ 0x01 : byte))
    const stranger = terminalOf('till', now(), 'stranger')
    for (const [identity, status] of [
      [stranger, '9A22'],
      [{ ...this.till, certificate: forged }, '9A21'],
      [{ ...this.till, sign: stranger.sign.bind(null), certificate: this.desk.certificate }, '9A23'],
    ] as const) {
      const heard = await openPresence(channel, identity, trust, random)
      if (heard.kind !== 'refused' || !heard.detail.includes(status)) {
        throw new Fault(
          `${status} was to be the answer: ${JSON.stringify(heard.kind === 'present' ? heard.kind : heard)}`,
        )
      }
      // VERIFY PIN as a stranger would try it: in clear, and as if in a channel.
      for (const command of ['0020000008' + '31'.repeat(8), '8420000018' + '00'.repeat(24) + '00']) {
        await channel.transmit(Buffer.from(command, 'hex'))
      }
    }
    const after = await this.content(await this.open(this.till))
    if (after.pinTriesLeft !== before.pinTriesLeft) throw new Fault('a stranger has burnt a try of the PIN')
  }

  private async load(): Promise<void> {
    const presence = await this.open(this.desk)
    const loads = [this.free, this.guarded].map((slot) => ({ kind: 'load-slot', slot }) as const)
    const items = [
      ...loads,
      { kind: 'unblock-pin' },
      { kind: 'allow-new-pin', terminalSerial: this.desk.serial },
    ] as const
    const script = await this.script(presence, items)
    const applied = await update(presence, script)
    if (applied.kind !== 'applied') throw faultOf(applied)
    const set = await setPin(presence, pin)
    if (set.kind !== 'verified') throw faultOf(set)
    const again = await update(presence, script)
    if (again.kind !== 'applied' || !equalBytes(again.receipt, applied.receipt)) {
      throw new Fault('the same script again has another answer than its receipt')
    }
    this.expectLeft(await this.content(presence), this.free, this.free.countLeft, this.free.amountLeft)
  }

  private async changedCommand(): Promise<void> {
    const { channel } = this.parts
    const before = await this.content(await this.open(this.till))
    let isChanging = false
    const altered: CardChannel = {
      atr: channel.atr,
      transmit: (command) => channel.transmit(isChanging ? flipped(command) : command),
    }
    const presence = await this.open(this.till, altered)
    isChanging = true
    const plan = this.plan(presence, before, this.free, 50_000n)
    const spent = await spend(presence, plan)
    if (spent.kind !== 'torn') throw new Fault(`a changed SPEND was answered: ${spent.kind}`)
    isChanging = false
    const after = await this.content(await this.open(this.till))
    if (after.atc !== before.atc) throw new Fault('a changed SPEND was executed')
  }

  private async pay(): Promise<void> {
    const presence = await this.open(this.till)
    const plan = this.plan(presence, await this.content(presence), this.free, 50_000n)
    const spent = await spend(presence, plan)
    if (spent.kind !== 'debited') throw faultOf(spent)
    const verified = verifyRecord(spent.record, presence.chain, rootKeys)
    if (verified.kind !== 'verified') throw new Fault(verified.fault)
    this.first = { plan, record: spent.record }
    this.expectLeft(await this.content(presence), this.free, this.free.countLeft - 1, this.free.amountLeft - 50_000n)
  }

  private async payWithPin(): Promise<void> {
    const presence = await this.open(this.till)
    const content = await this.content(presence)
    const without = await spend(presence, this.plan(presence, content, this.guarded, 1_000n))
    expectRefusal(without, 'CARD_PIN_NEEDED')
    const wrong = await verifyPin(presence, wrongPin)
    if (wrong.kind !== 'refused' || wrong.pinTriesLeft !== 4) throw new Fault('a wrong PIN was to leave 4 tries')
    if ((await this.content(await this.open(this.till))).pinTriesLeft !== 4) throw new Fault('the try was not kept')
    const again = await this.open(this.till)
    const right = await verifyPin(again, pin)
    if (right.kind !== 'verified') throw faultOf(right)
    const paid = await spend(again, this.plan(again, await this.content(again), this.guarded, 1_000n, true))
    if (paid.kind !== 'debited') throw faultOf(paid)
    const next = await spend(again, this.plan(again, await this.content(again), this.guarded, 1_000n))
    expectRefusal(next, 'CARD_PIN_NEEDED')
  }

  private async recover(): Promise<void> {
    const { random } = this.parts
    const { plan, record } = this.paid()
    const presence = await this.open(this.till)
    const recovered = await recover(presence, plan, random(16))
    if (recovered.kind !== 'debited' || !equalBytes(recovered.record, record)) {
      throw new Fault(`RECOVER has not given the record, byte for byte: ${recovered.kind}`)
    }
    const never = this.plan(presence, await this.content(presence), this.free, 1_000n)
    const unknown = await recover(presence, never, random(16))
    if (unknown.kind !== 'not-debited') throw new Fault(`a tender that never was: ${unknown.kind}`)
  }

  private async refusals(): Promise<void> {
    const presence = await this.open(this.till)
    expectRefusal(await spend(presence, this.paid().plan), 'CARD_ALREADY_DEBITED')
    const content = await this.content(presence)
    expectRefusal(await spend(presence, this.plan(presence, content, this.free, 100_001n)), 'CARD_CAP_EXCEEDED')
  }

  private async remember(): Promise<void> {
    const presence = await this.open(this.till)
    for (let count = 0; count < payments; count += 1) {
      const spent = await spend(presence, this.plan(presence, await this.content(presence), this.free, 1_000n))
      if (spent.kind !== 'debited') throw faultOf(spent)
    }
    const { atc, oldestAtc } = await this.content(presence)
    if (atc - oldestAtc + 1 < recordsRemembered) throw new Fault(`${atc - oldestAtc + 1} records are remembered`)
    const oldest = await readRecord(presence, atc - oldestAtc)
    if (oldest.kind !== 'record') throw new Fault(`record ${oldestAtc}: ${oldest.kind}`)
    if ((await readRecord(presence, atc - oldestAtc + 1)).kind !== 'none') throw new Fault('a record beyond the oldest')
  }

  private async remove(): Promise<void> {
    const presence = await this.open(this.till)
    const content = await this.content(presence)
    for (const slot of [this.free, this.guarded]) {
      const left = this.slotIn(content, slot)
      const script = await this.script(presence, [{ kind: 'remove-slot', slotRef: slot.slotRef }])
      const applied = await update(presence, script)
      if (applied.kind !== 'applied') throw faultOf(applied)
      const { removedCount, removedAmount } = applied.said
      if (removedCount !== left.countLeft || removedAmount !== left.amountLeft) {
        throw new Fault(`the receipt says that ${removedCount} and ${removedAmount} tiyn were left`)
      }
    }
  }

  private async open(as: CheckTerminal, channel = this.parts.channel): Promise<AppletPresence> {
    const trust = { rootKeys, trustedTime: this.parts.now() }
    const presence = await openPresence(channel, as, trust, this.parts.random)
    if (presence.kind !== 'present') throw faultOf(presence)
    return presence
  }

  private async content(presence: AppletPresence): Promise<CardContent> {
    const content = await readSlots(presence, this.parts.now(), [scheme])
    if (content.kind !== 'content') throw faultOf(content)
    return content
  }

  private async script(presence: AppletPresence, items: readonly ScriptItem[]): Promise<Uint8Array> {
    const { scriptCounter, keyEpoch } = await this.content(presence)
    const head = { cardId: presence.card.cardId, keyEpoch, counter: scriptCounter + 1, time: this.parts.now() }
    return makeScript(head, items, signScript)
  }

  private plan(presence: AppletPresence, content: CardContent, of: AppletSlot, amount: bigint, pinVerified = false) {
    const { random, now } = this.parts
    const planned = planSpend(presence, content, {
      tenderId: random(16),
      slot: this.slotIn(content, of),
      amount,
      challenge: random(16),
      terminalTime: now(),
      decisionHash: random(32),
      termsHash: random(32),
      isOnline: false,
      isPinVerified: pinVerified,
    })
    if (planned.kind !== 'planned') throw faultOf(planned)
    return planned.plan
  }

  private slotIn(content: CardContent, of: AppletSlot): AppletSlot {
    const slot = content.slots.find((one) => equalBytes(one.slotRef, of.slotRef))
    if (slot === undefined) throw new Fault('a slot that was loaded is not shown')
    return slot
  }

  private expectLeft(content: CardContent, of: AppletSlot, count: number, amount: bigint): void {
    const { countLeft, amountLeft } = this.slotIn(content, of)
    if (countLeft !== count || amountLeft !== amount) {
      throw new Fault(`the slot has ${countLeft} and ${amountLeft} tiyn left in place of ${count} and ${amount}`)
    }
  }

  private paid(): { readonly plan: SpendPlan; readonly record: Uint8Array } {
    if (this.first === undefined) throw new Error('no payment was made')
    return this.first
  }
}

function expectRefusal(outcome: { readonly kind: string }, code: string): void {
  if (outcome.kind !== 'refused' || !('code' in outcome) || outcome.code !== code) {
    throw new Fault(`${code} was to be the answer, not ${outcome.kind}`)
  }
}

/** One bit of a protected command's data. */
function flipped(command: Uint8Array): Uint8Array {
  return command.map((byte, index) => (index === 5 ? byte ^ 0x01 : byte))
}

/** Never a key or an id: results of the profile have none but in a presence. */
function faultOf({ kind, ...said }: { readonly kind: string }): Fault {
  return new Fault(`${kind} ${JSON.stringify(said)}`)
}

/** `npm run applet-check`: a card that keeps docs/design/22 passes, again too; cards with planted faults do not. */
import { describe, expect, it } from 'vitest'
import { blankApplet, type AppletState } from '../../../hardware-mocks/cards/applet-state.ts'
import { VirtualApplet } from '../../../hardware-mocks/cards/applet.ts'
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import { toHex } from '../../../src/voucher/cards/bytes.ts'
import type { ChannelAnswer } from '../../../src/voucher/cards/card-channel.ts'
import { checkApplet } from '../../../tools/applet-check/check.ts'
import { day, now, usualCard } from './applet-world.ts'

const seeded = (seed: string) => ({ random: seededRandom(seed) })
const blank = () => VirtualApplet.fromState(blankApplet({ uid: null, cardKind: 1 }), seeded('a blank card'))
const answered = (response: string): ChannelAnswer => ({ kind: 'answered', response: Buffer.from(response, 'hex') })

/** The card on the reader, which a test may exchange between two commands for one with another memory. */
class Holder {
  card: VirtualApplet

  constructor(card: VirtualApplet) {
    this.card = card
    card.enterField()
  }

  change(change: (state: AppletState) => Partial<AppletState>): void {
    const state = this.card.state()
    this.card.leaveField()
    this.card = VirtualApplet.fromState({ ...state, ...change(state) }, seeded('a changed card'))
    this.card.enterField()
  }

  transmit(command: Uint8Array): ChannelAnswer {
    const answer = this.card.exchange(command)
    return answer.kind === 'answered' ? answer : { kind: 'unknown', reason: answer.kind }
  }
}

/** What a bad card does with a command; undefined: what the good one does. */
type Plant = (command: string, holder: Holder) => ChannelAnswer | undefined

async function check(card: VirtualApplet, plant: Plant = () => undefined, start = now) {
  const said: (readonly [string, string | null])[] = []
  const holder = new Holder(card)
  let moment = start
  const result = await checkApplet({
    channel: {
      atr: card.atr,
      transmit: async (command) => plant(toHex(command), holder) ?? holder.transmit(command),
    },
    now: () => (moment += 1),
    elapsed: () => moment,
    random: seededRandom(`${start}`),
    onDidCheck: (step, fault) => said.push([step, fault]),
  })
  holder.card.leaveField()
  return { result, said, failed: said.filter(([, fault]) => fault !== null) }
}

describe('applet-check', () => {
  it('passes a card that keeps to the document, blank and again, and measures each command', async () => {
    const card = blank()
    for (const start of [now, now + 2 * day]) {
      const { result, said, failed } = await check(card, undefined, start)
      expect(failed).toEqual([])
      expect(said.length).toBe(10)
      expect(result.passed).toBe(true)
      const commands = result.times.map(({ command }) => command)
      expect(commands).toEqual(expect.arrayContaining(['SELECT', 'OPEN CHANNEL', 'SPEND', 'RECOVER', 'UPDATE']))
      expect(commands).not.toContain('other')
    }
    expect(card.state().slots.every((slot) => slot === null)).toBe(true)
  })

  const plants: readonly (readonly [string, Plant, string])[] = [
    ['is no applet', () => answered('6A82'), 'SELECT'],
    [
      'takes every certificate',
      (command, holder) => {
        if (!command.startsWith('8010')) return undefined
        holder.transmit(Buffer.from(command, 'hex'))
        return answered('9000')
      },
      'a stranger',
    ],
    [
      'lets strangers burn its PIN',
      (command, holder) => {
        if (command.startsWith('0020')) holder.change(({ pinTries }) => ({ pinTries: pinTries - 1 }))
        return undefined
      },
      'a stranger',
    ],
    ['is silent at SPEND', (command) => (command.startsWith('8440') ? answered('') : undefined), 'without PIN'],
    [
      'forgets a wrong PIN with its power',
      (command, holder) => {
        if (command.startsWith('00A4')) holder.change(() => ({ pinTries: 5 }))
        return undefined
      },
      'needs the PIN',
    ],
    [
      'forgets its records with its power',
      (command, holder) => {
        if (command.startsWith('00A4')) holder.change(() => ({ ring: [] }))
        return undefined
      },
      'RECOVER',
    ],
  ]
  it.each(plants)('fails one that %s', async (_, plant, step) => {
    const { result, failed } = await check(blank(), plant)
    expect(result.passed).toBe(false)
    expect(failed.map(([name]) => name)).toEqual([expect.stringContaining(step)])
  })

  it("does not touch another issuer's card", async () => {
    const { card } = await usualCard()
    const before = card.state()
    const { result, failed } = await check(card)
    expect(result.passed).toBe(false)
    expect(failed[0]?.[1]).toContain('TERMINAL_NOT_ACCEPTED')
    expect(card.state()).toEqual(before)
  })
})

/**
 * A slice of the tear matrix through Debian's real pcscd and vpcd, in namespaces of its own: each profile and each way
 * once, at a command and with a fault that the seed chooses. `npm run tear -- --at pcscd` plays all of it.
 */
import { expect, test } from 'vitest'
import { seededRandom } from '../../hardware-mocks/cards/random.ts'
import { whyNoPcscd } from '../fixtures/pcscd-namespace.ts'
import { tearRunAtPcscd } from './at-pcscd/run.ts'
import { tornWays, type TornProfile, type TornWay } from './names.ts'

const reason = whyNoPcscd()
/** Several times what it takes: what never ends fails all the same. */
const sessionMaxMs = 400_000
/** Of a payment, as `npm run tear` finds them. */
const commandsOf: Readonly<Record<TornProfile, number>> = { uid: 5, ntag21x: 9, ntag424: 11, 'tolem-applet': 10 }
const payers = ['uid', 'ntag21x', 'tolem-applet', 'ntag424', 'tolem-applet'] as const

test(
  'each profile and each way once: card, journal, screen and ledger of a whole till agree',
  async ({ skip }) => {
    if (reason !== null) skip(reason)
    const seed = process.env['TOLEM_SEED'] ?? 'a slice'
    const random = seededRandom(seed)
    const series = payers.map((profile, index) => {
      const at = 1 + ((random(1)[0] ?? 0) % commandsOf[profile])
      return { profile, way: tornWays[index] as TornWay, fault: null, at }
    })
    const said: string[] = []
    const report = await tearRunAtPcscd({ seed, step: 1, series }, (line) => said.push(line), sessionMaxMs)
    console.info([`TOLEM_SEED=${seed}`, ...said].join('\n'))
    expect(report.failures).toEqual([])
    expect(report.byProfile).toEqual({ uid: 1, ntag21x: 1, ntag424: 1, 'tolem-applet': 2 })
  },
  sessionMaxMs + 10_000,
)

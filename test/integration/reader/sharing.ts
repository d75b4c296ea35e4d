/** Another program holds the card, resets it in the middle of a tap, and lets go. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { measureBackInService } from './back-in-service.ts'
import { record, sleep, type Station } from './station.ts'

const holder = 'Family 02'
const item = 'bread'

class OtherProgram {
  readonly #child = spawn(
    process.execPath,
    [new URL('./other-program.ts', import.meta.url).pathname, 'Virtual PCD 00 00'],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  )
  readonly #lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()

  async says(): Promise<string> {
    return (await this.#lines.next()).value ?? 'it ended'
  }

  async does(deed: 'hold' | 'seesEmpty' | 'release' | 'reset'): Promise<string> {
    this.#child.stdin.write(`${deed}\n`)
    return this.says()
  }

  end(): void {
    this.#child.kill('SIGKILL')
  }
}

export async function playSharing(station: Station): Promise<void> {
  const program = new OtherProgram()
  try {
    if ((await program.says()) !== 'ready') throw new Error('the other program does not start')
    const held: unknown[] = []
    for (let count = 0; count < 3; count += 1) held.push(await playHeld(station, program))
    record('held by another program', held)
    await playReset(station, program)
  } finally {
    program.end()
  }
}

/** The device host sleeps while the other program takes the card: who comes first is then no matter of luck. */
async function playHeld(station: Station, program: OtherProgram): Promise<unknown> {
  await station.rings(item)
  const host = station.deviceHostPid()
  // The card before has left, and the driver has heard of it: it would still hold its connection otherwise.
  await program.does('seesEmpty')
  await sleep(300)
  process.kill(host, 'SIGSTOP')
  const held = program.does('hold')
  await station.lay(holder)
  const word = await held
  process.kill(host, 'SIGCONT')
  if (word !== 'done') throw new Error(`the other program did not get the card: ${word}`)
  const { lights, tap } = await station.till.sees(
    'another program holds the card',
    (shown) => shown.lights.reader.code === 'reader_sharing_violation',
  )
  const said = { light: lights.reader.code, tap: tap.state, sameHost: station.deviceHostPid() === host }
  const released = await program.does('release')
  if (released !== 'done') throw new Error(`the other program did not let go: ${released}`)
  const endedAt = performance.now()
  await measureBackInService(station, 'card released by another program', endedAt, { label: null })
  return said
}

async function playReset(station: Station, program: OtherProgram): Promise<void> {
  const before = station.journal().length
  await station.rings(item)
  const card = station.card(holder)
  card.slowDown(150)
  await station.lay(holder)
  await station.till.sees('the card is being proved', ({ tap }) => tap.state === 'hold' && tap.step === 'proving')
  const word = await program.does('reset')
  const resetAt = performance.now()
  const { tap: torn } = await station.till.sees('torn', ({ tap }) => tap.state === 'torn')
  card.slowDown(0)
  // The card has not moved: it lies there and is told anew.
  await measureBackInService(station, 'card reset by another program', resetAt, { label: null })
  record('reset by another program', {
    word,
    torn: torn.state,
    states: station
      .journal()
      .slice(before)
      .map(({ state }) => state),
  })
}

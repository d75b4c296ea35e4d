/**
 * Method: `npm run applet-check` as a program, at virtual cards in a real pcscd, in namespaces of its own. What it
 * finds wrong is asked in test/integration/cards/applet-check.test.ts.
 */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { playInNamespace, whyNoPcscd } from '../../fixtures/pcscd-namespace.ts'

const scenario = new URL('./applet-check-scenario.ts', import.meta.url).pathname
const sessionMaxMs = 120_000
const reason = whyNoPcscd()

interface Said {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

describe('npm run applet-check', () => {
  let steps: ReadonlyMap<string, unknown> = new Map()

  beforeAll(async () => {
    if (reason === null) steps = await playInNamespace(scenario, sessionMaxMs)
  }, sessionMaxMs + 10_000)
  beforeEach(({ skip }) => {
    if (reason !== null) skip(reason)
  })

  it.each(['blank', 'again'])('finds nothing wrong with the virtual applet, %s, and ends with 0', (step) => {
    const { code, stdout, stderr } = steps.get(step) as Said
    expect(stderr.match(/^ok {6}/gm), stderr).toHaveLength(10)
    expect(code).toBe(0)
    const { passed, commands } = JSON.parse(stdout) as { passed: boolean; commands: { command: string }[] }
    expect(passed).toBe(true)
    expect(commands.map(({ command }) => command)).toEqual(expect.arrayContaining(['OPEN CHANNEL', 'SPEND', 'UPDATE']))
  })

  it('gives a mute card up, says at which step, and ends with 1', () => {
    const { code, stdout, stderr } = steps.get('mute') as Said
    expect(stderr).toMatch(/FAILED {2}SELECT/)
    expect(JSON.parse(stdout)).toMatchObject({ passed: false })
    expect(code).toBe(1)
  })
})

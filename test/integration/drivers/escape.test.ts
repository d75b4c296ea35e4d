/**
 * Method: commands for a reader itself (design/08, "Told without a card"), by the driver at Debian's real pcscd in
 * namespaces of their own: at vpcd, which takes none; and at a driver for pcscd that takes them (escaping-reader.c,
 * built here: it shares nothing with the product), where pcscd, its library and the binding are the real ones.
 * `escape-scenario.ts` plays; this judges.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { playInNamespace, whyNoPcscd } from '../../fixtures/pcscd-namespace.ts'

const scenario = new URL('./escape-scenario.ts', import.meta.url).pathname
const source = new URL('./escaping-reader.c', import.meta.url).pathname
const vpcd = '/usr/lib/pcsc/drivers/serial/libifdvpcd.so'
const reason = whyNoPcscd()
/** Ten seconds on a quiet machine. */
const scenarioMaxMs = 120_000

const failed = (why: string) => expect.objectContaining({ kind: 'failed', reason: why })
const seenSix = Array.from({ length: 6 }, () => ({ answer: 'answered', wasThere: 'laid', askedSome: true }))
const pairs = Array.from({ length: 8 }, () => ['in', 'out']).flat()

/** What holds whether or not the reader takes them. */
function disturbsNoCard(steps: () => ReadonlyMap<string, unknown>): void {
  it('asks nobody where no such reader is', () => {
    expect(steps().get('nobody there')).toEqual(failed('no-reader'))
    expect(steps().get('without the service')).toEqual(failed('no-reader'))
  })

  it('sends nothing while a card lies there, and the card goes on', () => {
    expect(steps().get('a card after it')).toBe('answered')
    expect(steps().get('with a card')).toEqual(failed('card-there'))
    expect(steps().get('the card after that')).toBe('answered')
    expect(steps().get('what the card was asked')).toEqual(['00a40400', '00a40400'])
  })

  it('sees every card that is laid down meanwhile, as laid down, and no other coming or going', () => {
    expect(steps().get('laid meanwhile')).toEqual(seenSix)
    expect(steps().get('events without a card')).toEqual([])
    expect(steps().get('events')).toEqual(pairs.slice(0, 14))
    expect(steps().get('troubles')).not.toContain('sharing-violation')
    expect(steps().get('troubles')).not.toContain('reader-error')
  })
}

describe('at readers of vpcd, which take none', () => {
  let steps: ReadonlyMap<string, unknown> = new Map()
  beforeEach(({ skip }) => {
    if (reason !== null) skip(reason)
  })
  beforeAll(async () => {
    if (reason === null) steps = await playInNamespace(scenario, scenarioMaxMs)
  }, scenarioMaxMs + 10_000)

  it('says that they are refused', () => {
    expect(steps.get('empty')).toEqual(failed('refused'))
    expect(steps.get('in turn')).toEqual([failed('refused'), failed('refused'), failed('refused')])
  })

  disturbsNoCard(() => steps)
})

const noCompiler = spawnSync('cc', ['--version']).error === undefined ? null : 'no C compiler builds the driver'

describe('at a reader that takes them', () => {
  const whyNot = reason ?? (existsSync(vpcd) ? noCompiler : `${vpcd} is not there`)
  const folder = mkdtempSync(join(tmpdir(), 'escape-'))
  let steps: ReadonlyMap<string, unknown> = new Map()
  beforeEach(({ skip }) => {
    if (whyNot !== null) skip(whyNot)
  })
  beforeAll(async () => {
    if (whyNot === null) steps = await playInNamespace(scenario, scenarioMaxMs, [configurationOfBuilt(folder)])
  }, scenarioMaxMs + 10_000)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('brings each answer back, in turn', () => {
    expect(steps.get('empty')).toBe(Buffer.from('ACR122U215').toString('hex'))
    expect(steps.get('in turn')).toEqual(['90c1', '90e3', '90e3'])
  })

  it('knows a refusal as libccid has it, and goes on', () => {
    expect(steps.get('refused by its driver')).toEqual(failed('refused'))
    expect(steps.get('beside another program')).toBe(Buffer.from('ACR122U215').toString('hex'))
  })

  it('waits no longer than it said, sends nothing behind a command that hangs, and says so until it is back', () => {
    expect(steps.get('late')).toEqual([failed('timed-out'), failed('busy'), 'reader-error'])
    expect(steps.get('back')).toBe(Buffer.from('ACR122U215').toString('hex'))
  })

  disturbsNoCard(() => steps)
})

/** @returns a folder of reader configuration as `pcscd --config` takes it */
function configurationOfBuilt(within: string): string {
  const built = join(within, 'escaping-reader.so')
  // vpcd's library names itself otherwise than its file.
  symlinkSync(vpcd, join(within, 'libifdvpcd.so.0'))
  const linked = ['-Wl,--no-as-needed', vpcd, `-Wl,-rpath,${within}`]
  const { status, stderr } = spawnSync('cc', ['-shared', '-fPIC', '-Wall', '-Werror', '-o', built, source, ...linked])
  if (status !== 0) throw new Error(`the driver was not built: ${stderr.toString()}`)
  const configuration = join(within, 'reader.conf.d')
  mkdirSync(configuration)
  const lines = [
    'FRIENDLYNAME "ACS ACR122U PICC Interface"',
    'DEVICENAME /dev/null:0x8C7B',
    `LIBPATH ${built}`,
    'CHANNELID 0x8C7B',
  ]
  writeFileSync(join(configuration, 'reader'), `${lines.join('\n')}\n`)
  return configuration
}

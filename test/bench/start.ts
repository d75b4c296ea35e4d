/**
 * Starting up: the core's process with a million rows in its journal, against a raw program that opens the same file;
 * and the whole till, from the command to a screen on which a cashier can sell, against a Chromium that shows an empty
 * page.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, mkdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { withEnrolmentCode } from '../../src/terminal/core/enrolment-code.ts'
import { httpTransport } from '../../src/terminal/core/http-transport.ts'
import { builtUiFolder, ensureUiIsBuilt } from '../../src/terminal/shell/build-ui.ts'
import { startWorld } from '../../tools/world.ts'
import { startProcess } from '../../tools/processes.ts'
import { openChromium, whyNoChromium } from '../e2e/chromium/open-chromium.ts'
import { ledgerProcess } from './bench-ledger.ts'
import { BenchTill } from './bench-till.ts'
import { figureOf, type Figure } from './figures.ts'
import { copyHistory } from './history.ts'
import { median } from './measure.ts'
import { fillQueue } from './sync.ts'

const program = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url))

export async function benchStart(quick: boolean): Promise<readonly Figure[]> {
  return [...(await withLongPast(quick)), ...(await cold(quick))]
}

async function withLongPast(quick: boolean): Promise<readonly Figure[]> {
  const [rows, starts] = quick ? [2_000, 1] : [1_000_000, 9]
  const folder = mkdtempSync(join(tmpdir(), 'tolem-bench-start-'))
  const world = await ledgerProcess(join(folder, 'ledger'), 10)
  const http = httpTransport()
  try {
    const data = join(folder, 'till')
    mkdirSync(data)
    const till = await BenchTill.enrol(world, { folder: data, ledgerUrl: world.url, transport: http.transport })
    const file = join(data, 'journal.sqlite')
    await copyHistory(rows, file)
    fillQueue(till, file, 10)
    const core = { data, anchor: join(folder, 'anchor.json'), ledgerUrl: world.url }
    const ours: number[] = []
    const raw: number[] = []
    for (let start = 0; start < starts + 1; start += 1) {
      const readyMs = await untilReady(program('src/terminal/core/main.ts'), ['--core', JSON.stringify(core)])
      const rawMs = await untilReady(program('test/bench/raw-start.ts'), [file])
      if (start === 0) continue
      ours.push(readyMs)
      raw.push(rawMs)
    }
    const figure = `start of the core's process with ${rows} rows, p50`
    const baselineIs = 'a Node process that loads better-sqlite3, opens the same file and counts its newest rows'
    const common = { bench: 'start', unit: 'ms', baseline: median(raw), baselineIs, samples: starts } as const
    return [figureOf({ ...common, figure, value: median(ours), aim: { atMost: 1_000 } })]
  } finally {
    http.close()
    await world.process.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Milliseconds from the start of a process until it says over its channel that it is ready; it is ended then. */
function untilReady(file: string, parameters: readonly string[]): Promise<number> {
  const started = performance.now()
  const child = spawn(process.execPath, [file, ...parameters], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`${file} ended with ${code} before it was ready`)))
    child.on('message', (message) => {
      const { channel, body } = message as { channel?: string; body?: { kind?: string } }
      if (channel !== 'shell' || body?.kind !== 'ready') return
      const readyMs = performance.now() - started
      child.removeAllListeners('exit')
      child.once('exit', () => resolve(readyMs))
      child.kill('SIGKILL')
    })
  })
}

/** From the second start on: the first one of all writes the demonstration's world. */
async function cold(quick: boolean): Promise<readonly Figure[]> {
  if (whyNoChromium !== null) {
    process.stderr.write(`the cold start is left out: ${whyNoChromium}\n`)
    return []
  }
  const starts = quick ? 1 : 7
  await ensureUiIsBuilt(() => undefined)
  const folder = mkdtempSync(join(tmpdir(), 'tolem-bench-cold-'))
  const data = join(folder, 'data')
  const where = { data, anchorFolder: join(folder, 'anchors') }
  const world = await startWorld({ ...where, shell: { kind: 'none' } })
  try {
    const shell = program('src/terminal/shell-browser/main.ts')
    const parameters = ['--core', world.forTill.core, '--devices', world.forTill.devices, '--ui-folder', builtUiFolder]
    // Enrols, and fetches the package.
    await untilUsable(shell, parameters, withEnrolmentCode(world.forTill.enrolmentCode))
    const ours: number[] = []
    const raw: number[] = []
    for (let start = 0; start < starts; start += 1) {
      ours.push(await untilUsable(shell, parameters))
      raw.push(await untilEmptyPage())
    }
    return [
      figureOf({
        bench: 'start',
        figure: 'cold start of the till in Chromium to a screen that takes a sale, p50',
        value: median(ours),
        unit: 'ms',
        baseline: median(raw),
        baselineIs: 'the same Chromium showing an empty page',
        aim: { atMost: 3_000 },
        samples: starts,
      }),
    ]
  } finally {
    await world.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Core, device host, host of the page and Chromium: until a tile can be touched and the reader is there. */
async function untilUsable(
  shell: string,
  parameters: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<number> {
  const started = performance.now()
  const [till, browser] = await Promise.all([startProcess('till', shell, parameters, { environment }), openChromium()])
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
    await page.goto(String(till.ready['tillUrl']))
    await page.locator('[data-item]').first().click({ trial: true })
    await page.locator('[data-light="reader"].light-ok').waitFor()
    return performance.now() - started
  } finally {
    await browser.close()
    await till.stop()
  }
}

async function untilEmptyPage(): Promise<number> {
  const started = performance.now()
  const browser = await openChromium()
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
    await page.goto('about:blank')
    return performance.now() - started
  } finally {
    await browser.close()
  }
}

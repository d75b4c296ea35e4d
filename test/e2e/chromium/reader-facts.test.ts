/**
 * What the bench's panel of readers says of an ACR122U, on made-up snapshots, in three languages on a small screen. Its
 * pictures lie in out/e2e/reader-facts/.
 */
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { languages, type BenchView } from '../../../src/terminal/contract/index.ts'
import { quietTill } from '../../../src/terminal/ui/gallery/made-up.ts'
import { texts } from '../../../src/terminal/ui/texts/index.ts'
import type { StillTill } from '../suites/still-till.ts'
import { whyNoChromium } from './open-chromium.ts'
import { stillTillInChromium } from './still-till.ts'

type Settings = Exclude<BenchView['readerSettings'], undefined>

const readerName = 'ACS ACR122U PICC Interface 00 00'
const known = { readerName, firmware: 'ACR122U215', pollingMs: 250, trouble: null } as const
const unknown = { readerName, firmware: null, pollingMs: null } as const

const bench = (readerSettings: Settings): BenchView => ({
  ...{ readers: [readerName], readerSettings, cards: [], work: null, latency: null, hid: null },
  doctor: { doing: null, trouble: null, bundle: null, examination: null },
  console: { exchanges: [], waiting: 0, stoppedAt: null, exported: null },
  printer: {
    ...{ profile: 'generic-80mm', status: null, doing: null, mayOpenDrawer: false, page: null, drawer: null },
  },
  ledger: { address: 'https://ledger.example:8443', way: 'tls', isAsking: false, result: null },
})

describe.skipIf(whyNoChromium !== null)('the panel of readers', () => {
  const pictures = join(resolve(import.meta.dirname, '..', '..', '..'), 'out', 'e2e', 'reader-facts')
  let till: StillTill

  beforeAll(async () => {
    mkdirSync(pictures, { recursive: true })
    till = await stillTillInChromium.open()
  }, 120_000)
  afterAll(() => till?.close())
  beforeEach(() => void till.complaints.splice(0))

  test.each(languages)('says in %s what is known of one, or why nothing is', async (language) => {
    const { words } = texts[language]
    const filled = (text: string): string =>
      text
        .replace('{reader}', readerName)
        .replace('{firmware}', known.firmware)
        .replace('{ms}', '250')
        .replace('{panel}', words['bench.tab.doctor'])
    const facts = `${filled(words['bench.reader.firmware'])} ${filled(words['bench.reader.polling'])}`
    const shows: readonly (readonly [name: string, settings: Settings, said: string | null])[] = [
      ['none', [], null],
      ['known', [known], facts],
      ['refused', [{ ...unknown, trouble: 'refused' }], filled(words['bench.reader.refused'])],
      ['later', [{ ...unknown, trouble: 'later' }], filled(words['bench.reader.later'])],
      ['silent', [{ ...unknown, trouble: 'silent' }], filled(words['bench.reader.silent'])],
      ['declined', [{ ...known, trouble: 'declined' }], `${facts} ${filled(words['bench.reader.declined'])}`],
    ]
    for (const [name, settings, said] of shows) {
      const page = await till.show({ ...quietTill, language, bench: bench(settings) }, { width: 1024, height: 600 })
      await page.locator('.bench[data-panel="cards"]').waitFor()
      const quiet = page.locator('.bench-panel .bench-box').first().locator('p.quiet')
      expect(await quiet.allTextContents(), name).toEqual(said === null ? [] : [said])
      const panel = `document.querySelector('.bench-panel')`
      expect(await page.evaluate(`${panel}.scrollWidth <= ${panel}.clientWidth`), name).toBe(true)
      await page.screenshot({ path: join(pictures, `${name}-${language}.png`) })
    }
    expect(till.complaints).toEqual([])
  })
})

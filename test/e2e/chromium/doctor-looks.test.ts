/**
 * How the bench's panel "Doctor" looks with each of its outcomes, on made-up snapshots: whole on both sizes, in three
 * languages, light and dark. Its pictures lie in out/e2e/doctor/.
 */
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import axe from 'axe-core'
import type { Page } from 'playwright'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { bundleFaults, languages, type BenchView, type Language } from '../../../src/terminal/contract/index.ts'
import { found } from '../../../src/terminal/doctor/finding.ts'
import { wordsOf } from '../../../src/terminal/doctor/texts.ts'
import { madeUpNow, quietTill } from '../../../src/terminal/ui/gallery/made-up.ts'
import { texts } from '../../../src/terminal/ui/texts/index.ts'
import type { StillTill } from '../suites/still-till.ts'
import { whyNoChromium } from './open-chromium.ts'
import { stillTillInChromium } from './still-till.ts'

const findings = [
  found('clock', 'clock-ok', { at: '2026-11-23 07:14' }),
  found('folder', 'folder-open', { data: '/srv/tolem/till-of-the-canteen/data', mode: '755' }),
  found('ledger', 'ledger-unreachable', { url: 'https://ledger.example:8443', code: 'EHOSTUNREACH' }),
  found('reader', 'reader-no-rights', {
    ...{ reader: 'ACR122U', path: '/dev/bus/usb/001/004', owner: 'root:root', user: 'pcscd' },
  }),
  found('hid', 'hid-no-rights', {
    ...{ path: '/dev/hidraw3', owner: 'root:root' },
    rule: 'KERNEL=="hidraw*", ATTRS{idVendor}=="0c2e", TAG+="uaccess"',
  }),
]
type Doctor = BenchView['doctor']
const file = '/srv/tolem/till-of-the-canteen/data/bench/support-2026-11-23T07-14-05-250Z.zip'
const seen: Doctor = {
  ...{ doing: null, trouble: null, bundle: null },
  examination: { findings, at: madeUpNow, tookMs: 3_200 },
}
const late = { of: 'bundling', kind: 'late', seconds: 90 } as const
const outcomes: Readonly<Record<string, Doctor>> = {
  examining: { ...seen, examination: null, doing: 'examining' },
  written: { ...seen, bundle: { kind: 'written', file, bytes: 4_096 } },
  late: { ...seen, examination: null, trouble: { ...late, of: 'examining', seconds: 30 } },
  'late-bundle': { ...seen, trouble: late },
  ended: { ...seen, trouble: { ...late, kind: 'ended' } },
  ...Object.fromEntries(
    bundleFaults.map((fault) => [fault, { ...seen, bundle: { kind: 'refused', fault, detail: 'ENOSPC' } } as Doctor]),
  ),
}

const bench = (doctor: Doctor): BenchView => ({
  ...{ readers: [], cards: [], work: null, latency: null, doctor, hid: null },
  console: { exchanges: [], waiting: 0, stoppedAt: null, exported: null },
  printer: {
    ...{ profile: 'generic-80mm', status: null, doing: null, mayOpenDrawer: false, page: null, drawer: null },
  },
  ledger: { address: 'https://ledger.example:8443', way: 'tls', isAsking: false, result: null },
})

describe.skipIf(whyNoChromium !== null)('the panel "Doctor"', () => {
  const pictures = join(resolve(import.meta.dirname, '..', '..', '..'), 'out', 'e2e', 'doctor')
  let till: StillTill

  beforeAll(async () => {
    mkdirSync(pictures, { recursive: true })
    till = await stillTillInChromium.open()
  }, 120_000)
  afterAll(() => till?.close())
  beforeEach(() => void till.complaints.splice(0))

  const sizes = { large: { width: 1280, height: 800 }, small: { width: 1024, height: 600 } }
  const show = async (doctor: Doctor, language: Language, size: keyof typeof sizes): Promise<Page> => {
    const page = await till.show({ ...quietTill, language, bench: bench(doctor) }, sizes[size])
    await page.locator('.bench').waitFor()
    await page.keyboard.press('F12')
    await page.locator('.bench[data-panel="doctor"]').waitFor()
    return page
  }
  /** What axe finds wrong. */
  const weaknesses = (page: Page): Promise<unknown> =>
    page.evaluate(`${axe.source}; axe.run({ resultTypes: ['violations'] }).then(({ violations }) =>
      violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))`)
  const tooWide = (page: Page): Promise<unknown> =>
    page.evaluate(`['html', '.bench-tabs', '.bench-panel'].filter((place) => {
      const { scrollWidth, clientWidth } = document.querySelector(place)
      return scrollWidth > clientWidth
    })`)

  describe.each(languages)('in %s', (language) => {
    const { words } = texts[language]

    test('says each outcome in words, and fits on a small screen', async () => {
      for (const [name, doctor] of Object.entries(outcomes)) {
        const page = await show(doctor, language, 'small')
        const { bundle, trouble } = doctor
        const shown = (await page.locator('.bench-panel').textContent()) ?? ''
        if (bundle?.kind === 'refused') expect(shown).toContain(words[`bench.doctor.not.${bundle.fault}`])
        expect(shown.includes(file), name).toBe(bundle?.kind === 'written')
        expect(shown.includes(words['bench.doctor.none']), name).toBe(trouble?.of === 'bundling')
        expect(shown.includes(words['bench.doctor.earlier']), name).toBe(
          trouble !== null && doctor.examination !== null,
        )
        expect(await tooWide(page), name).toEqual([])
        await page.screenshot({ path: join(pictures, `${name}-${language}-small.png`) })
      }
      expect(till.complaints).toEqual([])
    })

    test.each(['written', 'disk_full', 'late-bundle'])('can be read by everybody: %s', async (name) => {
      const page = await show(outcomes[name] as Doctor, language, 'large')
      for (const theme of ['light', 'dark']) {
        await page.evaluate(`document.documentElement.dataset.theme = '${theme}'`)
        expect(await weaknesses(page), theme).toEqual([])
        await page.screenshot({ path: join(pictures, `${name}-${language}-large-${theme}.png`) })
      }
    })
  })

  test('copies a remedy, reached by the keyboard alone', async () => {
    const page = await show(seen, 'en', 'small')
    const rows = page.locator('.finding')
    expect(await rows.evaluateAll((all) => all.map((row) => row.getAttribute('data-code')))).toEqual([
      ...['ledger-unreachable', 'reader-no-rights', 'folder-open', 'hid-no-rights', 'clock-ok'],
    ])
    // Rows without a remedy have nothing to copy.
    expect(await page.locator('.finding .copy-button').count()).toBe(4)
    await page.evaluate(
      `document.addEventListener('copy', () => (globalThis.copied = document.activeElement.value), { once: true })`,
    )
    await rows.nth(1).locator('.copy-button').focus()
    await page.keyboard.press('Enter')
    const [, reader] = [findings[2], findings[3]]
    expect(await page.evaluate('globalThis.copied')).toBe(reader === undefined ? '' : wordsOf(reader, 'en').remedy)
  })

  test('asks for an examination as it is opened, once, and for nothing while one goes on', async () => {
    const page = await show({ ...seen, examination: null }, 'en', 'large')
    expect(await till.sent()).toEqual([{ command: 'examine_machine' }])
    await page.keyboard.press('F10')
    expect(await till.sent()).toEqual([{ command: 'examine_machine' }, { command: 'write_support_bundle' }])
    const busy = await show({ ...seen, doing: 'bundling' }, 'en', 'large')
    for (const key of ['F5', 'F9', 'F10']) await busy.keyboard.press(key)
    expect(await till.sent()).toEqual([])
  })
})

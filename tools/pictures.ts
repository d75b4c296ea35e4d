/**
 * `npm run pictures`: takes the pictures of the documents from the running product (the till in three languages at two
 * sizes, with a lunch just paid), then every state of the till into out/pictures/, and says what an eye would stumble
 * over. With arguments only the latter: `-- --accept` keeps what the till looks like now as the baseline of the tests,
 * `-- --only WORD` takes some (test/e2e/pictures/gallery.ts). Needs Debian's Chromium.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const folder = join(resolve(import.meta.dirname, '..'), 'docs', 'pictures')
/** Monday, 23 November 2026, noon in Almaty. */
const noon = Date.UTC(2026, 10, 23, 7)
const sizes = [
  { width: 1280, height: 800 },
  { width: 1024, height: 600 },
]
const languages = [
  { language: 'kk', name: 'Қаз', lunch: 'Мектептегі түскі ас', juice: 'Шырын', next: 'Келесі сатып алушы' },
  { language: 'ru', name: 'Рус', lunch: 'Школьный обед', juice: 'Сок', next: 'Следующий покупатель' },
  { language: 'en', name: 'Eng', lunch: 'School lunch', juice: 'Juice', next: 'Next customer' },
]

/** Ends this process as the gallery ended. */
function takeTheGallery(): never {
  const gallery = join(import.meta.dirname, '..', 'test', 'e2e', 'pictures', 'gallery.ts')
  const { status } = spawnSync(process.execPath, [gallery, ...process.argv.slice(2)], { stdio: 'inherit' })
  process.exit(status ?? 1)
}

if (process.argv.length > 2) takeTheGallery()
const { openChromium } = await import('../test/e2e/chromium/open-chromium.ts')
const { startClockService } = await import('./demo/clock-service.ts')
const { PanelClient } = await import('./demo/panel-client.ts')
const { startWorld } = await import('./world.ts')
mkdirSync(folder, { recursive: true })
const data = mkdtempSync(join(tmpdir(), 'tolem-pictures-'))
const clock = await startClockService(noon)
const world = await startWorld({ data: join(data, 'world'), anchorFolder: join(data, 'anchors'), clockUrl: clock.url })
const browser = await openChromium()
try {
  const panel = new PanelClient(world.panelUrl)
  const page = await browser.newPage()
  await page.goto(world.tillUrl)
  let pupil = 0
  for (const { language, name, lunch, juice, next } of languages) {
    await page.getByRole('button', { name, exact: true }).click()
    for (const size of sizes) {
      pupil += 1
      await page.setViewportSize(size)
      await page.locator('.tile', { hasText: lunch }).click()
      await page.locator('.tile', { hasText: juice }).click()
      await page.locator('.line').nth(1).waitFor()
      await page.keyboard.press('Enter')
      await page.locator('[data-tap="tap"]').waitFor()
      await panel.lay(`Pupil ${String(pupil).padStart(2, '0')}`)
      await page.locator('[data-tap="approved"]').waitFor()
      await page.screenshot({ path: join(folder, `till-${size.width}x${size.height}-${language}.png`) })
      await panel.pull()
      await page.keyboard.press('F4')
      // Enter is for the next customer only when nothing is left to pay.
      await page.locator('.actions .button-primary', { hasText: next }).waitFor()
      await page.keyboard.press('Enter')
      await page.locator('[data-tap="idle"]').waitFor()
    }
  }
} finally {
  await browser.close()
  await world.stop()
  clock.close()
  rmSync(data, { recursive: true, force: true })
}
takeTheGallery()

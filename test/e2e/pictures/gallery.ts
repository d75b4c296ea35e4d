/**
 * Takes every picture of the till's gallery in Debian's Chromium: two sizes, three languages, light and dark, into
 * out/pictures/. Run: `node test/e2e/pictures/gallery.ts [--only WORD] [--language kk] [--size 1024x600]
 * [--theme dark]`.
 * Fails when a page scrolls, a text is cut off, or a touch target is too small: what an eye would have to find.
 */
import { mkdirSync } from 'node:fs'
import { createServer } from 'node:http'
import { readFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { chromium, type Page } from 'playwright'
import { build } from 'vite'
import { pictures } from '../../../src/terminal/ui/gallery/pictures.ts'
import { contentSecurityPolicy } from '../../../src/terminal/shell/content-security-policy.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const folder = join(root, 'out', 'gallery')
const { values: asked } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    language: { type: 'string' },
    size: { type: 'string' },
    theme: { type: 'string' },
  },
})
const languages = asked.language === undefined ? ['kk', 'ru', 'en'] : [asked.language]
const sizes = asked.size === undefined ? ['1280x800', '1024x600'] : [asked.size]
const themes = asked.theme === undefined ? ['light', 'dark'] : [asked.theme]

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.ttf': 'font/ttf',
}

/** The built gallery on loopback, under the policy that the shells set. */
const server = createServer((request, response) => {
  const path = normalize((request.url ?? '/').split('?', 1)[0] ?? '/')
  const file = join(folder, path === '/' ? 'index.html' : path)
  readFile(file).then(
    (content) => {
      response.writeHead(200, {
        'content-type': types[extname(file)] ?? 'application/octet-stream',
        'content-security-policy': contentSecurityPolicy(),
      })
      response.end(content)
    },
    () => {
      response.writeHead(404)
      response.end()
    },
  )
})

/** Everything on the page that a tired cashier would stumble over. */
function faultsOf(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const faults: string[] = []
    const { scrollWidth, scrollHeight, clientWidth, clientHeight } = document.documentElement
    if (scrollWidth > clientWidth || scrollHeight > clientHeight) faults.push('the page scrolls')
    const name = (element: Element): string =>
      `${element.getAttribute('class')} "${element.textContent?.trim().slice(0, 40)}"`
    const scrolls = (element: Element): boolean =>
      element.closest('.lines, .card-pays-body, .tiles, .categories, .unresolved ul, .sheet-frame') !== null
    const boxes =
      '.tap, .button, .tile, .keypad-key, .light, .small-button, .left-to-pay, .total, ' +
      '.display, .line, .actions, .other-actions, .line-actions, .keypad, .catalogue, .typed, .bottom, .panel, ' +
      '.sheet, .whose'
    for (const element of document.querySelectorAll(boxes)) {
      if (element.scrollWidth > element.clientWidth + 1) faults.push(`wider than its box: ${name(element)}`)
      if (element.scrollHeight > element.clientHeight + 1) faults.push(`taller than its box: ${name(element)}`)
      const own = element.getBoundingClientRect()
      if (!scrolls(element) && (own.bottom > innerHeight + 1 || own.right > innerWidth + 1))
        faults.push(`outside the window: ${name(element)}`)
    }
    for (const button of document.querySelectorAll('button:not([tabindex="-1"]), input')) {
      const { width, height } = button.getBoundingClientRect()
      if (width > 0 && (width < 47.5 || height < 47.5))
        faults.push(`target ${Math.round(width)}×${Math.round(height)}: ${name(button)}`)
    }
    const word = document.querySelector('.tap-word')
    if (word !== null && Number.parseInt(getComputedStyle(word).fontSize, 10) < 40)
      faults.push('the word is under 40 px')
    for (const element of document.querySelectorAll('.tap > *, .actions > *')) {
      const own = element.getBoundingClientRect()
      if (own.height === 0) continue
      const around = element.parentElement?.getBoundingClientRect()
      if (around !== undefined && (own.bottom > around.bottom + 1 || own.top < around.top - 1))
        faults.push(`leaves its area: ${name(element)}`)
    }
    const sizes = new Set<string>()
    for (const element of document.querySelectorAll('body *')) {
      const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim() !== '')
      if (hasText) sizes.add(getComputedStyle(element).fontSize)
    }
    if (sizes.size > 3) faults.push(`more than three sizes of type: ${[...sizes].join(' ')}`)
    return faults
  })
}

await build({ configFile: join(root, 'src/terminal/ui/vite.config.ts'), mode: 'gallery', logLevel: 'warn' })
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
})
const found: string[] = []
let taken = 0
for (const size of sizes) {
  const [width = 0, height = 0] = size.split('x').map(Number)
  const page = await browser.newPage({ viewport: { width, height }, reducedMotion: 'reduce' })
  const said: string[] = []
  page.on('console', (message) => (message.type() === 'error' ? said.push(message.text()) : undefined))
  page.on('pageerror', (error) => said.push(error.message))
  for (const theme of themes) {
    for (const language of languages) {
      const target = join(root, 'out', 'pictures', `${size}-${theme}-${language}`)
      mkdirSync(target, { recursive: true })
      for (const { name } of pictures.filter((picture) => picture.name.includes(asked.only))) {
        await page.goto(`${origin}/?picture=${name}&language=${language}&theme=${theme}`)
        await page.evaluate(() => document.fonts.ready)
        await page.screenshot({ path: join(target, `${name}.png`) })
        taken += 1
        for (const fault of [...(await faultsOf(page)), ...said.splice(0)])
          found.push(`${size} ${theme} ${language} ${name}: ${fault}`)
      }
    }
  }
  await page.close()
}
await browser.close()
server.close()
process.stdout.write([...found, `${taken} pictures in out/pictures, ${found.length} faults`, ''].join('\n'))
process.exitCode = found.length === 0 ? 0 : 1

/** The till's gallery, built and on loopback under the policy that the shells set, in windows of Debian's Chromium. */
import { mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright'
import type { Language } from '../../../src/terminal/contract/index.ts'
import { contentSecurityPolicy } from '../../../src/terminal/shell/content-security-policy.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))

export type Theme = 'light' | 'dark'

/** The sizes that the till is made for (ui.md, "Till"). */
export const sizes = ['1280x800', '1024x600'] as const
export type Size = (typeof sizes)[number]

/**
 * `shipped`: what a package has. `complaining`: React looks at what it is given besides, and says what is wrong with it
 * among the page's complaints, which takes it more than twice as long.
 */
export type Build = 'shipped' | 'complaining'
const nodeEnvironments: Readonly<Record<Build, string>> = { shipped: 'production', complaining: 'development' }

export interface Shown {
  readonly name: string
  readonly language: Language
  readonly theme: Theme
}

export interface GalleryWindow {
  readonly page: Page
  /** Resolves when the picture is drawn, with its fonts. */
  show(shown: Shown): Promise<void>
  /** What is seen now, as PNG. */
  picture(): Promise<Buffer>
  /** What the page complained of since the last call: errors, refused resources. */
  complaints(): readonly string[]
}

export interface Gallery {
  open(size: Size, build?: Build): Promise<GalleryWindow>
  close(): Promise<void>
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.ttf': 'font/ttf',
}

/** @param builds those that windows will be opened of */
export async function openGallery(builds: readonly Build[] = ['shipped']): Promise<Gallery> {
  // Large, and of no use to who only asks for the sizes.
  const { openChromium } = await import('../chromium/open-chromium.ts')
  const folder = mkdtempSync(join(tmpdir(), 'tolem-gallery-'))
  for (const build of builds) await buildGallery(build, join(folder, build))
  const server = createServer((request, response) => {
    const path = normalize((request.url ?? '/').split('?', 1)[0] ?? '/')
    const file = join(folder, path.endsWith('/') ? `${path}index.html` : path)
    readFile(file).then(
      (content) => {
        const type = types[extname(file)] ?? 'application/octet-stream'
        response.writeHead(200, { 'content-type': type, 'content-security-policy': contentSecurityPolicy() })
        response.end(content)
      },
      () => void response.writeHead(404).end(),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const browser = await openChromium()
  return {
    async open(size, build = 'shipped') {
      const [width = 0, height = 0] = size.split('x').map(Number)
      const context = await browser.newContext({ viewport: { width, height }, reducedMotion: 'reduce' })
      const page = await context.newPage()
      const chromium = await context.newCDPSession(page)
      const said: string[] = []
      page.on('console', (message) => void (message.type() === 'error' && said.push(message.text())))
      page.on('pageerror', (error) => said.push(error.message))
      await page.goto(`${origin}/${build}/`)
      await page.evaluate(() => document.fonts.ready)
      return {
        page,
        async show({ name, language, theme }) {
          const address = `#picture=${name}&language=${language}&theme=${theme}`
          await page.evaluate(async (asked) => {
            const { dataset } = document.documentElement
            delete dataset['shown']
            const isShown = new Promise<void>((resolve) => {
              const observer = new MutationObserver(() => {
                if (dataset['shown'] !== asked) return
                observer.disconnect()
                resolve()
              })
              observer.observe(document.documentElement, { attributeFilter: ['data-shown'] })
            })
            // Without a step to another page, of which the browser keeps much.
            const goTo = (hash: string): void => {
              history.replaceState(null, '', hash)
              dispatchEvent(new HashChangeEvent('hashchange'))
            }
            if (location.hash === asked) goTo('#')
            goTo(asked)
            await isShown
            await document.fonts.ready
          }, address)
        },
        async picture() {
          // Playwright's own has the smallest file, and takes twice as long to make it.
          const { data } = await chromium.send('Page.captureScreenshot', { format: 'png', optimizeForSpeed: true })
          return Buffer.from(data, 'base64')
        },
        complaints: () => said.splice(0),
      }
    },
    async close() {
      await browser.close()
      server.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Which React is built in, Vite takes from the environment alone, in which Vitest says `test`. */
async function buildGallery(build: Build, outDir: string): Promise<void> {
  const { build: buildByVite } = await import('vite')
  const { NODE_ENV: before } = process.env
  process.env['NODE_ENV'] = nodeEnvironments[build]
  try {
    await buildByVite({
      configFile: join(root, 'src/terminal/ui/vite.config.ts'),
      mode: 'gallery',
      logLevel: 'warn',
      build: { outDir, emptyOutDir: true },
    })
  } finally {
    if (before === undefined) delete process.env['NODE_ENV']
    else process.env['NODE_ENV'] = before
  }
}

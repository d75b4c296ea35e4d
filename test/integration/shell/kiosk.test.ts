/** The kiosk: a real Chromium on a display of its own opens the address it is given and leaves nothing behind. */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openKiosk } from '../../../src/terminal/shell-browser/kiosk.ts'
import { whyNoChromium } from '../../e2e/chromium/open-chromium.ts'

const xvfb = '/usr/bin/Xvfb'
const missing = [whyNoChromium, existsSync(xvfb) ? null : `${xvfb} is not installed`].filter((why) => why !== null)

async function openDisplay(): Promise<{ server: ChildProcess; name: string }> {
  const server = spawn(xvfb, ['-displayfd', '3', '-nolisten', 'tcp', '-noreset'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  })
  const number = await new Promise<string>((resolve, reject) => {
    server.once('error', reject)
    server.stdio[3]?.once('data', (text: Buffer) => resolve(text.toString().trim()))
  })
  return { server, name: `:${number}` }
}

let ours: string
beforeEach(() => {
  // Others on this machine open kiosks too.
  ours = mkdtempSync(join(tmpdir(), 'tolem-kiosk-test-'))
  vi.stubEnv('TMPDIR', ours)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(ours, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
})
const profiles = (): readonly string[] => readdirSync(ours).filter((name) => name.startsWith('tolem-kiosk-'))

describe('openKiosk', () => {
  it('opens the address full screen and closes without a trace', async ({ skip }) => {
    if (missing.length > 0) skip(missing.join(', '))
    const display = await openDisplay()
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(`${request.headers['user-agent'] ?? ''} ${request.url}`)
      response.setHeader('content-type', 'text/html').end('<title>till</title>')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const outcome = await openKiosk(`http://127.0.0.1:${(server.address() as AddressInfo).port}/till#t=secret`, {
      ...process.env,
      DISPLAY: display.name,
      WAYLAND_DISPLAY: '',
    })
    expect(outcome).toMatchObject({ kind: 'opened' })
    await expect.poll(() => asked[0], { timeout: 20_000 }).toMatch(/Chrome.* \/till$/)
    await (outcome.kind === 'opened' ? outcome.kiosk.close() : undefined)
    expect(profiles()).toEqual([])
    server.closeAllConnections()
    server.close()
    display.server.kill()
  })

  it('says why not where there is no display', async () => {
    const outcome = await openKiosk('http://127.0.0.1/', { DISPLAY: '', WAYLAND_DISPLAY: '' })
    expect(outcome).toEqual({
      kind: 'notOpened',
      reason: expect.stringMatching(/display|not installed|Linux/) as unknown,
    })
  })
})

/** Method: a real browser (Debian's chromium) on the panel, and a hostile page on another port of the same host. */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import { startVirtualHardware } from '../../../hardware-mocks/virtual-hardware.ts'
import type { VirtualHardware } from '../../../hardware-mocks/virtual-hardware.ts'
import { openChromium, whyNoChromium } from '../../e2e/chromium/open-chromium.ts'

describe('the page in a browser', () => {
  let folder: string
  let hardware: VirtualHardware
  let hostile: Server
  let browser: Browser

  beforeEach(({ skip }) => {
    if (whyNoChromium !== null) skip(whyNoChromium)
  })
  beforeAll(async () => {
    if (whyNoChromium !== null) return
    folder = mkdtempSync(join(tmpdir(), 'tolem-page-'))
    hardware = await startVirtualHardware({
      folder,
      now: () => Date.now(),
      random: seededRandom('page'),
      cards: [
        { label: 'Pupil 01', kind: 'ntag424' },
        { label: 'Оқушы 02 <b>', kind: 'desfire' },
      ],
    })
    hostile = createServer((_, response) =>
      response.setHeader('content-type', 'text/html').end('<!doctype html><p>hello'),
    )
    await new Promise<void>((resolve) => void hostile.listen(0, '127.0.0.1', resolve))
    browser = await openChromium()
  })

  afterAll(async () => {
    await browser?.close()
    hostile?.closeAllConnections()
    await new Promise((resolve) => (hostile === undefined ? resolve(undefined) : hostile.close(resolve)))
    await hardware?.close()
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
  })

  it('is driven by keyboard and follows what happens elsewhere', async () => {
    const page = await browser.newPage()
    const complaints: string[] = []
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.goto(hardware.panelUrl)
    await page.getByRole('button', { name: 'Pupil 01' }).waitFor()
    await page.keyboard.press('2')
    await page.locator('.pad strong', { hasText: 'Оқушы 02 <b>' }).waitFor()
    expect(hardware.desk.state().card).toBe('Оқушы 02 <b>')
    await page.keyboard.press('Escape')
    await page.locator('.pad strong', { hasText: 'No card' }).waitFor()
    await page.keyboard.press('n')
    await page.getByText('Network cut').waitFor()
    expect(hardware.network.state().mode).toBe('cut')
    hardware.printer.setPaper('out')
    await page.getByText('Printer: no paper').waitFor()
    await page.getByRole('group', { name: 'Paper' }).getByRole('button', { name: 'In', exact: true }).click()
    await page.getByText('Printer ready').waitFor()
    const till = connect(hardware.printerPort, '127.0.0.1')
    till.write('On paper\n\x1dV\0', 'latin1')
    const slip = page.getByRole('img', { name: 'On paper' })
    await slip.waitFor()
    await expect.poll(() => slip.evaluate((image) => (image as HTMLImageElement).naturalWidth)).toBe(576)
    till.destroy()
    await page.getByRole('button', { name: 'Network', exact: true }).click()
    await page.locator('#log', { hasText: 'mode: mode cut' }).waitFor()
    expect(complaints.filter((words) => !words.includes('503'))).toEqual([])
    await page.close()
  })

  it('cannot be driven, read, embedded or framed by a page on another port', async () => {
    const page = await browser.newPage()
    await page.goto(`http://127.0.0.1:${(hostile.address() as AddressInfo).port}/`)
    const before = JSON.stringify(hardware.printer.state())
    const outcome = await page.evaluate(async (panel) => {
      const settled = (attempt: Promise<unknown>): Promise<string> =>
        attempt.then(
          () => 'done',
          () => 'failed',
        )
      const loaded = (tag: 'img' | 'script', path: string): Promise<string> =>
        new Promise((resolve) => {
          const element = document.createElement(tag)
          element.onload = () => resolve('done')
          element.onerror = () => resolve('failed')
          element.src = panel + path
          document.body.append(element)
        })
      const attack = '{"cover":"open"}'
      await settled(fetch(`${panel}api/printer`, { method: 'POST', mode: 'no-cors', body: attack }))
      await settled(
        fetch(`${panel}api/printer`, {
          method: 'POST',
          mode: 'no-cors',
          headers: { 'content-type': 'text/plain' },
          body: attack,
        }),
      )
      navigator.sendBeacon(`${panel}api/printer`, new Blob([attack], { type: 'text/plain' }))
      const frame = document.createElement('iframe')
      frame.name = 'target'
      document.body.append(frame)
      const form = document.createElement('form')
      Object.assign(form, { method: 'POST', action: `${panel}api/printer`, enctype: 'text/plain', target: 'target' })
      const field = document.createElement('input')
      Object.assign(field, { name: '{"cover":"open","x":"', value: '"}' })
      form.append(field)
      document.body.append(form)
      form.submit()
      return {
        json: await settled(
          fetch(`${panel}api/printer`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: attack,
          }),
        ),
        read: await settled(fetch(`${panel}api/state`)),
        events: await new Promise((resolve) => {
          const source = new EventSource(`${panel}api/events`)
          source.onopen = () => resolve('done')
          source.onerror = () => resolve('failed')
        }),
        image: await loaded('img', 'favicon.ico'),
        script: await loaded('script', 'page.js'),
      }
    }, hardware.panelUrl)
    expect(outcome).toEqual({ json: 'failed', read: 'failed', events: 'failed', image: 'failed', script: 'failed' })
    await page.waitForTimeout(200)
    expect(JSON.stringify(hardware.printer.state())).toBe(before)

    await page.setContent(`<iframe src="${hardware.panelUrl}"></iframe>`)
    await page.waitForTimeout(300)
    expect(page.frames()).toHaveLength(2)
    expect(await page.frames()[1]?.locator('#reader-title').count()).toBe(0)
    await page.close()
  })
})

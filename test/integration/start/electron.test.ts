/**
 * Electron for `npm start`: its binary is fetched once and within a limit, and where it cannot be had a browser opens.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { officialElectron } from '../../../tools/official-electron.ts'
import { startWorld } from '../../../tools/world.ts'
import { processesWith } from '../../fixtures/processes-of.ts'

let folder: string
const said: string[] = []
const say = (line: string): void => void said.push(line)

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tolem-electron-package-'))
  said.length = 0
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true, force: true })
})

/** The npm package with an install script of the test's. */
const installs = (script: string): void => writeFileSync(join(folder, 'install.js'), script)
const fetchesIt = `const fs = require('node:fs'), at = (name) => require('node:path').join(__dirname, name)
fs.mkdirSync(at('dist')); fs.writeFileSync(at('dist/electron'), ''); fs.writeFileSync(at('path.txt'), 'electron')`

test('a binary that is there is used, and nothing is fetched', async () => {
  installs(`throw new Error('must not run')`)
  mkdirSync(join(folder, 'dist'))
  writeFileSync(join(folder, 'dist', 'electron'), '')
  writeFileSync(join(folder, 'path.txt'), 'electron')
  const executable = join(folder, 'dist', 'electron')
  expect(await officialElectron(5_000, say, folder)).toEqual({ kind: 'ready', executable })
  expect(said).toEqual([])
})

test('one that can be had is fetched, said aloud', async () => {
  installs(fetchesIt)
  const executable = join(folder, 'dist', 'electron')
  expect(await officialElectron(20_000, say, folder)).toEqual({ kind: 'ready', executable })
  expect(said).toEqual([expect.stringMatching(/^fetching Electron, once; at most 20 s/)])
})

test('one that cannot be fetched: the reason, in one line', async () => {
  installs(`process.stderr.write('RequestError: getaddrinfo ENOTFOUND somewhere\\n    at a line\\n'); process.exit(1)`)
  expect(await officialElectron(20_000, say, folder)).toEqual({
    kind: 'unavailable',
    reason: 'its binary could not be fetched (RequestError: getaddrinfo ENOTFOUND somewhere)',
  })
})

test('a download without an end is given up at the limit, with its children', async () => {
  installs(
    `require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e3)', __dirname]);` +
      ' setInterval(() => {}, 1e3)',
  )
  const outcome = await officialElectron(1_500, say, folder)
  expect(outcome).toEqual({ kind: 'unavailable', reason: 'its binary could not be fetched within 1.5 s' })
  await expect.poll(() => processesWith(folder)).toEqual([])
})

test('without the package', async () => {
  expect(await officialElectron(1_000, say, folder)).toMatchObject({ kind: 'unavailable' })
})

test('an Electron that does not run here falls back to the browser host, with one sentence', async () => {
  vi.stubEnv('DISPLAY', '')
  vi.stubEnv('WAYLAND_DISPLAY', '')
  const executable = join(folder, 'electron')
  writeFileSync(executable, '#!/bin/sh\necho "electron: error while loading libgtk-3.so.0" >&2\nexit 127\n', {
    mode: 0o700,
  })
  const world = await startWorld({
    data: join(folder, 'data'),
    anchorFolder: join(folder, 'anchors'),
    shell: { kind: 'electron', executable },
    say,
  })
  expect(world.shell).toBe('browser')
  expect((await fetch(new URL(world.tillUrl).origin)).status).toBe(200)
  await world.stop()
  const about = said.filter((line) => line.startsWith('Electron'))
  expect(about).toEqual([
    'Electron is not used: it does not run here (electron: error while loading libgtk-3.so.0); ' +
      'opening the till in a browser',
  ])
})

/** The check of a package bites: a good archive has no finding, and each planted fault has its own. */
import { describe, expect, test } from 'vitest'
import type { Configuration } from 'electron-builder'
import { packaging } from '../../../electron.config.ts'
import type { ArchivedFile } from '../../../tools/package/archive.ts'
import { findingsInFiles, findingsInInstallers } from '../../../tools/package/check.ts'
import { childPrograms } from '../../../tools/package/stage.ts'
import { root } from '../../../src/terminal/shell/build-when-outdated.ts'

const unpacked = [
  'node_modules/better-sqlite3/prebuilds/linux-x64.node',
  'node_modules/@pcsc-mini/linux-x86_64-gnu/addon.node',
  'node_modules/node-hid/prebuilds/HID_hidraw-linux-x64/node-napi-v4.node',
  'node_modules/@resvg/resvg-js-linux-x64-gnu/resvgjs.linux-x64-gnu.node',
  'node_modules/@expo-google-fonts/noto-sans-mono/400Regular/NotoSansMono_400Regular.ttf',
  'node_modules/@expo-google-fonts/noto-sans-mono/700Bold/NotoSansMono_700Bold.ttf',
]
const good: Readonly<Record<string, string>> = {
  'package.json': '{}',
  LICENSE: '',
  'out/electron/main/main.js': 'import { app } from "electron"\nimport { z } from "zod"',
  'out/electron/preload/preload.cjs': '',
  'out/ui/index.html': '',
  'src/terminal/core/main.ts':
    "import { a } from './a.ts'\nimport type { B } from './only-a-type.ts'\nimport 'node:fs'",
  'src/terminal/core/a.ts': 'export const a: number = 1',
  'src/drivers/host/main.ts': "const late = await import('zod')",
  'src/terminal/examiner/main.ts': '',
  'src/terminal/shell-electron/settings-file.ts': '',
  'node_modules/zod/package.json': '{}',
  ...Object.fromEntries(unpacked.map((path) => [path, ''])),
}

function findings(changes: Readonly<Record<string, string | null>>, alsoPacked: readonly string[] = []) {
  const files: ArchivedFile[] = []
  for (const [path, content] of Object.entries({ ...good, ...changes })) {
    const isUnpacked = unpacked.includes(path) && !alsoPacked.includes(path)
    if (content !== null) files.push({ path, isUnpacked, read: () => Buffer.from(content) })
  }
  return findingsInFiles(files)
}

describe('the check of a package', () => {
  test('finds nothing in a good one', () => {
    expect(findings({})).toEqual([])
  })

  test.each([...childPrograms, 'out/ui/index.html', 'LICENSE'])('misses %s', (path) => {
    expect(findings({ [path]: null })).toEqual([`${path} is missing`])
  })

  test.each(unpacked)('wants %s, and beside the archive', (path) => {
    expect(findings({ [path]: null })).toEqual([expect.stringMatching(/ is missing$/)])
    expect(findings({}, [path])).toEqual([expect.stringMatching(/lies inside of app\.asar$/)])
  })

  test.each([
    ['tools/start.ts', 'does not belong in a package'],
    ['hardware-mocks/main.ts', 'does not belong in a package'],
    ['src/terminal/ui/main.tsx', 'does not belong in a package'],
    ['src/terminal/shell-electron/main.ts', 'does not belong in a package'],
    ['src/sync/test/a.ts', 'is of tests or tools'],
    ['out/ui/index.js.map', 'is of tests or tools'],
    ['node_modules/vitest/index.js', 'vitest is a tool of development'],
  ])('does not want %s', (path, why) => {
    expect(findings({ [path]: '' })).toEqual([expect.stringContaining(why)])
  })

  test('follows imports at run time, not those of types', () => {
    expect(findings({ 'src/terminal/core/a.ts': null })).toEqual([
      'src/terminal/core/main.ts imports ./a.ts, which is not in the package',
    ])
    expect(findings({ 'node_modules/zod/package.json': null })).toHaveLength(2)
  })

  test('misses what a package is entered by', () => {
    const described = { 'node_modules/qr/package.json': '{"main":"src/index"}' }
    expect(findings({ ...described, 'node_modules/qr/src/index.js': '' })).toEqual([])
    expect(findings(described)).toEqual(['node_modules/qr is entered by src/index, which is not in the package'])
  })

  test('finds the place where it was made', () => {
    expect(findings({ 'src/terminal/core/a.ts': `// ${root}src` })).toEqual([expect.stringContaining('names ')])
  })
})

describe('the check of the configuration', () => {
  /** `path` ends with a key, or with an entry of a list; names of Debian packages may have dots. */
  function without(...path: readonly string[]): Configuration {
    const { linux, deb, win, nsis } = packaging
    const changed = structuredClone({ linux, deb, win, nsis })
    const last = path.at(-1) ?? ''
    let holder: unknown = changed
    for (const name of path.slice(0, -1)) holder = (holder as Record<string, unknown>)[name]
    if (Array.isArray(holder)) holder.splice(holder.indexOf(last), 1)
    else delete (holder as Record<string, unknown>)[last]
    return changed as Configuration
  }

  test('finds nothing in ours', () => {
    expect(findingsInInstallers(packaging)).toEqual([])
  })

  test.each<readonly [string, string]>([
    ['linux target deb', 'no deb is made'],
    ['linux target AppImage', 'no AppImage is made'],
    ['win target nsis', 'no nsis is made'],
    ['linux maintainer', 'the deb has no maintainer'],
    ['linux category', 'the Linux packages have no category'],
    ['linux synopsis', 'the Linux packages have no synopsis'],
    ['linux vendor', 'the Linux packages have no vendor'],
    ['linux icon', 'the Linux packages have no icon'],
    ['linux executableArgs', 'an AppImage would start without the sandbox of Chromium'],
    ['linux desktop entry Name[kk]', 'the desktop file has no Name[kk]'],
    ['deb recommends pcscd', 'the deb does not recommend pcscd'],
    ['nsis deleteAppDataOnUninstall', 'taking the program off Windows would take its journal along'],
    ...(packaging.deb?.depends ?? []).map((name) => [`deb depends ${name}`, `the deb does not need ${name}`] as const),
  ])('without %s: %s', (path, finding) => {
    expect(findingsInInstallers(without(...path.split(' ')))).toEqual([finding])
  })

  test.each<readonly [string, Configuration, string]>([
    ['nsis.deleteAppDataOnUninstall', { nsis: { deleteAppDataOnUninstall: true } }, 'take its journal along'],
    ['nsis.include', { nsis: { include: 'own.nsh' } }, 'the Windows uninstaller runs a script of our own'],
    ['nsis.script', { nsis: { script: 'own.nsi' } }, 'the Windows uninstaller runs a script of our own'],
    ['deb.afterRemove', { deb: { afterRemove: 'own.sh' } }, 'the deb runs a script of our own when it is taken off'],
    ['deb.fpm', { deb: { fpm: ['--after-purge=own.sh'] } }, 'the deb runs a script of our own when it is taken off'],
  ])('with %s: the data of a till would not be safe', (_name, more, finding) => {
    const nsis = { ...packaging.nsis, ...more.nsis }
    const changed = { ...packaging, nsis, deb: { ...packaging.deb, ...more.deb } }
    expect(findingsInInstallers(changed)).toEqual([expect.stringContaining(finding)])
  })

  test.each(['linux target', 'win target', 'deb depends', 'linux desktop', 'deb', 'linux', 'win'])(
    'without %s',
    (path) => {
      expect(findingsInInstallers(without(...path.split(' ')))).not.toEqual([])
    },
  )
})

/** What a packaged till must be, whoever made it: read from its folder, not from what was meant to go in. */
import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { homedir } from 'node:os'
import { join, posix } from 'node:path'
import type { Configuration } from 'electron-builder'
import { packaging } from '../../electron.config.ts'
import { root } from '../../src/terminal/shell/build-when-outdated.ts'
import { filesOfArchive, type ArchivedFile } from './archive.ts'
import { wrongFuses } from './fuses.ts'
import { childPrograms, mainFile, resourcesFolder } from './stage.ts'

/** Without one of these, no till. */
const needed = [
  'package.json',
  'LICENSE',
  mainFile,
  'out/electron/preload/preload.cjs',
  'out/ui/index.html',
  ...childPrograms,
]

/** What may be in app.asar at all; of src, what runs in core, device host and examiners. */
const ofTerminal = 'core|payment|shift|contract|doctor|examiner|support'
const ours = `src/(voucher|sync|drivers|terminal/(${ofTerminal}))/|src/terminal/shell-electron/settings-file\\.ts$`
const allowed = new RegExp(`^(package\\.json|LICENSE|out/(electron|ui)/|${ours}|node_modules/)`)

/** Parts that the system or a native module opens by itself: in the archive they would not be found. */
const outsideTheArchive = [
  { what: 'the journal (better-sqlite3)', path: /^node_modules\/better-sqlite3\/.*\.node$/ },
  { what: 'the card reader (pcsc-mini)', path: /^node_modules\/@pcsc-mini\/.*\.node$/ },
  { what: 'scanners and displays (node-hid)', path: /^node_modules\/node-hid\/.*\.node$/ },
  { what: 'drawn receipts (resvg)', path: /^node_modules\/@resvg\/.*\.node$/ },
  { what: 'the typeface of receipts', path: /^node_modules\/@expo-google-fonts\/noto-sans-mono\/.*Regular\.ttf$/ },
  { what: 'the bold typeface of receipts', path: /^node_modules\/@expo-google-fonts\/noto-sans-mono\/.*Bold\.ttf$/ },
]

const isText = /\.(ts|js|cjs|mjs|json|html|css)$/
/** Node's own, and what Electron brings. */
const isBuiltIn = /^(node:|electron$)/
const importedName = /(?:\bfrom|\bimport|\bimport\(|\brequire\()\s*['"]([\w@.:/-]+)['"]/g

/** Everything that is not as it should be in an unpacked package, one line each. */
export async function findingsInPackage(folder: string): Promise<readonly string[]> {
  const files = filesOfArchive(join(folder, 'resources', 'app.asar'))
  const program =
    process.platform === 'win32' ? `${packaging.win?.executableName}.exe` : packaging.linux?.executableName
  return [
    ...findingsInFiles(files),
    ...(await wrongFuses(join(folder, `${program}`))),
    ...findingsInDescription(files),
    ...findingsInConfiguration(),
  ]
}

/** What is missing, does not belong there, lies in the wrong place, cannot be imported, or names somebody's machine. */
export function findingsInFiles(files: readonly ArchivedFile[]): readonly string[] {
  const paths = new Set(files.map(({ path }) => path))
  const { devDependencies = {} } = readJson(join(root, 'package.json')) as { devDependencies?: object }
  const findings = needed.filter((path) => !paths.has(path)).map((path) => `${path} is missing`)
  for (const { what, path } of outsideTheArchive) {
    const found = files.filter((file) => path.test(file.path))
    if (found.length === 0) findings.push(`${what} is missing`)
    for (const file of found) if (!file.isUnpacked) findings.push(`${file.path}: ${what} lies inside of app.asar`)
  }
  for (const file of files) {
    const { path } = file
    if (!allowed.test(path)) findings.push(`${path} does not belong in a package`)
    if (/(^|\/)(tests?|fixtures|gallery)\/|\.test\.|\.map$/.test(path)) findings.push(`${path} is of tests or tools`)
    const name = /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]
    if (name !== undefined && name in devDependencies) findings.push(`${path}: ${name} is a tool of development`)
    if (path === `node_modules/${name}/package.json`) findings.push(...findingsInDependency(file, paths))
    if (!isText.test(path) || path.startsWith('node_modules/')) continue
    const text = file.read().toString('utf8')
    for (const place of machinePlaces()) if (text.includes(place)) findings.push(`${path} names ${place}`)
    if (path.startsWith('out/ui/') || path.endsWith('.json')) continue
    const running = path.endsWith('.ts') ? stripTypeScriptTypes(text) : text
    for (const [, imported = ''] of running.matchAll(importedName)) {
      if (!isImportable(imported, path, paths))
        findings.push(`${path} imports ${imported}, which is not in the package`)
    }
  }
  return findings
}

/** A package without `exports` is entered by its `main`: that file must have come along. */
function findingsInDependency(file: ArchivedFile, paths: ReadonlySet<string>): readonly string[] {
  const folder = posix.dirname(file.path)
  const { main, exports } = JSON.parse(file.read().toString('utf8')) as { main?: string; exports?: unknown }
  if (main === undefined || exports !== undefined) return []
  const entry = posix.join(folder, main)
  const forms = [entry, `${entry}.js`, `${entry}.json`, posix.join(entry, 'index.js')]
  return forms.some((form) => paths.has(form)) ? [] : [`${folder} is entered by ${main}, which is not in the package`]
}

/** Paths of the machine that packs. A home as short as `/root` is part of many words; with a slash it is a path. */
const machinePlaces = (): readonly string[] => [root.replace(/[/\\]$/, ''), `${homedir()}/`]

function isImportable(imported: string, from: string, paths: ReadonlySet<string>): boolean {
  if (isBuiltIn.test(imported)) return true
  if (imported.startsWith('.')) return paths.has(posix.normalize(posix.join(posix.dirname(from), imported)))
  const name = imported
    .split('/')
    .slice(0, imported.startsWith('@') ? 2 : 1)
    .join('/')
  return paths.has(`node_modules/${name}/package.json`)
}

function findingsInDescription(files: readonly ArchivedFile[]): readonly string[] {
  const described = JSON.parse(
    files
      .find(({ path }) => path === 'package.json')
      ?.read()
      .toString('utf8') ?? '{}',
  ) as {
    readonly [key: string]: unknown
  }
  const wanted = readJson(join(root, 'package.json')) as { readonly [key: string]: unknown }
  const expected = { name: wanted['name'], version: wanted['version'], main: mainFile, type: 'module' }
  return Object.entries(expected)
    .filter(([key, value]) => described[key] !== value)
    .map(([key, value]) => `package.json: ${key} is ${String(described[key])}, and should be ${String(value)}`)
}

/** What docs promise to make: the installers of each system. */
const promised = { linux: ['deb', 'AppImage'], win: ['nsis'] } as const

/**
 * What a program of ours opens by itself beyond Electron's own needs, and Electron's own, by their Debian names: a deb
 * without one of these installs and does not start.
 */
const neededOfDebian = [
  'libgtk-3-0',
  'libnotify4',
  'libnss3',
  'libxss1',
  'libxtst6',
  'xdg-utils',
  'libatspi2.0-0',
  'libuuid1',
  'libsecret-1-0',
  'libpcsclite1',
]

/** Installers that are not made, and fields of deb and desktop file that their system would miss. */
export function findingsInInstallers({ linux, win, deb, nsis }: Configuration): readonly string[] {
  const findings: string[] = []
  const named = (target: unknown): readonly unknown[] => [target ?? []].flat()
  for (const [system, installers] of Object.entries(promised)) {
    const made = named(system === 'win' ? win?.target : linux?.target)
    for (const installer of installers) if (!made.includes(installer)) findings.push(`no ${installer} is made`)
  }
  for (const name of neededOfDebian) if (!deb?.depends?.includes(name)) findings.push(`the deb does not need ${name}`)
  if (!deb?.recommends?.includes('pcscd')) findings.push('the deb does not recommend pcscd')
  if (!/^\S.* <[^@\s<>]+@[^@\s<>]+>$/.test(linux?.maintainer ?? '')) findings.push('the deb has no maintainer')
  for (const field of ['category', 'synopsis', 'vendor', 'executableName', 'icon'] as const) {
    if ((linux?.[field] ?? '') === '') findings.push(`the Linux packages have no ${field}`)
  }
  if (linux?.executableArgs?.length !== 0) findings.push('an AppImage would start without the sandbox of Chromium')
  const entry = linux?.desktop?.entry ?? {}
  for (const key of ['Name', 'Name[kk]', 'Name[ru]', 'Comment', 'Comment[kk]', 'Comment[ru]']) {
    if ((entry[key] ?? '') === '') findings.push(`the desktop file has no ${key}`)
  }
  if (entry['StartupWMClass'] !== linux?.executableName) {
    findings.push('the desktop file names another window than the program opens')
  }
  // Nothing destroys unsynced rows: taking the program away leaves the till's data folder.
  if (nsis?.deleteAppDataOnUninstall !== false)
    findings.push('taking the program off Windows would take its journal along')
  if (nsis?.include !== undefined || nsis?.script !== undefined)
    findings.push('the Windows uninstaller runs a script of our own')
  if (deb?.afterRemove !== undefined || deb?.fpm !== undefined)
    findings.push('the deb runs a script of our own when it is taken off')
  return findings
}

/** What electron-builder takes into installers, and nobody reads before a customer does. */
export function findingsInConfiguration(): readonly string[] {
  const findings = [...findingsInInstallers(packaging)]
  if (!/^[a-z]+(\.[a-z][a-z0-9]*)+$/.test(packaging.appId ?? '')) findings.push(`${packaging.appId} is no app id`)
  const icon = readFileSync(join(root, resourcesFolder, 'icon.png'))
  const isPng = icon.subarray(1, 4).toString() === 'PNG'
  const [width, height] = isPng ? [icon.readUInt32BE(16), icon.readUInt32BE(20)] : [0, 0]
  if (width < 512 || width !== height) findings.push(`the icon is ${width}×${height}, and should be 512×512 or more`)
  return findings
}

const readJson = (file: string): object => JSON.parse(readFileSync(file, 'utf8')) as object

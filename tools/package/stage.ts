/**
 * What goes into a package, laid out as it will lie in app.asar: the built shell and user interface, the sources of
 * core and device host (Node strips their types, as it does in every test: docs/adr/0002-type-stripping.md), and the
 * npm packages that these import. Nothing is taken because it lies there: what no import reaches stays out.
 */
import { existsSync, readFileSync } from 'node:fs'
import { cp, mkdir, realpath, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, extname, join, relative, sep } from 'node:path'
import { Resvg } from '@resvg/resvg-js'
import { cruise, type ICruiseResult } from 'dependency-cruiser'
import { ensureUiIsBuilt } from '../../src/terminal/shell/build-ui.ts'
import { root } from '../../src/terminal/shell/build-when-outdated.ts'
import { ensureElectronShellIsBuilt } from '../../src/terminal/shell-electron/build.ts'

/** From the repository's root. electron.config.ts names both to electron-builder. */
export const stagedFolder = 'out/package/app'
export const resourcesFolder = 'out/package/resources'

export const mainFile = 'out/electron/main/main.js'
/** What main starts as utility processes. */
export const childPrograms = [
  'src/terminal/core/main.ts',
  'src/drivers/host/main.ts',
  'src/terminal/examiner/main.ts',
] as const
const builtFolders = ['out/electron', 'out/ui']

/** Read by name at run time, where no import says so: the typeface of printed receipts. */
const packagesReadByName = ['@expo-google-fonts/noto-sans-mono']
const receiptFonts = ['400Regular/NotoSansMono_400Regular.ttf', '700Bold/NotoSansMono_700Bold.ttf']
/** C++ headers that better-sqlite3 needs only where it is compiled. */
const buildTimePackages = new Set(['node-addon-api'])

interface Reached {
  /** Our files, from the root. */
  readonly files: readonly string[]
  /** npm packages that these import by name. */
  readonly packages: readonly string[]
}

/** Lays out everything anew. Needs no Electron binary. */
export async function stage(say: (line: string) => void): Promise<void> {
  await ensureUiIsBuilt(say)
  await ensureElectronShellIsBuilt(say)
  const target = join(root, stagedFolder)
  await rm(target, { recursive: true, force: true })
  const { files, packages } = await reached()
  for (const file of files) await cp(join(root, file), join(target, file))
  for (const folder of builtFolders) {
    await cp(join(root, folder), join(target, folder), { recursive: true, filter: (path) => extname(path) !== '.map' })
  }
  for (const path of closureOf([...packages, ...packagesReadByName])) await copyPackage(path, target)
  await writeFile(join(target, 'package.json'), `${JSON.stringify(packageDescription(), null, 2)}\n`)
  await cp(join(root, 'LICENSE'), join(target, 'LICENSE'))
  await drawIcon()
}

/** What core, device host and the built main process import at run time, directly or by way of our files. */
async function reached(): Promise<Reached> {
  const entries = [mainFile, ...childPrograms]
  const { output } = await cruise(entries, {
    baseDir: root,
    doNotFollow: { path: 'node_modules' },
    // Only what is left of an import after its types are gone.
    tsPreCompilationDeps: false,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default'] },
  })
  const { modules } = output as ICruiseResult
  const files = modules.map(({ source }) => source).filter((source) => source.startsWith('src/'))
  const named = modules
    .flatMap(({ dependencies }) => dependencies)
    .filter(({ dependencyTypes }) => dependencyTypes.some((type) => type.startsWith('npm')))
    .map(({ module }) => packageName(module))
    .filter((name) => name !== 'electron')
  return { files, packages: [...new Set(named)] }
}

const packageName = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')

/** The folders below the root of these packages and of all that they depend on and that is installed here. */
function closureOf(names: readonly string[]): readonly string[] {
  const found = new Set<string>()
  const take = (name: string, from: string, isOptional: boolean): void => {
    const folder = folderOf(name, from)
    if (folder === null) {
      // The npm package for another system.
      if (isOptional) return
      throw new Error(`the npm package ${name} is not installed: run npm ci`)
    }
    if (found.has(folder)) return
    found.add(folder)
    const { dependencies = {}, optionalDependencies = {} } = readPackage(join(root, folder))
    for (const needed of Object.keys(dependencies)) {
      if (!buildTimePackages.has(needed)) take(needed, folder, needed in optionalDependencies)
    }
    for (const needed of Object.keys(optionalDependencies)) take(needed, folder, true)
  }
  for (const name of names) take(name, '', false)
  return [...found]
}

/** As Node looks for it: beside the one that asks, then in each node_modules above. */
function folderOf(name: string, from: string): string | null {
  for (let place = from; ; place = dirname(place)) {
    const folder = join(place, 'node_modules', name)
    if (existsSync(join(root, folder, 'package.json'))) return folder
    if (place === '' || place === '.') return null
  }
}

interface PackageDescription {
  readonly name: string
  readonly version: string
  readonly description?: string
  readonly license?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const readPackage = (folder: string): PackageDescription =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageDescription

/** A workspace package is a link here and a folder there. Packages inside it come by themselves. */
async function copyPackage(path: string, target: string): Promise<void> {
  const from = await realpath(join(root, path))
  const filter = (file: string): boolean => isWanted(relative(from, file).split(sep).join('/'), basename(path))
  await cp(from, join(target, path), { recursive: true, dereference: true, filter })
}

/** `file` in the npm package whose last name is `name`: what runs, and its licence. */
function isWanted(file: string, name: string): boolean {
  if (file === '') return true
  if (/^(node_modules|test|tests|examples|deps|hidapi)(\/|$)/.test(file)) return false
  if (/\.(ts|mts|cts|map|md|gyp|c|h|cpp|hpp)$/.test(file)) return /^licen[cs]e/i.test(file)
  // A file for each system (better-sqlite3), or a folder (serialport), which may have a name before it (node-hid).
  const [folder, ofSystem] = file.split('/')
  const own = `${process.platform}-${process.arch}`
  if (folder === 'prebuilds' && ofSystem !== undefined)
    return ofSystem === `${own}.node` || ofSystem === own || /^\w+-(.+)$/.exec(ofSystem)?.[1] === own
  if (name === 'noto-sans-mono' && file.endsWith('.ttf')) return receiptFonts.includes(file)
  return name !== 'noto-sans-mono' || !file.includes('/') || receiptFonts.some((font) => dirname(font) === file)
}

/** The packaged program's own package.json. */
function packageDescription(): object {
  const { name, version, description, license } = readPackage(root)
  return { name, version, description, license, type: 'module', main: mainFile, desktopName: `${name}.desktop` }
}

/** electron-builder makes every other size and form of this one. */
async function drawIcon(): Promise<void> {
  const svg = readFileSync(join(root, 'src/terminal/shell-electron/icon.svg'), 'utf8')
  const picture = new Resvg(svg, { fitTo: { mode: 'width', value: 512 } }).render().asPng()
  await mkdir(join(root, resourcesFolder), { recursive: true })
  await writeFile(join(root, resourcesFolder, 'icon.png'), picture)
}

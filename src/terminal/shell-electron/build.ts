/** The built Electron shell. Runs in plain Node, before Electron is started. */
import { join } from 'node:path'
import { buildWhenOutdated, root } from '../shell/build-when-outdated.ts'

const folder = join(root, 'out', 'electron')

/** What an Electron binary is started with, before our own arguments (see main.ts). */
export const electronMainFile = join(folder, 'main', 'main.js')

const sources = [
  'electron.config.ts',
  'package-lock.json',
  'src/terminal/shell-electron',
  'src/terminal/shell',
  'src/terminal/contract',
  'src/terminal/ui/bridge',
  'src/voucher',
  'src/sync/protocol',
]

/** See `buildWhenOutdated`. Needs no Electron binary. */
export function ensureElectronShellIsBuilt(say: (line: string) => void): Promise<void> {
  const run = async (): Promise<void> => {
    const { build } = await import('electron-vite')
    const configFile = join(root, 'electron.config.ts')
    await build({ root, configFile, logLevel: 'warn', ignoreConfigWarning: true })
  }
  const results = [join('main', 'main.js'), join('preload', 'preload.cjs')]
  return buildWhenOutdated({ what: 'the Electron shell', sources, folder, results, run }, say)
}

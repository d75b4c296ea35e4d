/** The built user interface, the same files for both shells. */
import { join } from 'node:path'
import { buildWhenOutdated, root } from './build-when-outdated.ts'

export const builtUiFolder = join(root, 'out', 'ui')

/** Everything that a build reads: the UI, what it may import, and the versions of its packages. */
const sources = ['src/terminal/ui', 'src/terminal/contract', 'src/voucher', 'src/sync/protocol', 'package-lock.json']

/** See `buildWhenOutdated`. Vite is loaded only when it is needed. */
export function ensureUiIsBuilt(say: (line: string) => void): Promise<void> {
  const run = async (): Promise<void> => {
    const { build } = await import('vite')
    const ui = join(root, 'src', 'terminal', 'ui')
    await build({ configFile: join(ui, 'vite.config.ts'), logLevel: 'warn' })
  }
  return buildWhenOutdated(
    { what: 'the user interface', sources, folder: builtUiFolder, results: ['index.html'], run },
    say,
  )
}

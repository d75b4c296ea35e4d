/** electron-builder on the staged folder, for the system and the processor that this runs on. */
import { readFile } from 'node:fs/promises'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Arch, build, Platform } from 'electron-builder'
import { packaging } from '../../electron.config.ts'
import { root } from '../../src/terminal/shell/build-when-outdated.ts'

export interface PackOptions {
  /** An unpacked Electron for this system. It is copied, not changed. */
  readonly electronDist: string
  /** Gets the folder `linux-unpacked` or `win-unpacked`, and the installers. */
  readonly output: string
  /** `dir`, or electron-builder's names of installers. */
  readonly targets: readonly string[]
}

/** What is made for this system. Native modules come from this machine's npm packages: no other system is served. */
export function installers(): readonly string[] {
  const { target } = (process.platform === 'win32' ? packaging.win : packaging.linux) ?? {}
  return target as string[]
}

/** Packs what `stage` laid out. */
export async function packTill({ electronDist, output, targets }: PackOptions): Promise<void> {
  if (process.platform !== 'linux' && process.platform !== 'win32') {
    throw new Error(`the till is packaged on Linux and on Windows; this is ${process.platform}`)
  }
  const platform = process.platform === 'win32' ? Platform.WINDOWS : Platform.LINUX
  const arch = process.arch === 'arm64' ? Arch.arm64 : Arch.x64
  await build({
    projectDir: root,
    targets: platform.createTarget([...targets], arch),
    publish: 'never',
    config: {
      ...packaging,
      directories: { ...packaging.directories, output },
      electronDist,
      electronVersion: (await readFile(join(electronDist, 'version'), 'utf8')).trim().replace(/^v/, ''),
    },
  })
}

/** Where the program's folder lies in the output. */
export function unpackedFolder(output: string): string {
  const name = readdirSync(output).find((entry) => entry.endsWith('-unpacked'))
  if (name === undefined) throw new Error(`${output} holds no unpacked program`)
  return join(output, name)
}

/**
 * The fuses of a packaged till: switches in Electron's own binary, turned when a package is made, so that no argument,
 * variable or file beside it turns them back (docs/adr/0013-electron-processes-and-fuses.md).
 */
import { join } from 'node:path'
import { flipFuses, FuseState, FuseV1Options, FuseVersion, getCurrentFuseWire } from '@electron/fuses'

export type FuseName = keyof typeof FuseV1Options

/**
 * Every fuse that Electron has; one that a later Electron adds makes `writeFuses` fail until it stands here.
 */
export const fuses: Readonly<Record<FuseName, boolean>> = {
  // ELECTRON_RUN_AS_NODE would turn the till's own program into an interpreter for anybody's script. Core and device
  // host are utility processes, which need no such thing (child_process.fork would).
  RunAsNode: false,
  // NODE_OPTIONS could load a file before ours.
  EnableNodeOptionsEnvironmentVariable: false,
  // --inspect and SIGUSR1 would open a debugger into the main process.
  EnableNodeCliInspectArguments: false,
  // The two belong together: only app.asar is started, and where the system supports it (Windows, macOS; not Linux),
  // only one whose hash is the one in the program.
  EnableEmbeddedAsarIntegrityValidation: true,
  OnlyLoadAppFromAsar: true,
  // The till keeps no cookie today. One of tomorrow is not plain text on the disk.
  EnableCookieEncryption: true,
  // We make no snapshot of our own for the main process.
  LoadBrowserProcessSpecificV8Snapshot: false,
  // Pages come over app://till/, none from file://.
  GrantFileProtocolExtraPrivileges: false,
  // A memory fault in WebAssembly is caught by V8, as in Chromium. No page of ours may compile any.
  WasmTrapHandlers: true,
}

const names = Object.keys(fuses) as readonly FuseName[]

/** Turns the fuses of the program in place. Rejects when it is no Electron or has a fuse that `fuses` does not name. */
export async function writeFuses(executable: string): Promise<void> {
  await flipFuses(executable, {
    version: FuseVersion.V1,
    strictlyRequireAllFuses: true,
    [FuseV1Options.RunAsNode]: fuses.RunAsNode,
    [FuseV1Options.EnableNodeOptionsEnvironmentVariable]: fuses.EnableNodeOptionsEnvironmentVariable,
    [FuseV1Options.EnableNodeCliInspectArguments]: fuses.EnableNodeCliInspectArguments,
    [FuseV1Options.EnableEmbeddedAsarIntegrityValidation]: fuses.EnableEmbeddedAsarIntegrityValidation,
    [FuseV1Options.OnlyLoadAppFromAsar]: fuses.OnlyLoadAppFromAsar,
    [FuseV1Options.EnableCookieEncryption]: fuses.EnableCookieEncryption,
    [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: fuses.LoadBrowserProcessSpecificV8Snapshot,
    [FuseV1Options.GrantFileProtocolExtraPrivileges]: fuses.GrantFileProtocolExtraPrivileges,
    [FuseV1Options.WasmTrapHandlers]: fuses.WasmTrapHandlers,
  })
}

/** What a program carries. `missing`: its Electron has no such fuse, or had it taken out. */
export type FuseReading = 'on' | 'off' | 'missing'

/** Rejects when the file is no Electron. */
export async function readFuses(executable: string): Promise<Readonly<Record<FuseName, FuseReading>>> {
  const wire = await getCurrentFuseWire(executable)
  const readings = names.map((name): readonly [FuseName, FuseReading] => {
    const state: FuseState | undefined = wire[FuseV1Options[name]]
    if (state === FuseState.ENABLE) return [name, 'on']
    return [name, state === FuseState.DISABLE ? 'off' : 'missing']
  })
  return Object.fromEntries(readings) as Record<FuseName, FuseReading>
}

/** One line for each fuse that is not as `fuses` says; none when all are. */
export async function wrongFuses(executable: string): Promise<readonly string[]> {
  const readings = await readFuses(executable)
  return names
    .filter((name) => readings[name] !== (fuses[name] ? 'on' : 'off'))
    .map((name) => `fuse ${name} is ${readings[name]}, and should be ${fuses[name] ? 'on' : 'off'}`)
}

/** electron-builder's hook: the program lies there, unsigned, not yet in any package. */
export async function writeFusesAfterPack(context: {
  readonly appOutDir: string
  readonly electronPlatformName: string
  readonly packager: { readonly executableName?: string; readonly appInfo: { readonly productFilename: string } }
}): Promise<void> {
  const { appOutDir, electronPlatformName, packager } = context
  if (electronPlatformName === 'darwin') throw new Error('the till is packaged for Linux and Windows')
  const name =
    electronPlatformName === 'win32'
      ? `${packager.appInfo.productFilename}.exe`
      : (packager.executableName ?? packager.appInfo.productFilename)
  await writeFuses(join(appOutDir, name))
}

/**
 * A TPM 2.0 as the keeper of one short secret, by Debian's tpm2-tools (TPM 2.0 Library, Part 1 §27: sealed data
 * objects). What it seals, no other machine opens: the storage key above it is made of the chip's own seed.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { safeJson } from './identity.ts'
import { KeeperError, type KeyKeeper, type KeyKeeping } from './key-file.ts'

/** The kernel's TPM with its resource manager. */
const device = '/dev/tpmrm0'
const commandLimitMs = 30_000

const boxSchema = z.strictObject({ public: z.base64url(), private: z.base64url() })

/**
 * What the setting `tpm` asks for.
 * @param setting `auto`: sealed by this machine's TPM where it has one; `none`: open, and a sealed file is opened once
 * more; else how tpm2-tools reach a TPM (their TCTI: `device:/dev/tpmrm0`, `swtpm:path=…`)
 */
export function keyKeepingOf(setting: string): KeyKeeping {
  if (setting === 'auto') return { keeper: tpmOfThisMachine(), seals: true }
  return setting === 'none' ? { keeper: tpmOfThisMachine(), seals: false } : { keeper: tpmAt(setting), seals: true }
}

/** By tpm2-tools' own variable, or the kernel's. Undefined where there is none. */
export function tpmOfThisMachine(): KeyKeeper | undefined {
  const { TPM2TOOLS_TCTI: named } = process.env
  if (named !== undefined) return tpmAt(named)
  return existsSync(device) ? tpmAt(`device:${device}`) : undefined
}

function tpmAt(tcti: string): KeyKeeper {
  return {
    seal: (secret) =>
      inScratch((file, run) => {
        run('createprimary', ['-C', 'o', '-G', 'ecc256', '-c', file('primary')])
        // The secret goes through a pipe: it is in no file and no command line.
        run('create', ['-C', file('primary'), '-i', '-', '-u', file('public'), '-r', file('private')], secret)
        const text = (name: string): string => readFileSync(file(name)).toString('base64url')
        return JSON.stringify({ public: text('public'), private: text('private') })
      }, tcti),
    unseal: (box) => {
      const sealed = boxSchema.safeParse(safeJson(box))
      if (!sealed.success) throw new KeeperError('what the TPM is to open is damaged')
      return inScratch((file, run) => {
        writeFileSync(file('public'), Buffer.from(sealed.data.public, 'base64url'))
        writeFileSync(file('private'), Buffer.from(sealed.data.private, 'base64url'))
        run('createprimary', ['-C', 'o', '-G', 'ecc256', '-c', file('primary')])
        run('load', ['-C', file('primary'), '-u', file('public'), '-r', file('private'), '-c', file('object')])
        return run('unseal', ['-c', file('object')])
      }, tcti)
    },
  }
}

type Run = (command: string, parameters: readonly string[], input?: Uint8Array) => Buffer

/** Contexts lie in files between two commands; each is encrypted by the TPM. */
function inScratch<Result>(work: (file: (name: string) => string, run: Run) => Result, tcti: string): Result {
  const folder = mkdtempSync(join(tmpdir(), 'tolem-tpm-'))
  const tool = (command: string, parameters: readonly string[], input?: Uint8Array): Buffer => {
    const environment = { ...process.env, TPM2TOOLS_TCTI: tcti, TSS2_LOG: 'all+NONE' }
    const ended = spawnSync(`tpm2_${command}`, parameters, { input, env: environment, timeout: commandLimitMs })
    if (ended.error !== undefined) throw new KeeperError(`tpm2_${command}: ${ended.error.message}`)
    if (ended.status === 0) return ended.stdout
    const said = ended.stderr.toString().trim().split('\n')[0] ?? ''
    throw new KeeperError(`tpm2_${command}: ${said === '' ? `ended by ${ended.signal ?? ended.status}` : said}`)
  }
  try {
    return work(
      (name) => join(folder, name),
      (command, parameters, input) => {
        // A TPM without a resource manager keeps what the command before has loaded, and has room for three.
        tool('flushcontext', ['--transient-object'])
        return tool(command, parameters, input)
      },
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

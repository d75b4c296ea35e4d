/** The file of a terminal's keys, kept by a real TPM 2.0 in software and by none. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { EnrolmentError, storeEnrolment } from '../../../src/terminal/core/identity.ts'
import { loadTerminalKeys, readTerminalKeys, type KeyKeeper } from '../../../src/terminal/core/key-file.ts'
import { keyKeepingOf } from '../../../src/terminal/core/tpm.ts'
import { startSoftwareTpm, whyNoSoftwareTpm, type SoftwareTpm } from '../../fixtures/software-tpm.ts'

const whyNot = whyNoSoftwareTpm()
let tpm: SoftwareTpm
let otherMachine: SoftwareTpm
let folder: string
const keyFile = () => join(folder, 'terminal-keys.json')
const onDisk = () => readFileSync(keyFile(), 'utf8')
const here = () => keyKeepingOf(tpm.tcti)
const codeOf = (call: () => unknown): string => {
  try {
    call()
  } catch (error) {
    if (error instanceof EnrolmentError) return error.code
    throw error
  }
  return 'done'
}

beforeAll(async () => {
  if (whyNot !== null) return
  tpm = await startSoftwareTpm()
  otherMachine = await startSoftwareTpm()
})
afterAll(async () => {
  await tpm?.stop()
  await otherMachine?.stop()
})
beforeEach(({ skip }) => {
  if (whyNot !== null) skip(whyNot)
  folder = mkdtempSync(join(tmpdir(), 'tolem-keys-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('with a TPM', () => {
  test('keys are never in the open on the disk, and are the same at the next start', () => {
    const keys = loadTerminalKeys(folder, here())
    expect(keys.keptBy).toEqual({ kind: 'tpm' })
    expect(onDisk()).not.toContain('"d"')
    expect(onDisk()).not.toContain('"signing"')
    expect(statSync(keyFile()).mode & 0o777).toBe(0o600)
    expect(loadTerminalKeys(folder, here()).signing.keyId).toBe(keys.signing.keyId)
    expect(readTerminalKeys(folder, here().keeper).signing.keyId).toBe(keys.signing.keyId)
  })

  test('a copy of the disk in another machine, or in one without a TPM, speaks for nobody', () => {
    loadTerminalKeys(folder, here())
    storeEnrolment(folder, { terminalId: 'till-1' } as never)
    const before = onDisk()
    expect(codeOf(() => loadTerminalKeys(folder, keyKeepingOf(otherMachine.tcti)))).toBe('KEYS_SEALED')
    expect(codeOf(() => loadTerminalKeys(folder))).toBe('KEYS_SEALED')
    expect(onDisk()).toBe(before)
  })

  test('a change of keys is sealed too', () => {
    const keys = loadTerminalKeys(folder, here())
    const first = keys.signing.keyId
    keys.prepareNext((length) => new Uint8Array(length).fill(7))
    keys.takeNext()
    expect(onDisk()).not.toContain('"signing"')
    const again = loadTerminalKeys(folder, here())
    expect([again.signing.keyId, again.signing.keyId === first]).toEqual([keys.signing.keyId, false])
  })

  test('a file that lay open is sealed at the next start, and opened again where the settings say so', () => {
    const keys = loadTerminalKeys(folder)
    expect(keys.keptBy).toEqual({ kind: 'file', trouble: null })
    expect(onDisk()).toContain('"signing"')
    const sealed = loadTerminalKeys(folder, here())
    expect([sealed.signing.keyId, sealed.keptBy]).toEqual([keys.signing.keyId, { kind: 'tpm' }])
    expect(onDisk()).not.toContain('"signing"')
    const open = loadTerminalKeys(folder, { ...here(), seals: false })
    expect([open.signing.keyId, open.keptBy]).toEqual([keys.signing.keyId, { kind: 'file', trouble: null }])
    expect(loadTerminalKeys(folder).signing.keyId).toBe(keys.signing.keyId)
  })

  test('what was changed in the file is no key', () => {
    loadTerminalKeys(folder, here())
    const whole = JSON.parse(onDisk())
    const changed = (what: object) => writeFileSync(keyFile(), JSON.stringify({ ...whole, ...what }))
    const flipped = Buffer.from(whole.keys, 'base64url')
    flipped[3] = (flipped[3] ?? 0) ^ 1
    changed({ keys: flipped.toString('base64url') })
    expect(codeOf(() => loadTerminalKeys(folder, here()))).toBe('IDENTITY_DAMAGED')
    changed({ box: whole.box.replace('"private":"A', '"private":"B') })
    expect(codeOf(() => loadTerminalKeys(folder, here()))).toBe('KEYS_SEALED')
    changed({ box: '{}' })
    expect(codeOf(() => loadTerminalKeys(folder, here()))).toBe('KEYS_SEALED')
    changed({})
    expect(codeOf(() => loadTerminalKeys(folder, here()))).toBe('done')
  })

  test('twenty starts leave nothing in it: it has room for three objects', () => {
    const { keyId } = loadTerminalKeys(folder, here()).signing
    for (let start = 0; start < 20; start += 1) expect(loadTerminalKeys(folder, here()).signing.keyId).toBe(keyId)
  })
})

describe('where the TPM does not do it, the keys lie open and the till says why', () => {
  test('one that cannot be reached', () => {
    const keys = loadTerminalKeys(folder, keyKeepingOf('swtpm:path=/nowhere/socket'))
    const trouble = expect.stringContaining('tpm2_flushcontext')
    expect(keys.keptBy).toMatchObject({ kind: 'file', trouble })
    // Not at the first start only.
    expect(loadTerminalKeys(folder, keyKeepingOf('swtpm:path=/nowhere/socket')).keptBy).toMatchObject({ trouble })
    expect(loadTerminalKeys(folder).signing.keyId).toBe(keys.signing.keyId)
  })

  test('one that seals and does not give back what was sealed', () => {
    const keeper: KeyKeeper = { seal: () => 'box', unseal: () => new Uint8Array(32) }
    const keys = loadTerminalKeys(folder, { keeper, seals: true })
    expect(keys.keptBy).toMatchObject({ kind: 'file', trouble: expect.any(String) })
    expect(onDisk()).toContain('"signing"')
  })
})

test('a copy from before it was sealed is still a copy: it is sealed, not refused', () => {
  const keys = loadTerminalKeys(folder)
  copyFileSync(keyFile(), `${keyFile()}.copy`)
  loadTerminalKeys(folder, here())
  copyFileSync(`${keyFile()}.copy`, keyFile())
  expect(loadTerminalKeys(folder, here()).signing.keyId).toBe(keys.signing.keyId)
})

/** Keys and enrolment as the doctor reads them: what keeps a till from starting is found, and nothing is changed. */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { storeEnrolment } from '../../../src/terminal/core/identity.ts'
import { loadTerminalKeys } from '../../../src/terminal/core/key-file.ts'
import { tillIdentityIn } from '../../../src/terminal/examiner/till-identity.ts'

let folder: string
let keyFile: string
let enrolmentFile: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'till-identity-'))
  keyFile = join(folder, 'terminal-keys.json')
  enrolmentFile = join(folder, 'enrolment.json')
  const { signing, encryption } = loadTerminalKeys(folder).current
  const keys = { ledgerKey: signing.jwk, terminalKey: signing.jwk, encryptionKey: encryption.jwk }
  storeEnrolment(folder, { terminalId: 'till-1', merchantId: 'merchant-1', ...keys })
})
afterEach(() => rmSync(folder, { recursive: true }))

const kind = (): string => tillIdentityIn(folder).kind

it('is whole, and the rights of its files stay as they are', () => {
  chmodSync(keyFile, 0o640)
  const seen = () => readdirSync(folder).map((name) => [name, statSync(join(folder, name)).mode])
  const before = seen()
  expect(tillIdentityIn(folder)).toMatchObject({ kind: 'enrolled', signer: expect.anything() })
  expect(seen()).toEqual(before)
})

it('is none where nothing is, or keys that are not enrolled yet', () => {
  rmSync(enrolmentFile)
  expect(kind()).toBe('none')
  rmSync(keyFile)
  expect(kind()).toBe('none')
})

it('is damaged where either file is cut off, or the keys of an enrolled till are gone', () => {
  const [keys, enrolment] = [keyFile, enrolmentFile].map((file) => readFileSync(file, 'utf8'))
  writeFileSync(enrolmentFile, (enrolment ?? '').slice(0, 40))
  expect(kind()).toBe('damaged')
  writeFileSync(enrolmentFile, enrolment ?? '')
  writeFileSync(keyFile, (keys ?? '').slice(0, 40))
  expect(kind()).toBe('damaged')
  rmSync(keyFile)
  expect(kind()).toBe('damaged')
})

it('has no key to sign with where it is sealed, and is not damaged by that', () => {
  writeFileSync(keyFile, JSON.stringify({ sealedBy: 'tpm2', box: 'box', nonce: 'AAAA', keys: 'AAAA' }))
  expect(tillIdentityIn(folder)).toMatchObject({ kind: 'enrolled', signer: undefined })
})

/** Whose a stopped till's folder is after its keys were changed: each way in which a stop can leave row and file. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { KeyRing, newStoredPair, type StoredKeys } from '../../../src/sync/engine/key-ring.ts'
import { Journal } from '../../../src/sync/journal/journal.ts'
import { storeEnrolment } from '../../../src/terminal/core/identity.ts'
import { journalFileIn, keysOf, openStoppedTill } from '../../../src/terminal/core/stopped-till.ts'
import { ledgerKey } from '../../unit/sync/world.ts'

let folder: string
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'tolem-keys-after-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const [first, second, foreign] = [0, 1, 2].map(() => newStoredPair(randomBytes)) as [StoredKeys, StoredKeys, StoredKeys]
const nowhere = { keptBy: { kind: 'file', trouble: null } as const, save: () => undefined }
const keyIdOf = (stored: StoredKeys): string => new KeyRing(stored, nowhere).signing.keyId

/** @returns the key that the folder's journal is signed with from here on, or the code of the refusal */
function opened(file: StoredKeys, changes: readonly { readonly from: StoredKeys; readonly to: StoredKeys }[]): string {
  const { signing, encryption } = new KeyRing(first, nowhere).current
  const keys = { terminalKey: signing.jwk, encryptionKey: encryption.jwk }
  const enrolment = { terminalId: 'till-1', merchantId: 'canteen-1', ledgerKey: ledgerKey.jwk, ...keys }
  const journal = new Journal(journalFileIn(folder), { now: () => 0 })
  journal.commit({ kind: 'enrolled', enrolment })
  for (const { from, to } of changes) {
    const row = { formerKey: keyIdOf(from), terminalKey: keyIdOf(to), encryptionKey: keyIdOf(to) }
    journal.commit({ kind: 'key_rotated', ...row })
  }
  journal.close()
  storeEnrolment(folder, enrolment)
  writeFileSync(join(folder, 'terminal-keys.json'), JSON.stringify(file))
  const till = openStoppedTill(folder, '')
  try {
    return keysOf(till).signing.keyId
  } catch (error) {
    return String((error as { code?: unknown }).code)
  } finally {
    till.close()
  }
}

const changed = [{ from: first, to: second }]
test.each<[string, StoredKeys, typeof changed, string]>([
  ['never changed', first, [], keyIdOf(first)],
  ['the next keys are stored, the ledger has not answered', { ...first, next: second }, [], keyIdOf(first)],
  ['stopped after the row, before the file', { ...first, next: second }, changed, keyIdOf(first)],
  ['changed', { ...second, formerEncryption: first.encryption }, changed, keyIdOf(second)],
  ['changed twice', foreign, [...changed, { from: second, to: foreign }], keyIdOf(foreign)],
  ['the file of another till', foreign, changed, 'JOURNAL_OF_ANOTHER_TILL'],
  ['a copy of the file from before the change', first, changed, keyIdOf(first)],
])('%s', (_state, file, changes, expected) => {
  expect(opened(file, changes)).toBe(expected)
})

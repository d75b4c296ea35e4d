/** The two keys of a till without a till, in a file of its folder. */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { KeyRing, newStoredPair, storedKeysSchema, type KeyPair } from '../../src/sync/engine/key-ring.ts'

/** @param absent `make` makes keys where there are none */
export function tillKeys(folder: string, absent: 'make' | 'fail' = 'fail'): KeyPair {
  const file = join(folder, 'till-keys.json')
  if (absent === 'make' && !existsSync(file)) {
    mkdirSync(folder, { recursive: true })
    const made = newStoredPair((length) => new Uint8Array(randomBytes(length)))
    writeFileSync(file, JSON.stringify(made), { mode: 0o600, flag: 'wx' })
  }
  const stored = storedKeysSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
  return new KeyRing(stored, { keptBy: { kind: 'file', trouble: null }, save: () => undefined }).current
}

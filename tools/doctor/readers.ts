/** What PC/SC says of its readers. */
import type { PcscLook } from '../../src/terminal/doctor/machine.ts'
import { askApart, whyUnusable } from './apart.ts'

const lookWithinMs = 6_000

export async function readersOfThisMachine(): Promise<PcscLook> {
  // It ends by killing itself.
  const { said, complained } = await askApart('look-at-readers.ts', [], lookWithinMs)
  if (said.startsWith('{')) return JSON.parse(said) as PcscLook
  const why = whyUnusable(complained)
  return why === undefined ? { kind: 'silent' } : { kind: 'unusable', why }
}

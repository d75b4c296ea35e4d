/** What PC/SC says of its readers. */
import type { PcscLook } from '../doctor/machine.ts'
import type { AskApart } from './apart.ts'

const lookWithinMs = 6_000

export async function readersOfThisMachine(apart: AskApart): Promise<PcscLook> {
  const answer = await apart(['readers'], lookWithinMs)
  return answer.kind === 'said' ? (answer.value as PcscLook) : answer
}

/** The whole till with keys that a TPM keeps: it sells, starts again, and says what keeps them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { TillClient } from '../../../tools/demo/till-client.ts'
import { startSoftwareTpm, whyNoSoftwareTpm } from '../../fixtures/software-tpm.ts'
import { openTillAtWork, saying } from '../bad-input/till-at-work.ts'

test.for([
  ['a TPM', true, 'ok'],
  ['none', false, 'keys_in_file'],
] as const)('kept by %s', async ([, isKept, code], { skip }) => {
  const whyNot = isKept ? whyNoSoftwareTpm() : null
  if (whyNot !== null) skip(whyNot)
  const tpm = isKept ? await startSoftwareTpm() : undefined
  const work = await openTillAtWork(tpm === undefined ? {} : { tpm: tpm.tcti })
  try {
    await work.networkIsReached()
    expect(saying(await work.sell('Pupil 11'))).toBe('approved settled')
    await work.clears()
    expect(work.till.snapshot.lights.till).toMatchObject({ level: 'ok', code })
    const file = readFileSync(join(work.world.folders.till, 'terminal-keys.json'), 'utf8')
    expect(file.includes('"signing"')).toBe(!isKept)
    work.till.close()
    await work.startAgain()
    const again = await TillClient.connect(work.world.tillUrl)
    const { lights } = await again.sees('the same till is reached', (shown) => shown.lights.network.level === 'ok')
    expect(lights.till).toMatchObject({ level: 'ok', code })
    again.close()
  } finally {
    await work.close()
    await tpm?.stop()
  }
})

/** The model of the whole finds what is wrong: a slice of `npm run ledger-faults`. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { withFault } from '../../ledger-faults/fault.ts'
import { faultNames, faults } from '../../ledger-faults/faults.ts'

const root = join(import.meta.dirname, '../../..')

describe('planted faults', () => {
  test.each(faultNames)('%s: still stands in the source, once', (name) => {
    const source = readFileSync(join(root, 'ledger-sim', faults[name].file), 'utf8')
    expect(withFault(faults[name], source)).not.toBe(source)
  })

  test('the command finds one of them, and says by which story', async () => {
    const fault = 'a set of legs may leave an account short in between'
    const program = join(root, 'test/ledger-faults/main.ts')
    const asked = [program, '--fault', fault, '--stories', '1', '--json']
    const { stdout } = await promisify(execFile)(process.execPath, asked, { cwd: root })
    expect(JSON.parse(stdout)).toMatchObject({ fault, seed: 5, foundAt: expect.any(Number) })
  })
})

/**
 * Method: the ten calls of docs/integrator.md are cut out of it and run by bash, as they stand, against the real ledger
 * on an empty folder; then its audit is asked.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { auditFile } from '../../../ledger-sim/audit.ts'
import { databasePath } from '../../../ledger-sim/data-folder.ts'
import { startProcess } from '../../../tools/processes.ts'
import { temporaryFolder } from './demo-ledger.ts'

const root = resolve(import.meta.dirname, '../../..')
const played = /<!-- played -->\n```bash\n(.*?)```/s.exec(readFileSync(join(root, 'docs/integrator.md'), 'utf8'))?.[1]

test.skipIf(!existsSync('/usr/bin/curl'))(
  'ten calls, from nothing to a paid voucher',
  async () => {
    const folder = temporaryFolder()
    const data = join(folder.path, 'ledger')
    const program = join(root, 'ledger-sim/main.ts')
    const ledger = await startProcess('ledger', program, ['--data', data, '--seed', 'demo'])
    try {
      const env = { ...process.env, L: String(ledger.ready['ledgerUrl']), DIR: data, MINE: join(folder.path, 'mine') }
      const calls = (played ?? '').match(/^# \d+ /gm)
      expect(calls).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9', '10'].map((number) => `# ${number} `))
      const run = spawnSync('bash', ['-euo', 'pipefail', '-c', played ?? ''], { cwd: root, env, encoding: 'utf8' })
      expect(run.status, run.stderr + run.stdout).toBe(0)
      const answers = run.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>)
      expect(answers).toHaveLength(9)
      expect(answers[1]).toMatchObject({ schemeId: 'tea-week', arrival: 'created' })
      expect(answers[6]).toMatchObject({ result: { state: 'settled', paidBy: 'agency', amount: '36000' } })
      expect(answers[7]).toMatchObject({ entries: [{ amount: '36000' }] })
      expect(JSON.stringify(answers[8])).toContain('36000')
    } finally {
      await ledger.stop()
    }
    expect(auditFile(databasePath(data))).toMatchObject({ balanced: true, faults: [] })
    folder.remove()
  },
  120_000,
)

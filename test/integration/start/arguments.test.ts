/** What the project's commands say when they are asked how they are used, and when they are asked wrongly. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '..', '..', '..')
const bootstrapFile = join(root, 'tools', 'bootstrap.mjs')
const bootstrap = readFileSync(bootstrapFile, 'utf8')

interface Ending {
  readonly code: number | string | null | undefined
  readonly said: string
  readonly complained: string
}

/** The file that bootstrap.mjs starts for a command; the same answer as through it, without a second process. */
function programOf(command: string): string {
  const file = new RegExp(`^  '?${command}'?: '(\\S+)',$`, 'm').exec(bootstrap)?.[1]
  if (file === undefined) throw new Error(`bootstrap.mjs knows no ${command}`)
  return join(root, file)
}

function run(...words: readonly string[]): Promise<Ending> {
  return new Promise((done) => {
    execFile(process.execPath, words, { cwd: root, timeout: 60_000 }, (error, stdout, stderr) =>
      done({ code: error === null ? 0 : (error.code ?? error.signal), said: stdout, complained: stderr }),
    )
  })
}

const ask = (command: string, ...parameters: readonly string[]) => run(programOf(command), ...parameters)

const commands = [
  ...['start', 'demo', 'ledger', 'mocks', 'sim', 'reader-soak', 'setup-check', 'verify-receipt', 'test', 'ready'],
  ...[
    'applet-check',
    'integrator-tables',
    'doctor',
    'pictures',
    'package',
    'bench',
    'crash',
    'chaos',
    'power',
    'disk',
    'tear',
    'till',
    'till-by-curl',
    'scheme',
    'ledger-token',
    'api-fuzz',
    'ledger-faults',
  ],
]

describe.concurrent.each(commands)('npm run %s', (command) => {
  it('says with --help how it is used, and does nothing else', async () => {
    const { code, said, complained } = await ask(command, '--help')
    expect({ code, complained }).toEqual({ code: 0, complained: '' })
    expect(said).toMatch(new RegExp(`^Use: npm (run )?${command}( |$)`, 'm'))
  }, 90_000)

  it('answers an option that it has not with a sentence, its usage and exit code 2', async () => {
    const { code, said, complained } = await ask(command, '--no-such-option')
    expect({ code, said }).toEqual({ code: 2, said: '' })
    expect(complained).toMatch(/Unknown option '--no-such-option'\.\sUse: npm /)
    expect(complained).not.toMatch(/^\s+at |node:internal/m)
    expect(complained.split('\n').length).toBeLessThan(7)
  }, 90_000)
})

it.each<[string, ...string[]]>([
  ['demo', '--scenario', 'no-such-story'],
  ['demo', '--scenario', 'constructor'],
  ['demo', '--name', 'My Data'],
  ['sim', '--seeds', 'many'],
  ['sim', '--bug', 'constructor'],
  ['reader-soak', '--insertions', '1'],
  ['doctor', '--language', 'de'],
  ['doctor', '--ledger', 'nowhere'],
  ['doctor', '--printer', '/dev/ttyUSB0@1'],
  ['pictures', '--language', 'de'],
  ['pictures', '--size', '800x600'],
  ['pictures', '--only', 'no-such-picture'],
  ['ready', 'test/unit'],
  ['crash', '--kills', 'many'],
  ['crash', '--bug', 'none'],
  ['chaos', '--items', 'many'],
  ['chaos', '--bug', 'none'],
  ['power', '--cuts', '0'],
  ['disk', '--step', '0'],
  ['tear', '--profile', 'chip'],
  ['tear', '--bug', 'none'],
  ['tear', '--way', 'gone'],
  ['tear', '--at', 'home'],
  ['tear', '--at', 'pcscd', '--bug', 'calls-torn-refused'],
  ['bench', 'nothing'],
  ['scheme', 'sell'],
  ['scheme', 'explain'],
  ['scheme', 'try', 'x'],
  ['scheme', 'explain', 'x', '--at', '2026-11-23T07:00Z'],
  ['scheme', 'explain', 'x', '--language', 'de'],
  ['scheme', 'lint', 'x', '--at', '2026-11-23T07:00'],
  ['till', 'sell'],
  ['till', 'export', '--data', 'x'],
  ['till', 'reset', '--data', 'x', '--out', 'y'],
  ['till', 'import', '--file', 'x', '--ledger', 'nowhere', '--key', 'y'],
])(
  'npm run %s %s %s is refused, instead of doing nothing or something else',
  async (...words) => {
    const { code, complained } = await ask(...words)
    expect(code).toBe(2)
    expect(complained).toMatch(/^tolem: \S.*\. Use: npm run /m)
  },
  90_000,
)

it('is passed on by bootstrap.mjs as it is: every word, every sentence, the code', async () => {
  const [direct, through] = await Promise.all([
    ask('till', 'reset', '--data', 'x', '--out', 'y'),
    run(bootstrapFile, 'till', 'reset', '--data', 'x', '--out', 'y'),
  ])
  expect(through).toEqual(direct)
  expect(through).toMatchObject({ code: 2, complained: expect.stringContaining('reset takes no --out.') })
  expect(await run(bootstrapFile, 'scheme', '--help')).toEqual(await ask('scheme', '--help'))
}, 90_000)

it('are all the commands of package.json that take the first step over bootstrap.mjs, but these', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  const started = Object.values(scripts).flatMap((script) => /bootstrap\.mjs (\S+)/.exec(script)?.[1] ?? [])
  // `lifecycle` takes none.
  expect(started.toSorted()).toEqual([...commands, 'lifecycle'].toSorted())
})

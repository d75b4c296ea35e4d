/** The judge of the set-up matrix: what it must not let pass. */
import { describe, expect, test } from 'vitest'
import { cases, type SetUpCase } from '../../set-up/cases.ts'
import { judge, type Ending } from '../../set-up/judge.ts'

const base: Ending = {
  exitCode: 0,
  isLate: false,
  output: '',
  readyLines: 0,
  answered: '',
  left: '',
  seconds: 1,
}
const start: Pick<SetUpCase, 'command' | 'ends'> = { command: 'start', ends: { how: 'works', leavesOut: [] } }
const started: Ending = { ...base, exitCode: 143, output: '{"event":"ready"}\n', readyLines: 1, answered: '200' }
const refusal: Pick<SetUpCase, 'command' | 'ends'> = {
  command: 'start',
  ends: { how: 'says', sentences: [/^tolem: Node 18 is too old/, /Remedy: install/] },
}
const refused: Ending = { ...base, exitCode: 1, output: 'tolem: Node 18 is too old.\n  Remedy: install Node 20.\n' }
const tested: Pick<SetUpCase, 'command' | 'ends'> = { command: 'test', ends: { how: 'works', leavesOut: [/chromium/] } }
const passed: Ending = { ...base, output: 'LEFT OUT (1):\n  one test — no chromium\n\n7 passed, 0 failed\n' }

test('an ending as it must be has nothing wrong', () => {
  expect(judge(start, started)).toEqual([])
  expect(judge(refusal, refused)).toEqual([])
  expect(judge(tested, passed)).toEqual([])
})

test.each([
  ['hung', { isLate: true }, /hung/],
  ['left a process', { left: 'node ledger-sim/main.ts' }, /left running: node ledger-sim/],
  ['asked', { output: 'Need to install. Ok to proceed? (y)' }, /asked: Ok to proceed/],
  ['was never ready', { readyLines: 0 }, /ready 0 times/],
  ['showed no till', { answered: '' }, /answered ""/],
  [
    'was no such machine',
    { exitCode: 97, output: 'set-up check: no layer over /usr' },
    /could not be made: .*no layer/,
  ],
] as const)('a start that %s', (_what, differs, wrong) => {
  expect(judge(start, { ...started, ...differs }).join('\n')).toMatch(wrong)
})

describe('a refusal', () => {
  test.each([
    ['with code 0', { exitCode: 0 }, /code 0/],
    ['without its remedy', { output: 'tolem: Node 18 is too old.\n' }, /did not say .*Remedy/],
    ['long before the end', { output: `${refused.output}${'more\n'.repeat(30)}` }, /did not say/],
    ['with a stack trace', { output: `    at main (file:///x.ts:1:2)\n${refused.output}` }, /stack trace: at main/],
    ['of something that got ready', { readyLines: 1 }, /ready/],
  ] as const)('%s', (_what, differs, wrong) => {
    expect(judge(refusal, { ...refused, ...differs }).join('\n')).toMatch(wrong)
  })
})

describe('a test run', () => {
  test.each([
    ['that failed', { exitCode: 1, output: passed.output.replace('0 failed', '1 failed') }, /no success/],
    ['that tested nothing', { output: passed.output.replace('7 passed', '0 passed') }, /no success/],
    ['that left out more', { output: passed.output.replace('\n\n', '\n  other — why\n\n') }, /unexpected: other/],
    ['that left out in silence', { output: '7 passed, 0 failed\n' }, /did not say that it left out/],
  ] as const)('%s', (_what, differs, wrong) => {
    expect(judge(tested, { ...passed, ...differs }).join('\n')).toMatch(wrong)
  })
})

test('the matrix names each case once, and covers what issue 3 lists for both commands', () => {
  expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length)
  for (const command of ['start', 'test'] as const) {
    const own = cases.filter((one) => one.command === command)
    for (const user of ['root', 'plain'] as const) expect(own.some((one) => one.user === user)).toBe(true)
    for (const node of [18, 20, 24] as const) expect(own.some((one) => one.node === node)).toBe(true)
    for (const lacking of ['chromium', 'pcscd', 'electron'] as const)
      expect(own.some(({ lacks }) => lacks.includes(lacking))).toBe(true)
    expect(own.some(({ network, packages }) => network === 'cut' && packages === 'installed')).toBe(true)
    expect(own.some(({ packages }) => packages === 'none')).toBe(true)
  }
})

/** What the checker cannot read it says, by name, and never guesses at. */
import { appendFileSync, copyFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { checkRun } from '../../checker/check-run.ts'
import { CheckerInputError } from '../../checker/input-error.ts'
import { MadeUpRun } from './made-up-run.ts'

let run: MadeUpRun
beforeEach(() => {
  run = new MadeUpRun()
})
afterEach(() => run.remove())

describe('what cannot be read is said, not guessed', () => {
  test.each([
    ['alter table tender drop column paid_by', 'the ledger\'s table "tender" has no column "paid_by"'],
    ['drop table slot_use', 'no table "slot_use"'],
    [`insert into tender (tender_id, state, amount, tombstone) values ('x', 'dreaming', 0, 0)`, '"tender" holds'],
    ['drop table transfer', 'no ledger database'],
  ])('%s', (text, message) => {
    run.database.exec(text)
    expect(() => checkRun(run)).toThrow(CheckerInputError)
    expect(() => checkRun(run)).toThrow(message)
  })

  test('a folder that is not there', () => {
    expect(() => checkRun({ hardwareFolder: run.hardwareFolder, ledgerFolder: join(run.folder, 'x') })).toThrow(
      'there is no ledger',
    )
    rmSync(join(run.hardwareFolder, 'cards'), { recursive: true })
    expect(() => checkRun(run)).toThrow('there are no card logs')
    rmSync(join(run.hardwareFolder, 'slips'), { recursive: true })
    expect(() => checkRun(run)).toThrow('there are no slips')
  })

  test('a damaged line within a card log, against one that was cut off at its end', () => {
    run.wholeSale(1)
    const log = join(run.hardwareFolder, 'cards', 'card-1.log.jsonl')
    appendFileSync(log, '{"sequence":3,"at":3,"ki')
    expect(checkRun(run)).toMatchObject({
      passed: true,
      notes: ['card card-1: the last line of its log is unfinished'],
    })
    appendFileSync(log, '\n')
    expect(() => checkRun(run)).toThrow('card-1.log.jsonl:3')
  })

  test('a slip whose record shows a code that its bytes do not hold', () => {
    run.wholeSale(1)
    writeFileSync(join(run.hardwareFolder, 'slips', '0001.bin'), 'nothing')
    expect(() => checkRun(run)).toThrow('not among the slip')
  })

  test('a record that is another slip’s', () => {
    run.wholeSale(1)
    for (const ending of ['bin', 'json']) {
      const slips = join(run.hardwareFolder, 'slips')
      copyFileSync(join(slips, `0001.${ending}`), join(slips, `0002.${ending}`))
    }
    expect(() => checkRun(run)).toThrow('0002.json is the record of slip 1')
  })

  test('a slip that the printer did not write down is read from its bytes', () => {
    run.wholeSale(1)
    rmSync(join(run.hardwareFolder, 'slips', '0001.json'))
    expect(checkRun(run)).toMatchObject({ passed: true, paper: { unreadable: 1, tendersProved: 1 } })
  })
})

/**
 * Method: each example of the OpenAPI document is played, in its order, against a fresh ledger of the demonstration,
 * and the answer must be the recorded one to the last character. An operation that no example shows is named.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readExamples } from '../../../ledger-sim/http/examples.ts'
import { examplesOf, operationIdOf } from '../../../ledger-sim/http/openapi.ts'
import { operations } from '../../../ledger-sim/operations.ts'
import { Stage, type Story } from './examples/stage.ts'
import { isRecording } from './shown-problems.ts'

const folder = join(import.meta.dirname, 'examples')
const parts = readdirSync(folder)
  .filter((file) => file.endsWith('.ts') && file !== 'stage.ts')
  .map((file) => file.slice(0, -'.ts'.length))

describe('the examples of', () => {
  test.each(parts)('%s are what the ledger answers', async (part) => {
    const { story } = (await import(join(folder, `${part}.ts`))) as { readonly story: Story }
    const stage = await Stage.open(part)
    await story(stage)
    expect(await stage.close(), 'recorded examples that the story no longer shows').toBe(0)
  })
})

describe('the document', () => {
  test.skipIf(isRecording)('has a request that is answered for every operation', () => {
    const examples = readExamples().filter(({ status }) => status === 200)
    const unshown = operations.filter((operation) => examplesOf(operation, examples).length === 0)
    expect(unshown.map(({ method, path }) => `${method} ${path} has no example`)).toEqual([])
  })

  test('gives every operation a name of its own', () => {
    const ids = operations.map(operationIdOf)
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([])
    expect(ids).toContain('postConversionsNonCashToDtBankCentralBank')
  })
})

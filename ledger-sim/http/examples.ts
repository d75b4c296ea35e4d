/**
 * Examples of requests and answers, one file a part in `ledger-sim/examples/`. They are recorded and checked by a test
 * that plays each of them against a fresh ledger of the demonstration (test/integration/ledger/examples.test.ts), so
 * none of them can say what the ledger does not.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { roles } from './operation.ts'

const exampleSchema = z.strictObject({
  /** Method and path: `POST /v1/batches`. */
  operation: z.string(),
  title: z.string(),
  /** Null where no signature is asked. */
  as: z.strictObject({ role: z.enum(roles), owner: z.string() }).nullable(),
  /** The body, or what the query of a GET says. */
  request: z.record(z.string(), z.unknown()),
  status: z.int(),
  /** Text where the answer is CSV. */
  answer: z.union([z.record(z.string(), z.unknown()), z.string()]),
})
export type Example = z.output<typeof exampleSchema>

export const examplesFolder = join(import.meta.dirname, '../examples')

/** In the order in which they were played, part by part. */
export function readExamples(): readonly Example[] {
  return readdirSync(examplesFolder)
    .filter((file) => file.endsWith('.json'))
    .toSorted()
    .flatMap((file) => readPart(file.slice(0, -'.json'.length)))
}

/** One part's; none when it has no file yet. */
export function readPart(part: string): readonly Example[] {
  const file = `${part}.json`
  if (!readdirSync(examplesFolder).includes(file)) return []
  return z.array(exampleSchema).parse(JSON.parse(readFileSync(join(examplesFolder, file), 'utf8')))
}

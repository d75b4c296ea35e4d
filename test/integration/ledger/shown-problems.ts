/**
 * Every test that asks the demonstration's ledger checks the OpenAPI document on the way: a problem that no example of
 * its operation shows is not in the document either. An operation without examples is named by examples.test.ts. And
 * whoever is told that a request has not its form is told where.
 */
import { readExamples, type Example } from '../../../ledger-sim/http/examples.ts'
import { examplesOf, problemsOf } from '../../../ledger-sim/http/openapi.ts'
import type { Operation } from '../../../ledger-sim/http/operation.ts'
import type { HttpRequest, HttpResponse } from '../../../src/sync/protocol/http-signature.ts'
import type { Problem } from '../../../src/sync/protocol/problems.ts'

/** While examples are recorded there is nothing to compare with. */
export const isRecording = process.env['TOLEM_EXAMPLES'] === 'record'
let examples: readonly Example[] | undefined

/** @throws Error that says what to show */
export function assertShown(operations: readonly Operation[], request: HttpRequest, response: HttpResponse): void {
  if (response.status < 400) return
  const { code, errors = [] } = JSON.parse(response.body) as Problem
  if (code === 'schema_mismatch' && errors.length === 0)
    throw new Error(
      `${request.method} ${request.url} answered schema_mismatch and does not say where\n${response.body}`,
    )
  if (isRecording) return
  const path = new URL(request.url).pathname
  const operation = operations.find((one) => one.method === request.method && one.path === path)
  examples ??= readExamples()
  if (operation === undefined || examplesOf(operation, examples).length === 0) return
  if (problemsOf(operation, examples).includes(code)) return
  throw new Error(
    `${request.method} ${path} answered ${code}, which no example of it shows: ` +
      `show it in test/integration/ledger/examples/ and record with TOLEM_EXAMPLES=record\n${response.body}`,
  )
}

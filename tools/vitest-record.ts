/**
 * A vitest reporter that writes what the runner of `npm test` adds up: how many tests passed and failed, how long each
 * file took, and, what no reporter of vitest writes down, which were skipped and with what reason.
 */
import { writeFileSync } from 'node:fs'
import { stripVTControlCharacters } from 'node:util'
import type { Reporter, SerializedError, TestModule } from 'vitest/node'

export interface VitestRecord {
  readonly passed: number
  /** Tests that failed, by file and name, each with what its first error says. */
  readonly failed: readonly { readonly name: string; readonly said: string }[]
  /** Tests that did not run, each with the reason the test gave. */
  readonly skipped: readonly { readonly file: string; readonly name: string; readonly reason: string }[]
  /** Files that could not be loaded and errors outside of any test. They count as failed. */
  readonly errors: readonly string[]
  /** Each file with what loading it and its tests took. */
  readonly files: readonly { readonly file: string; readonly project: string; readonly seconds: number }[]
}

/** The variable that names the file to write. */
export const recordVariable = 'TOLEM_VITEST_RECORD'

export default class VitestRecorder implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const path = process.env[recordVariable]
    if (path === undefined) return
    let passed = 0
    const failed: { name: string; said: string }[] = []
    const skipped: { file: string; name: string; reason: string }[] = []
    const errors = unhandled.map((error) => error.message)
    const files = modules.map((module) => {
      const { prepareDuration, collectDuration, duration } = module.diagnostic()
      const seconds = (prepareDuration + collectDuration + duration) / 1000
      return { file: module.relativeModuleId, project: module.project.name, seconds }
    })
    for (const module of modules) {
      for (const error of module.errors()) errors.push(`${module.relativeModuleId}: ${error.message}`)
      for (const suite of module.children.allSuites()) {
        for (const error of suite.errors())
          errors.push(`${module.relativeModuleId}: ${suite.fullName}: ${error.message}`)
      }
      for (const test of module.children.allTests()) {
        const result = test.result()
        if (result.state === 'passed') passed += 1
        else if (result.state === 'failed') {
          const [error] = result.errors
          const said = [error?.message, error?.diff].filter((part) => part !== undefined).join('\n')
          failed.push({ name: `${module.relativeModuleId}: ${test.fullName}`, said: stripVTControlCharacters(said) })
        } else {
          const reason = result.state === 'skipped' ? result.note : undefined
          skipped.push({
            file: module.relativeModuleId,
            name: test.fullName,
            reason: reason ?? 'no reason given, as where its set-up failed',
          })
        }
      }
    }
    const record: VitestRecord = { passed, failed, skipped, errors, files }
    writeFileSync(path, JSON.stringify(record))
  }
}

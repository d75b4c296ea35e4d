/** What `npm run till` expects to go wrong. */
import { FileExistsError } from '../../src/sync/export/new-file.ts'
import { ExportFileError } from '../../src/sync/export/read-export.ts'
import { DataFolderError } from '../../src/sync/journal/data-folder.ts'
import { EnrolmentError } from '../../src/terminal/core/identity.ts'
import { NewPinRefused } from '../../src/terminal/core/new-pin.ts'
import { ResetRefused } from '../../src/terminal/core/reset.ts'
import { ImportError } from './import.ts'
import { TestPageRefused } from './test-page-refused.ts'

/** One sentence for what this command expects to go wrong; undefined for a broken invariant. */
export function explained(error: unknown): { readonly sentence: string; readonly exitCode: number } | undefined {
  if (!(error instanceof Error)) return undefined
  const code = 'code' in error ? String(error.code) : ''
  const isRefusal = [ResetRefused, ExportFileError, FileExistsError, NewPinRefused, TestPageRefused].some(
    (kind) => error instanceof kind,
  )
  const cannot = [DataFolderError, EnrolmentError, ImportError].some((kind) => error instanceof kind)
  const isOfTheSystem = 'syscall' in error
  if (!isRefusal && !cannot && !isOfTheSystem) return undefined
  const sentence = isOfTheSystem ? error.message : `${error.message} (${code})`
  return { sentence, exitCode: isRefusal ? 1 : 2 }
}

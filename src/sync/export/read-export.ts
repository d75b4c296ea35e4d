/** Reads the parts of an export's file, one after the other, and says what is wrong with it before anything is used. */
import {
  endOf,
  isSignedBy,
  readExportLine,
  type ExportFault,
  type SignedExportPart,
} from '../protocol/terminal-export.ts'
import type { VerifyingKey } from '../protocol/keys.ts'
import { canonicalText } from '../protocol/canonical.ts'

/** `incomplete`: parts are missing, or stand in another order, or are of several exports. */
export type ExportFileFault = ExportFault | 'incomplete'

/** A file that cannot be used, with the line where it shows. */
export class ExportFileError extends Error {
  readonly code: ExportFileFault
  constructor(code: ExportFileFault, line: number, detail: string) {
    super(`line ${line}: ${detail}`)
    this.name = 'ExportFileError'
    this.code = code
  }
}

/**
 * @param lines of the file, without their ends
 * @param keys of the terminal, where they are known; else only the ledger can say whether the signature is genuine
 * @throws ExportFileError, also after the last line when the last part is not there
 */
export async function* readExport(
  lines: AsyncIterable<string> | Iterable<string>,
  keys?: readonly VerifyingKey[],
): AsyncGenerator<SignedExportPart> {
  let before: SignedExportPart | undefined
  let line = 0
  for await (const text of lines) {
    line += 1
    const read = readExportLine(text)
    if (read.kind === 'fault') throw new ExportFileError(read.code, line, read.detail)
    const { signed } = read
    if (keys?.some((key) => isSignedBy(signed, key)) === false)
      throw new ExportFileError('signature_wrong', line, 'not signed with this till’s key')
    if (!follows(before, signed)) throw new ExportFileError('incomplete', line, 'not the part that comes next')
    yield signed
    before = signed
  }
  if (before === undefined) throw new ExportFileError('not_an_export', 1, 'the file is empty')
  if (!before.content.isLast) throw new ExportFileError('incomplete', line, 'the last part is missing')
}

function follows(before: SignedExportPart | undefined, { content }: SignedExportPart): boolean {
  if (before === undefined) return content.part === 1
  const last = before.content
  return (
    !last.isLast &&
    content.part === last.part + 1 &&
    content.terminalId === last.terminalId &&
    content.merchantId === last.merchantId &&
    content.madeAt === last.madeAt &&
    canonicalText(content.after) === canonicalText(endOf(last))
  )
}

/** The content of an app.asar, read as its format is described (electron/asar, README): JSON, then bytes. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface ArchivedFile {
  /** From the archive's root, with slashes. */
  readonly path: string
  /** Beside the archive, in app.asar.unpacked, instead of in it. */
  readonly isUnpacked: boolean
  read(): Buffer
}

interface Entry {
  readonly files?: Readonly<Record<string, Entry>>
  readonly offset?: string
  readonly size?: number
  readonly unpacked?: boolean
}

/** Every file; links are none of ours and are left out. */
export function filesOfArchive(archive: string): readonly ArchivedFile[] {
  const bytes = readFileSync(archive)
  const headerSize = bytes.readUInt32LE(4)
  const jsonSize = bytes.readUInt32LE(12)
  const header = JSON.parse(bytes.toString('utf8', 16, 16 + jsonSize)) as Entry
  const start = 8 + headerSize
  const found: ArchivedFile[] = []
  const walk = (entry: Entry, path: string): void => {
    for (const [name, inner] of Object.entries(entry.files ?? {})) {
      const innerPath = path === '' ? name : `${path}/${name}`
      if (inner.files !== undefined) walk(inner, innerPath)
      else if (inner.size !== undefined) {
        const { size, offset = '0', unpacked: isUnpacked = false } = inner
        const read = (): Buffer =>
          isUnpacked
            ? readFileSync(join(`${archive}.unpacked`, innerPath))
            : bytes.subarray(start + Number(offset), start + Number(offset) + size)
        found.push({ path: innerPath, isUnpacked, read })
      }
    }
  }
  walk(header, '')
  return found
}

/** Looks for card UIDs where none may be (architecture.md, "Trust", Privacy): in all that till and ledger keep. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** The issuing desk's own output names UIDs: the virtual cards are made from it. */
const issuingFolder = 'issuing'

/** Files below the folders that hold the UID of a card, as text or bytes. */
export function filesWithUids(folders: readonly string[], uids: readonly string[]): readonly string[] {
  const needles = uids.flatMap((uid) => [
    Buffer.from(uid.toUpperCase()),
    Buffer.from(uid.toLowerCase()),
    Buffer.from(uid, 'hex'),
  ])
  return folders.flatMap(filesBelow).filter((file) => {
    const content = readFileSync(file)
    return needles.some((needle) => content.includes(needle))
  })
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    if (!statSync(path).isDirectory()) return [path]
    return name === issuingFolder ? [] : filesBelow(path)
  })
}

/** Where the data of a till lie. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** `npm start --data DIR` keeps the till below DIR. */
export function tillFolderIn(data: string): string {
  const below = join(data, 'till')
  const isBelow = !existsSync(join(data, 'journal.sqlite')) && existsSync(join(below, 'journal.sqlite'))
  return resolve(isBelow ? below : data)
}

/** Where the test bench leaves its text files: a folder of their own beside the till's data, for this user alone. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** @param data the till's data folder */
export const benchFolderIn = (data: string): string => join(data, 'bench')

/** @param data the till's data folder @returns the file's path */
export function keepBenchText(data: string, name: string, text: string): string {
  const folder = benchFolderIn(data)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const file = join(folder, name)
  writeFileSync(file, text, { mode: 0o600, flag: 'wx' })
  return file
}

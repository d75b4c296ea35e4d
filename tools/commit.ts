/** Which sources a figure was measured with. */
import { spawnSync } from 'node:child_process'

/**
 * The short id of the commit that `folder` is at, with `+changes` when tracked files differ from it; `unknown` where
 * git or its history is not there (an unpacked archive). Never throws: a figure is worth printing without it.
 */
export function commitOf(folder: string): string {
  const head = gitSays(folder, ['rev-parse', '--short=10', 'HEAD'])
  const changes = gitSays(folder, ['status', '--porcelain', '--untracked-files=no'])
  if (head === null || changes === null) return 'unknown'
  return changes === '' ? head : `${head}+changes`
}

function gitSays(folder: string, words: readonly string[]): string | null {
  const { status, stdout } = spawnSync('git', words, { cwd: folder, encoding: 'utf8' })
  return status === 0 ? stdout.trim() : null
}

/** A figure names its sources: the commit, whether they were changed since, or that nobody can know. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { commitOf } from '../../../tools/commit.ts'

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tolem-commit-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function git(...words: readonly string[]): string {
  const author = ['-c', 'user.name=nobody', '-c', 'user.email=nobody@tolem.example', '-c', 'commit.gpgsign=false']
  const { status, stdout, stderr } = spawnSync('git', [...author, ...words], { cwd: folder, encoding: 'utf8' })
  expect(status, stderr).toBe(0)
  return stdout.trim()
}

test('is the commit; with a mark when a tracked file differs, and only then', () => {
  git('init', '--quiet')
  writeFileSync(join(folder, 'tracked'), 'one')
  git('add', 'tracked')
  git('commit', '--quiet', '--message', 'one')
  const head = git('rev-parse', '--short=10', 'HEAD')
  expect(head).toMatch(/^[0-9a-f]{10,}$/)
  writeFileSync(join(folder, 'untracked'), '')
  expect(commitOf(folder)).toBe(head)
  writeFileSync(join(folder, 'tracked'), 'two')
  expect(commitOf(folder)).toBe(`${head}+changes`)
})

test('is unknown without git: no history, no commit yet, no such folder', () => {
  expect(commitOf(folder)).toBe('unknown')
  expect(commitOf(join(folder, 'missing'))).toBe('unknown')
  git('init', '--quiet')
  expect(commitOf(folder)).toBe('unknown')
})

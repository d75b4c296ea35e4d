import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { buildWhenOutdated, type Build } from '../../../src/terminal/shell/build-when-outdated.ts'

let place: string
let builds: number
let said: string[]
let build: Build

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'tolem-build-'))
  builds = 0
  said = []
  await mkdir(join(place, 'sources', 'deep'), { recursive: true })
  await writeFile(join(place, 'sources', 'deep', 'a.ts'), 'one')
  build = {
    what: 'a thing',
    sources: [join(place, 'sources')],
    folder: join(place, 'out', 'thing'),
    results: ['result.js'],
    run: async () => {
      builds += 1
      await mkdir(join(place, 'out', 'thing'), { recursive: true })
      await writeFile(join(place, 'out', 'thing', 'result.js'), '')
    },
  }
})
afterEach(() => rm(place, { recursive: true }))

const ensure = (changed: Partial<Build> = {}): Promise<void> =>
  buildWhenOutdated({ ...build, ...changed }, (line) => void said.push(line))

describe('buildWhenOutdated', () => {
  it('builds what is missing, says so, and then leaves it', async () => {
    await ensure()
    await utimes(join(place, 'sources', 'deep', 'a.ts'), 0, 0)
    await ensure()
    expect(builds).toBe(1)
    expect(said).toEqual(['building a thing, because it has not been built yet'])
  })

  it('builds again when a source was changed, renamed, added, or a result is gone', async () => {
    await ensure()
    await writeFile(join(place, 'sources', 'deep', 'a.ts'), 'two')
    await ensure()
    await writeFile(join(place, 'sources', 'b.ts'), '')
    await ensure()
    await rm(join(place, 'out', 'thing', 'result.js'))
    await ensure()
    expect(builds).toBe(4)
    expect(said[1]).toBe('building a thing, because its sources have changed')
  })

  it('builds what is sold, also when a test runner asks for it, and leaves its NODE_ENV alone', async () => {
    const before = process.env['NODE_ENV']
    let during: string | undefined
    await ensure({ run: () => build.run().then(() => (during = process.env['NODE_ENV'])) })
    expect(during).toBe('production')
    expect(process.env['NODE_ENV']).toBe(before)
    expect(before).toBe('test')
  })

  it('builds again after a build that failed', async () => {
    await ensure()
    await writeFile(join(place, 'sources', 'deep', 'a.ts'), 'broken')
    await expect(ensure({ run: () => Promise.reject(new Error('syntax')) })).rejects.toThrow('syntax')
    await writeFile(join(place, 'sources', 'deep', 'a.ts'), 'one')
    await ensure()
    expect(builds).toBe(2)
  })

  it('asked twice at once builds once', async () => {
    await Promise.all([ensure(), ensure()])
    expect(builds).toBe(1)
  })

  it('is not held up by the lock of a process that is gone', async () => {
    await mkdir(join(place, 'out'))
    const gone = spawnSync(process.execPath, ['--version'])
    await writeFile(join(place, 'out', 'thing.lock'), `${gone.pid}`)
    await ensure()
    expect(builds).toBe(1)
  })
})

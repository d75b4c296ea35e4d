/** The browser host from start to stop, with real processes: as a function and as a program. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import type { ShellFailure } from '../../../src/terminal/shell/supervisor.ts'
import { fixture, openSession, start, tokenOf, tryToStart } from './start-shell.ts'

const fatal = { code: 'data_folder_in_use', message: 'Another till uses this data folder. Stop it first.' }

describe('startBrowserShell', () => {
  it('says port_taken with a remedy, and has started nothing', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as AddressInfo
    const outcome = await tryToStart({ port })
    other.close()
    expect(outcome).toMatchObject({ kind: 'failed', failure: { code: 'port_taken' } })
    expect(outcome.kind === 'failed' && outcome.failure.message).toContain(`${port}`)
  })

  it('passes on why the core cannot start', async () => {
    expect(await tryToStart({ core: { behaviour: 'fatal' } })).toEqual({ kind: 'failed', failure: fatal })
  })

  it('gives up while it waits for a core that never gets ready', async () => {
    for (const behaviour of ['never-ready', 'dies'] as const) {
      const abort = new AbortController()
      const outcome = tryToStart({ core: { behaviour }, abort: abort.signal })
      setTimeout(() => abort.abort(), 400)
      expect(await outcome).toEqual({ kind: 'aborted' })
    }
  })

  it('stops with a window open, and tells it', async () => {
    const shell = await start()
    const { cookie } = await openSession(shell)
    const address = `${shell.origin.replace('http', 'ws')}/bridge`
    const socket = new WebSocket(address, { origin: shell.origin, headers: { cookie } })
    await new Promise((resolve) => socket.once('message', resolve))
    const closed = new Promise<number>((resolve) => socket.once('close', resolve))
    await shell.stop()
    expect(await closed).toBe(1001)
    await expect(fetch(shell.origin)).rejects.toThrow('fetch failed')
  })
})

/** The program, its standard output line by line. */
function run(...parameters: string[]) {
  const main = fileURLToPath(new URL('../../../src/terminal/shell-browser/main.ts', import.meta.url))
  const programs = ['--core-program', fixture('fake-core.ts'), '--devices-program', fixture('fake-device-host.ts')]
  const child = spawn(process.execPath, [main, '--ui-folder', fixture('ui'), ...programs, ...parameters], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, DISPLAY: '', WAYLAND_DISPLAY: '' },
  })
  const lines: Record<string, string>[] = []
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n')
    rest = parts.pop() as string
    for (const line of parts) lines.push(JSON.parse(line) as Record<string, string>)
  })
  let log = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text))
  const ended = new Promise<number | string>((resolve) =>
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown')),
  )
  const line = async (event: string): Promise<Record<string, string>> => {
    await expect.poll(() => lines.some((one) => one.event === event)).toBe(true)
    return lines.find((one) => one.event === event) as Record<string, string>
  }
  return { child, lines, line, ended, log: () => log }
}

type Program = ReturnType<typeof run>

/** Process ids of core and device host, read from the till itself. */
async function childrenOf(program: Program): Promise<readonly number[]> {
  const tillUrl = (await program.line('ready')).tillUrl as string
  const { origin } = new URL(tillUrl)
  const { cookie } = await openSession({ origin, tillUrl: () => tillUrl, stop: () => Promise.resolve() })
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/bridge`, { origin, headers: { cookie } })
  const pids = await new Promise<readonly number[]>((resolve) => {
    socket.on('message', (data: Buffer) => {
      const core = /"till-(\d+)"/.exec(data.toString())?.[1]
      const devices = /\\"pid\\":(\d+)/.exec(data.toString())?.[1]
      if (core !== undefined && devices !== undefined) resolve([Number(core), Number(devices)])
    })
  })
  socket.terminate()
  return pids
}

/** What it has started so far, as the system lists it. */
const childrenIn = ({ child: { pid } }: Program): readonly string[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

describe('the program', () => {
  let program: Program | null = null
  afterEach(() => void program?.child.kill('SIGKILL'))

  it('says ready with an address that works, and a new one on SIGUSR1 without opening the debugger', async () => {
    program = run()
    const { tillUrl } = await program.line('ready')
    program.child.kill('SIGUSR1')
    const second = (await program.line('address')).tillUrl as string
    const { origin } = new URL(tillUrl as string)
    const shell = { origin, tillUrl: () => second, stop: () => Promise.resolve() }
    expect((await openSession(shell, tokenOf(tillUrl as string))).status).toBe(204)
    expect((await openSession(shell)).status).toBe(204)
    program.child.kill('SIGTERM')
    expect(await program.ended).toBe(0)
    expect(program.log()).not.toContain('Debugger')
  })

  it('stops on SIGINT and on SIGTERM with nothing left behind', async () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      program = run()
      const pids = await childrenOf(program)
      expect(pids.every(isAlive)).toBe(true)
      program.child.kill(signal)
      expect(await program.ended).toBe(0)
      expect(pids.filter(isAlive)).toEqual([])
    }
  })

  it('leaves nothing behind even when it is killed', async () => {
    program = run()
    const pids = await childrenOf(program)
    program.child.kill('SIGKILL')
    await program.ended
    await expect.poll(() => pids.filter(isAlive)).toEqual([])
  })

  it('stops while it is still starting', async () => {
    program = run('--core', JSON.stringify({ behaviour: 'never-ready' }))
    await expect.poll(() => childrenIn(program!)).not.toEqual([])
    program.child.kill('SIGTERM')
    expect(await program.ended).toBe(0)
    expect(program.lines).toEqual([])
  })

  it('shows why the core cannot start, and exits with 2', async () => {
    program = run('--core', JSON.stringify({ behaviour: 'fatal' }))
    expect(await program.ended).toBe(2)
    expect(program.lines).toEqual([{ event: 'failed', ...fatal } satisfies { event: string } & ShellFailure])
    expect(program.log()).toContain(`tolem: ${fatal.message}\n`)
  })

  it('refuses a port that is none, and says why there is no kiosk', async () => {
    program = run('--port', '70000')
    expect(await program.ended).toBe(2)
    expect(program.lines).toMatchObject([{ event: 'failed', code: 'port_malformed' }])
    program = run('--open')
    await program.line('ready')
    await expect.poll(() => program?.log()).toMatch(/the till's window was not opened: .+ Open the address/)
    program.child.kill('SIGTERM')
    expect(await program.ended).toBe(0)
  })
})

import { beforeEach, describe, expect, it } from 'vitest'
import { createSupervisor, type ShellFailure, type Supervisor } from '../../../src/terminal/shell/supervisor.ts'
import { FakeProcesses, HandTimers, settle } from './fake-processes.ts'

let processes: FakeProcesses
let timers: HandTimers
let log: string[]
let readyCount: number
let failures: ShellFailure[]
let supervisor: Supervisor

const ready = { channel: 'shell', body: { kind: 'ready' } }
const coreGets = () => processes.newest('core').received
const started = { channel: 'shell', body: { kind: 'device_host_started' } }
const ended = { channel: 'shell', body: { kind: 'device_host_ended' } }
const stop = { channel: 'shell', body: { kind: 'stop' } }

beforeEach(() => {
  processes = new FakeProcesses()
  timers = new HandTimers()
  log = []
  readyCount = 0
  failures = []
  supervisor = createSupervisor({
    spawn: processes.spawn,
    timers,
    log: (line) => void log.push(line),
    onDidBecomeReady: () => void (readyCount += 1),
    onDidFail: (failure) => void failures.push(failure),
  })
  supervisor.start()
})

describe('relaying between core and device host', () => {
  it('holds what is for the core until the core has said its first word, and keeps the order', () => {
    processes.newest('device-host').says({ type: 'inserted' })
    expect(coreGets()).toEqual([])
    processes.newest('core').says(ready)
    processes.newest('device-host').says({ type: 'removed' })
    expect(coreGets()).toEqual([
      started,
      { channel: 'devices', body: { type: 'inserted' } },
      { channel: 'devices', body: { type: 'removed' } },
    ])
    expect(readyCount).toBe(1)
  })

  it('passes what the core says to devices on untouched', () => {
    processes.newest('core').says({ channel: 'devices', body: { type: 'attach', version: 1 } })
    expect(processes.newest('device-host').received).toEqual([{ type: 'attach', version: 1 }])
  })

  it('drops and reports what has no known form', () => {
    processes.newest('core').says({ channel: 'elsewhere', body: 1 })
    processes.newest('core').says('nonsense')
    expect(processes.newest('device-host').received).toEqual([])
    expect(log).toHaveLength(2)
  })
})

describe('a device host that dies', () => {
  it('is started again, and the core hears of both', async () => {
    processes.newest('core').says(ready)
    processes.newest('device-host').exit('SIGSEGV')
    expect(coreGets()).toEqual([started, ended])
    await timers.pass(100)
    expect(processes.all('device-host')).toHaveLength(2)
    expect(coreGets()).toEqual([started, ended, started])
    expect(log[0]).toContain('SIGSEGV')
  })

  it('is told of the ends before it that the core has counted', async () => {
    processes.newest('device-host').exit('SIGSEGV')
    processes.newest('core').says({ channel: 'shell', body: { kind: 'restart_device_host', endsInARow: 3 } })
    await timers.pass(100)
    processes.newest('device-host').exit('SIGSEGV')
    await timers.pass(500)
    expect(processes.endsTold).toEqual([0, 3, 3])
  })

  it('is back after the first wait, however often the core asks', async () => {
    for (let count = 2; count < 8; count += 1) {
      processes.newest('core').says({ channel: 'shell', body: { kind: 'restart_device_host', endsInARow: 1 } })
      await timers.pass(100)
      expect(processes.all('device-host')).toHaveLength(count)
    }
  })

  it('is killed and started again when the core asks for it', async () => {
    processes.newest('core').says(ready)
    const first = processes.newest('device-host')
    processes.newest('core').says({ channel: 'shell', body: { kind: 'restart_device_host', endsInARow: 1 } })
    expect(first.killed).toBe(true)
    await timers.pass(100)
    expect(processes.all('device-host')).toHaveLength(2)
  })

  it('says nothing any more once it has ended', () => {
    processes.newest('core').says(ready)
    const first = processes.newest('device-host')
    first.exit()
    first.says({ type: 'transmitted', requestId: '1' })
    expect(coreGets()).toEqual([started, ended])
  })
})

describe('a core that dies', () => {
  it('is started again after growing waits, and after a long life after the first one again', async () => {
    const waits: number[] = []
    for (let death = 0; death < 8; death += 1) {
      const before = processes.all('core').length
      const diedAtMs = timers.elapsedMs()
      processes.newest('core').exit('SIGKILL')
      while (processes.all('core').length === before) await timers.pass(50)
      waits.push(timers.elapsedMs() - diedAtMs)
    }
    expect(waits).toEqual([100, 250, 500, 1_000, 2_000, 5_000, 5_000, 5_000])
    await timers.pass(30_000)
    processes.newest('core').exit('SIGKILL')
    const before = processes.all('core').length
    await timers.pass(100)
    expect(processes.all('core')).toHaveLength(before + 1)
  })

  it('leaves the device host alone and is told of it again', async () => {
    processes.newest('core').says(ready)
    processes.newest('core').exit('SIGKILL')
    await timers.pass(100)
    processes.newest('core').says(ready)
    expect(processes.all('device-host')).toHaveLength(1)
    expect(coreGets()).toEqual([started])
    expect(readyCount).toBe(2)
  })
})

describe('a core that cannot start', () => {
  it('is not started again; everything ends before the failure is told', async () => {
    const fatal = { kind: 'fatal', code: 'journal_not_writable', message: 'The disk is full. Free some space.' }
    processes.newest('core').says({ channel: 'shell', body: fatal })
    await settle()
    expect(failures).toEqual([])
    processes.newest('core').exit('exit code 1')
    await settle()
    expect(processes.newest('device-host').killed).toBe(true)
    expect(failures).toEqual([{ code: 'journal_not_writable', message: 'The disk is full. Free some space.' }])
    await timers.pass(60_000)
    expect(processes.all('core')).toHaveLength(1)
    expect(processes.all('device-host')).toHaveLength(1)
  })
})

describe('stopping', () => {
  it('asks the core, lets it use the devices until it has ended, then kills the device host', async () => {
    processes.newest('core').says(ready)
    const stopped = supervisor.stop()
    expect(coreGets()).toEqual([started, stop])
    processes.newest('core').says({ channel: 'devices', body: { type: 'print' } })
    expect(processes.newest('device-host').received).toEqual([{ type: 'print' }])
    expect(processes.newest('device-host').killed).toBe(false)
    processes.newest('core').exit('exit code 0')
    await stopped
    expect(processes.newest('core').killed).toBe(false)
    expect(processes.newest('device-host').killed).toBe(true)
    await timers.pass(60_000)
    expect(processes.started).toHaveLength(2)
    expect(timers.pending).toBe(0)
  })

  it('kills a core that does not stop', async () => {
    const stopped = supervisor.stop()
    await timers.pass(7_999)
    expect(processes.newest('core').killed).toBe(false)
    await timers.pass(1)
    expect(processes.newest('core').killed).toBe(true)
    await stopped
    expect(processes.newest('device-host').killed).toBe(true)
  })

  it('is bounded even when nothing ends', async () => {
    for (const child of processes.started) child.survivesKill = true
    const stopped = supervisor.stop()
    await timers.pass(8_000 + 2_000 + 2_000)
    await stopped
    expect(log).toContain('the core does not end, even killed')
    expect(log).toContain('the device host does not end, even killed')
  })

  it('during the wait for a restart starts nothing any more', async () => {
    processes.newest('core').exit()
    await supervisor.stop()
    await timers.pass(60_000)
    expect(processes.all('core')).toHaveLength(1)
  })

  it('twice is one stop', async () => {
    processes.newest('core').says(ready)
    void supervisor.stop()
    void supervisor.stop()
    expect(coreGets().filter((message) => JSON.stringify(message) === JSON.stringify(stop))).toHaveLength(1)
  })
})

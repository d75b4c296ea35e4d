/** The shell and the examiners that the core asks for. */
import { beforeEach, describe, expect, it } from 'vitest'
import { createSupervisor, type Supervisor } from '../../../src/terminal/shell/supervisor.ts'
import { FakeProcesses, HandTimers, settle } from './fake-processes.ts'

let processes: FakeProcesses
let timers: HandTimers
let supervisor: Supervisor

const core = () => processes.newest('core')
const start = (run: number, ...words: string[]) =>
  core().says({ channel: 'shell', body: { kind: 'start_examiner', run, words } })
const ofExaminers = () => core().received.filter((message) => !JSON.stringify(message).includes('device_host'))

beforeEach(() => {
  processes = new FakeProcesses()
  timers = new HandTimers()
  supervisor = createSupervisor({
    spawn: processes.spawn,
    timers,
    log: () => undefined,
    onDidBecomeReady: () => undefined,
    onDidFail: () => undefined,
  })
  supervisor.start()
})

describe('examiners', () => {
  it('are started with their words, and heard each by its run', () => {
    start(1, 'examine', '/data/bench/support.zip')
    start(2, 'readers')
    const [first, second] = processes.all('examiner')
    expect(processes.wordsTold).toEqual([['examine', '/data/bench/support.zip'], ['readers']])
    second?.says({ kind: 'said' })
    core().says({ channel: 'examiner', run: 1, body: { question: 1 } })
    expect(first?.received).toEqual([{ question: 1 }])
    expect(ofExaminers()).toEqual([{ channel: 'examiner', run: 2, body: { kind: 'said' } }])
    first?.exit('SIGSEGV')
    expect(ofExaminers()[1]).toEqual({ channel: 'shell', body: { kind: 'examiner_ended', run: 1 } })
    expect(processes.all('examiner')).toHaveLength(2)
  })

  it('are killed when the core says so, and say nothing afterwards', () => {
    start(1, 'readers')
    core().says({ channel: 'shell', body: { kind: 'end_examiner', run: 1 } })
    core().says({ channel: 'shell', body: { kind: 'end_examiner', run: 1 } })
    expect(processes.newest('examiner').killed).toBe(true)
    processes.newest('examiner').says({ kind: 'said' })
    expect(ofExaminers()).toEqual([])
  })

  it('end with the core that asked for them, and tell the next one nothing', async () => {
    start(1, 'readers')
    core().exit()
    expect(processes.newest('examiner').killed).toBe(true)
    await timers.pass(100)
    core().says({ channel: 'shell', body: { kind: 'ready' } })
    processes.newest('examiner').says({ kind: 'said' })
    expect(ofExaminers()).toEqual([])
  })

  it('end with the shell, and none is started any more', async () => {
    start(1, 'readers')
    void supervisor.stop()
    expect(processes.newest('examiner').killed).toBe(true)
    start(2, 'readers')
    expect(processes.all('examiner')).toHaveLength(1)
    core().exit('exit code 0')
    await settle()
  })
})

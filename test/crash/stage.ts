/**
 * The real processes of one chapter of the crash run: ledger, virtual hardware, device host, and the core with its
 * fuse, kept by the product's own supervisor. The cashier's window is attached to that supervisor as any other.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { toJson } from '../../src/sync/protocol/canonical.ts'
import { downFrameSchema, type Command, type CommandAnswer, type Snapshot } from '../../src/terminal/contract/index.ts'
import { spawnChildProcesses, tolemPrograms, type Program } from '../../src/terminal/shell-browser/child-processes.ts'
import { thisMachine } from '../../src/terminal/shell-browser/this-machine.ts'
import type { Child } from '../../src/terminal/shell/children.ts'
import { createSupervisor } from '../../src/terminal/shell/supervisor.ts'
import { startClockService, type ClockService } from '../../tools/demo/clock-service.ts'
import { PanelClient } from '../../tools/demo/panel-client.ts'
import { startWorld, type World } from '../../tools/world.ts'
import { killSchema, type Armed } from './fuse.ts'
import type { PlantedBugName } from './planted-bugs.ts'

/** One end of the core. `point` is `random` where the parent killed it at a moment of its own. */
export interface Kill {
  readonly point: string
  /** From the SIGKILL to the next core that says it is ready; null where that one was killed before it did. */
  readonly readyMs: number | null
}

export interface Stage {
  readonly world: World
  readonly panel: PanelClient
  readonly clock: ClockService
  readonly kills: readonly Kill[]
  /** Ends of the core that neither its fuse nor anybody here ordered, with the reason that the system gave. */
  readonly ownDeaths: readonly string[]
  /** How often a core was started. Each but the first follows an end. */
  readonly coreStarts: number
  /** The newest of the running core; undefined while there is none. */
  readonly snapshot: Snapshot | undefined
  /** Something changed: a snapshot, the core's end, its return; or `withinMs` have passed. */
  change(withinMs: number): Promise<void>
  does(command: Command): Promise<CommandAnswer>
  /** The running core, or the next one, dies at this point. */
  arm(armed: Armed | null): void
  /** As `arm`, and each core that follows dies at the next of these points. */
  armInTurn(order: readonly Armed[]): void
  killCore(): void
  killDeviceHost(): void
  /** Ends core and device host in order; ledger and hardware stay. */
  stopTill(): Promise<void>
  stop(): Promise<void>
}

/** Monday, 23 November 2026, 09:00 in Almaty: school has just opened. */
const mondayMorning = Date.UTC(2026, 10, 23, 4)
/** The supervisor takes a core that lived this long for well (kept-process.ts). */
const lifeMs = 30_000

/**
 * @param opening where the till's first lives end, one after the other
 * @param startCore starts this program as the core, after the end of the one before; else as the shells do
 */
export async function openStage(
  folder: string,
  bug: PlantedBugName | null,
  opening: readonly Armed[],
  startCore?: (program: Program) => Child,
): Promise<Stage> {
  const clock = await startClockService(mondayMorning)
  const world = await startWorld({
    data: folder,
    anchorFolder: join(folder, 'anchors'),
    clockUrl: clock.url,
    syncIntervalMs: 300,
    shell: { kind: 'none' },
  })
  const killsFile = join(folder, 'kills.jsonl')
  const kills: Kill[] = []
  const ownDeaths: string[] = []
  let coreStarts = 0
  const waiting = new Set<() => void>()
  const answers = new Map<string, (answer: CommandAnswer) => void>()
  let commands = 0
  let snapshot: Snapshot | undefined
  let isRunning = false
  let [armed = null, ...inTurn]: (Armed | null)[] = [...opening]
  let core: Child | undefined
  let devices: Child | undefined
  /** Each ready core counts as one that lived long: the run kills more often than the supervisor's back-off is for. */
  let livedMs = 0
  let fault: Error | undefined
  let isStopping = false

  const changed = (): void => {
    for (const look of [...waiting]) look()
  }
  const fuseJson = (): string => JSON.stringify({ killsFile, armed, bug })
  const coreProgram = fileURLToPath(new URL('core-main.ts', import.meta.url))
  const supervisor = createSupervisor({
    spawn: (role, endsInARow) => {
      // A core dies of what was armed for it; the one after it has an order of its own, or none.
      if (role === 'core' && core !== undefined) armed = inTurn.shift() ?? null
      const programs = tolemPrograms(world.forTill)
      const program = {
        ...programs.core,
        file: coreProgram,
        parameters: [...programs.core.parameters, '--fuse', fuseJson()],
      }
      const asShellsDo = spawnChildProcesses({ ...programs, core: program })
      const child = role === 'core' && startCore !== undefined ? startCore(program) : asShellsDo(role, endsInARow)
      if (role !== 'core') return (devices = child)
      core = child
      coreStarts += 1
      isKillOrdered = false
      child.onDidExit(coreEnded)
      return child
    },
    timers: { ...thisMachine.timers, elapsedMs: () => thisMachine.timers.elapsedMs() + livedMs },
    log: (line) => appendFileSync(join(folder, 'supervisor.log'), `${line}\n`),
    onDidBecomeReady: () => (livedMs += lifeMs),
    onDidFail: (failure) => {
      fault = new Error(`the core gave up: ${failure.code}: ${failure.message}`)
      changed()
    },
  })
  let killedAt: number | undefined
  /** The running core was killed from here. */
  let isKillOrdered = false
  /** How many lines of the file of kills are known. */
  let told = 0
  /** Kills since a core was last ready. */
  let points: string[] = []
  const window = supervisor.attachWindow({
    post(frame) {
      if (frame.type === 'shell') {
        const runs = frame.core === 'running'
        if (!runs) snapshot = undefined
        if (runs) returned()
        isRunning = runs
        changed()
        return
      }
      const parsed = downFrameSchema.parse(frame)
      if (parsed.type === 'snapshot') snapshot = parsed.snapshot
      if (parsed.type === 'answer') {
        answers.get(parsed.id)?.(parsed.answer)
        answers.delete(parsed.id)
      }
      changed()
    },
  })

  /** Each end of the core has one reason: its fuse, a kill from here, the stop; any other is a fault of its own. */
  function coreEnded(reason: string): void {
    const lines = existsSync(killsFile) ? readFileSync(killsFile, 'utf8').split('\n').slice(0, -1) : []
    const [line] = lines.slice(told)
    told = lines.length
    if (line !== undefined && reason === 'SIGKILL') {
      const kill = killSchema.parse(JSON.parse(line))
      points.push(kill.point)
      killedAt = kill.at
    } else if (isKillOrdered && reason === 'SIGKILL') {
      points.push('random')
    } else if (!isStopping || reason !== 'exit code 0') {
      ownDeaths.push(reason)
      appendFileSync(join(folder, 'supervisor.log'), `the core ended by itself: ${reason}\n`)
    }
  }

  /** Kills within a recovery have one return: that of the last of them. */
  function returned(): void {
    const readyMs = killedAt === undefined ? null : Date.now() - killedAt
    kills.push(...points.map((point, index) => ({ point, readyMs: index === points.length - 1 ? readyMs : null })))
    points = []
    killedAt = undefined
  }

  function armWith(first: Armed | null, others: readonly Armed[]): void {
    armed = first
    inTurn = [...others]
    core?.post({ channel: 'fuse', armed: first })
  }

  supervisor.start()
  const stopTill = async (): Promise<void> => {
    isStopping = true
    await supervisor.stop()
  }
  return {
    world,
    panel: new PanelClient(world.panelUrl),
    clock,
    kills,
    ownDeaths,
    get coreStarts() {
      return coreStarts
    },
    get snapshot() {
      return isRunning ? snapshot : undefined
    },
    change(withinMs) {
      if (fault !== undefined) return Promise.reject(fault)
      return new Promise((resolve, reject) => {
        const look = (): void => {
          clearTimeout(timer)
          waiting.delete(look)
          if (fault === undefined) resolve()
          else reject(fault)
        }
        const timer = setTimeout(look, withinMs)
        waiting.add(look)
      })
    },
    does(command) {
      const id = String((commands += 1))
      return new Promise((resolve) => {
        answers.set(id, resolve)
        window.receive(JSON.parse(toJson({ type: 'command', id, command })))
      })
    },
    arm: (at) => armWith(at, []),
    armInTurn: ([first, ...others]) => armWith(first ?? null, others),
    killCore() {
      if (!isRunning || isStopping) return
      isKillOrdered = true
      killedAt = Date.now()
      core?.kill()
    },
    killDeviceHost: () => devices?.kill(),
    stopTill,
    async stop() {
      await stopTill()
      await world.stop()
      clock.close()
    },
  }
}

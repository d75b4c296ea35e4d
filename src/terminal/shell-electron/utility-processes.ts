/** Core and device host as Electron's utility processes: Node without a window, of Electron's own version. */
import { MessageChannelMain, utilityProcess, type UtilityProcess } from 'electron'
import { toldOfEnds, type Child, type ChildRole, type Spawn, type Unsubscribe } from '../shell/children.ts'

export interface Program {
  readonly file: string
  readonly parameters: readonly string[]
  /** Beside the environment of the shell. */
  readonly environment?: Readonly<Record<string, string>>
}

/** What the children write goes to our stderr: our stdout belongs to the lines that other programs read. */
export function spawnUtilityProcesses(programs: Readonly<Record<ChildRole, Program>>): Spawn {
  return (role, endsInARow, words = []) => {
    const { file, parameters, environment } = programs[role]
    const started = utilityProcess.fork(file, [...parameters, ...toldOfEnds(role, endsInARow), ...words], {
      serviceName: `tolem ${role}`,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...environment },
    })
    started.stdout?.pipe(process.stderr, { end: false })
    return childOf(started)
  }
}

/**
 * Messages go by a port of our own. `UtilityProcess.postMessage` brings down the whole program, with a null pointer,
 * when the process has ended and its `exit` was not told yet (electron/electron#53923): a core that dies while the
 * device host speaks would end the till. It is called once, before the process can have ended.
 */
function childOf(started: UtilityProcess): Child {
  const { port1: ours, port2: theirs } = new MessageChannelMain()
  started.postMessage(null, [theirs])
  started.once('exit', () => ours.close())
  ours.start()
  return {
    post: (message) => ours.postMessage(message),
    onMessage: (listener): Unsubscribe => {
      const told = ({ data }: Electron.MessageEvent): void => listener(data)
      ours.on('message', told)
      return () => void ours.off('message', told)
    },
    onDidExit: (listener): Unsubscribe => {
      const told = (code: number): void => listener(`exit code ${code}`)
      started.once('exit', told)
      return () => void started.off('exit', told)
    },
    // UtilityProcess.kill would send SIGTERM, which a device host with a mute card survives.
    kill: () => {
      if (started.pid === undefined) started.once('spawn', () => endNow(started))
      else endNow(started)
    },
  }
}

function endNow(started: UtilityProcess): void {
  if (started.pid === undefined) return
  try {
    process.kill(started.pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

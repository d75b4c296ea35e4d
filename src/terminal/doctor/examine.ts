/** Runs all checks at once, each within its time: one that hangs or breaks keeps nothing else from being told. */
import type { Scheduler } from '../../sync/engine/ports.ts'
import { hidCheck, printerCheck, serialCheck } from './device-checks.ts'
import { checkNames, found, type CheckName, type Finding } from './finding.ts'
import { UnansweredError, type Asked, type DoctorPorts, type LedgerLook } from './machine.ts'
import { cardsCheck, modulesCheck, pcscCheck, readersCheck, type ReaderScene } from './reader-checks.ts'
import {
  clockCheck,
  diskCheck,
  folderCheck,
  journalCheck,
  ledgerCheck,
  portsCheck,
  programCheck,
  settingsCheck,
  terminalCheck,
} from './system-checks.ts'
import { usbReaders } from './usb-readers.ts'

/** Longer than the slowest that is well: a printer that takes its time for each of its answers. */
export const checkMaxMs = 8_000

type Found = Finding | readonly Finding[]

/** What was found, in the order of `checkNames`. Never rejects, and is there soon after `checkMaxMs` at the latest. */
export async function examine(asked: Asked, ports: DoctorPorts, scheduler: Scheduler): Promise<readonly Finding[]> {
  const { machine, till } = ports
  const bounded = async (check: CheckName, look: () => Found | Promise<Found>): Promise<readonly Finding[]> => {
    try {
      const findings = await within(scheduler, Promise.resolve().then(look))
      if (findings === 'late') throw new UnansweredError(checkMaxMs)
      return [findings].flat()
    } catch (error) {
      if (error instanceof UnansweredError) return [found(check, 'check-late', { seconds: error.afterMs / 1_000 })]
      return [found(check, 'check-broken', { why: error instanceof Error ? error.message : String(error) })]
    }
  }
  // Asked once, for the checks that build on them; what breaks here breaks each of those by itself.
  const holder = till.holder()
  const ledger: Promise<LedgerLook | null> =
    asked.ledgerUrl === null ? Promise.resolve(null) : ports.ledger(asked.ledgerUrl)
  // A folder that says nothing keeps nobody from being told of the readers.
  const isTillRunning = holder.then(({ held }) => held).catch(() => false)
  const scene = Promise.all([ports.readers(), usbReaders(machine), isTillRunning]).then(
    ([look, plugged, isRunning]): ReaderScene => ({ machine, asked, look, plugged, isTillRunning: isRunning }),
  )
  const told = await Promise.all([
    bounded('program', () => programCheck(machine, asked)),
    bounded('settings', () => settingsCheck(asked)),
    bounded('clock', async () => clockCheck(machine, await ledger)),
    bounded('folder', () => folderCheck(machine, asked, till)),
    bounded('journal', () => journalCheck(machine, till)),
    bounded('disk', () => diskCheck(machine, asked)),
    bounded('ports', () => portsCheck(machine, asked)),
    bounded('ledger', async () => ledgerCheck(asked, await ledger)),
    bounded('terminal', async () => terminalCheck(asked, till, await ledger)),
    bounded('pcsc', async () => pcscCheck(await scene)),
    bounded('modules', async () => modulesCheck(await scene)),
    bounded('reader', async () => readersCheck(await scene)),
    bounded('card', async () => cardsCheck(await scene)),
    bounded('printer', () => printerCheck(asked, holder, ports.printer)),
    bounded('serial', () => serialCheck(machine)),
    bounded('hid', () => hidCheck(machine, asked)),
  ])
  const findings = told.flat()
  return checkNames.flatMap((name) => findings.filter(({ check }) => check === name))
}

function within<T>(scheduler: Scheduler, work: Promise<T>): Promise<T | 'late'> {
  return new Promise((resolve, reject) => {
    const timer = scheduler.setTimeout(() => resolve('late'), checkMaxMs)
    work.then(resolve, reject).finally(() => scheduler.clearTimeout(timer))
  })
}

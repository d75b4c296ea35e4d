/**
 * The core as a process: started by a shell, talks to it over its one channel (contract/bridge.ts), keeps the journal.
 * Composition root: the only place where the core meets the real clock, disk and network. `main.ts` runs it as it is.
 */
import { join } from 'node:path'
import {
  channelOverProcessIpc,
  channelToElectronShell,
  type ElectronParentPort,
  type MessageChannelPort,
} from '../../drivers/host/channel.ts'
import { connectDevices } from '../../drivers/host/client.ts'
import { EventSource } from '../../drivers/event-source.ts'
import { encodeDocument } from '../../drivers/printer/encode.ts'
import { selfTestDocument } from '../../drivers/printer/self-test.ts'
import { printerProfiles, type PrinterProfileId } from '../../drivers/printer/profile.ts'
import { loadTypeface } from '../../drivers/printer/raster.ts'
import { DataFolderError, fileAnchor, folderError, lockDataFolder } from '../../sync/journal/data-folder.ts'
import { standardSyncSettings } from '../../sync/engine/sync-settings.ts'
import { toJson } from '../../sync/protocol/canonical.ts'
import { toCoreSchema, upFrameSchema, type DeviceInput, type FromCore } from '../contract/bridge.ts'
import type { Snapshot } from '../contract/snapshot.ts'
import { examinersOf } from './bench/examiner-by-shell.ts'
import { benchFolderIn, keepBenchText } from './bench/kept-text.ts'
import { createCore, type Core, type CoreParts } from './core.ts'
import { httpTransport } from './http-transport.ts'
import { takeEnrolmentCode } from './enrolment-code.ts'
import { enrol, EnrolmentError, loadEnrolment, storeEnrolment } from './identity.ts'
import { loadTerminalKeys } from './key-file.ts'
import { keyKeepingOf } from './tpm.ts'
import { claimForDemonstration, injectedClock } from './injected-clock.ts'
import { realClock, realPinHash, realRandomness, realScheduler } from './real-ports.ts'
import { renderReceipt } from './receipts.ts'
import { coreSettingsSchema } from './settings.ts'
import { journalFileIn, refuseForeignJournal } from './stopped-till.ts'

const screenRefreshMs = 15_000
const shell = shellChannel()
const say = (message: FromCore): void => shell.post(message)

/**
 * Starts the core of this process. What cannot be started is told to the shell, with the remedy, and ends the process.
 *
 * @param around is given the real ports and returns those that the core gets; a test puts its own in between.
 */
export async function runCore(around: (parts: CoreParts) => CoreParts = (parts) => parts): Promise<void> {
  process.on('uncaughtException', stopAt)
  process.on('unhandledRejection', stopAt)
  try {
    await start(around)
  } catch (error) {
    endWith(error)
  }
}

/**
 * A broken invariant ends the process, also where Electron would only warn of it, and the shell starts the next one.
 * What is wrong with the folder is told instead, for another start would find it again.
 */
function stopAt(error: unknown): void {
  if (error instanceof DataFolderError) return endWith(error)
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`, () => process.exit(1))
}

function endWith(error: unknown): void {
  const known = error instanceof DataFolderError || error instanceof EnrolmentError
  const message = error instanceof Error ? error.message : String(error)
  say({ channel: 'shell', body: { kind: 'fatal', code: known ? error.code : 'START_FAILED', message } })
  process.stderr.write(`${message}\n`)
  // The channel needs a moment to hand the sentence over.
  setTimeout(() => process.exit(2), 200)
}

async function start(around: (parts: CoreParts) => CoreParts): Promise<void> {
  const enrolmentCode = takeEnrolmentCode(process.env)
  const settings = coreSettingsSchema.parse(JSON.parse(argument('--core')))
  if (settings.clockUrl !== undefined) claimForDemonstration(settings.data)
  const lock = lockDataFolder(settings.data, {
    name: 'tolem core',
    pid: process.pid,
    startedAt: new Date().toISOString(),
  })
  const { clock } = settings.clockUrl === undefined ? { clock: realClock } : await injectedClock(settings.clockUrl)
  const { transport } = httpTransport(settings.answerWithinMs)
  const enrolledBefore = loadEnrolment(settings.data)
  if (enrolledBefore === undefined) refuseForeignJournal(journalFileIn(settings.data))
  const keys = loadTerminalKeys(settings.data, keyKeepingOf(settings.tpm))
  let enrolment = enrolledBefore
  if (enrolment === undefined) {
    enrolment = await enrol(keys.current, enrolmentCode, settings.ledgerUrl, transport, realRandomness, clock.wall())
    storeEnrolment(settings.data, enrolment)
  }

  const devices = connectDevices(deviceChannel(), {
    scheduler: realScheduler,
    life: realRandomness.uuid(),
    restartHost: restartDeviceHost,
  })
  const profile = printerProfiles[settings.printerProfile as PrinterProfileId] ?? printerProfiles['generic-80mm']
  const maker = { terminalId: enrolment.terminalId, terminalKey: keys.signing, profile, typeface: loadTypeface() }
  let core: Core
  try {
    const parts: CoreParts = {
      journalFile: journalFileIn(settings.data),
      anchor: fileAnchor(
        settings.anchor,
        enrolment.terminalKey.crv === 'P-256' ? enrolment.terminalKey.x : enrolment.terminalId,
      ),
      enrolment,
      keys,
      ledgerUrl: settings.ledgerUrl,
      transport,
      reader: devices.reader,
      printer: devices.printer,
      hid: devices.hid,
      clock,
      scheduler: realScheduler,
      randomness: realRandomness,
      pinHash: realPinHash,
      readerBeeps: settings.readerBeeps,
      syncSettings: {
        ...standardSyncSettings,
        intervalMs: settings.syncIntervalMs,
        keyRotationAfterMs: settings.keyRotationAfterMs,
      },
      render: (journal, job, copy, active) => renderReceipt(maker, journal, job, copy, active),
      bench: {
        printerProfile: profile.id,
        testPage: () => encodeDocument(selfTestDocument(profile), profile, maker.typeface).bytes,
        keepText: (name, text) => keepBenchText(settings.data, name, text),
        startExaminer: examinersOf(shell),
        bundleFile: (name) => join(benchFolderIn(settings.data), name),
      },
      onSnapshot: sendSnapshot,
      onDidFindDamage: endWith,
    }
    core = createCore(around(parts))
  } catch (error) {
    throw folderError(settings.data, error)
  }
  devices.hid.onDidScan(({ code, at }) => sendInput({ kind: 'code', code, at }))
  devices.hid.onDidPress(({ key, at }) => sendInput({ kind: 'key', key, at }))
  shell.onMessage((message) => {
    const parsed = toCoreSchema.safeParse(message)
    if (!parsed.success) return
    if (parsed.data.channel === 'ui') answerFrame(core, parsed.data.body)
    if (parsed.data.channel === 'shell' && parsed.data.body.kind === 'stop') {
      core.stop()
      devices.dispose()
      lock.release()
      process.exit(0)
    }
  })
  shell.onDidClose(() => process.exit(0))
  say({ channel: 'shell', body: { kind: 'ready' } })
  core.till.publish()
  // The clock on the screen goes on when nothing else happens.
  setInterval(() => core.till.publish(), screenRefreshMs)
}

function answerFrame(core: Core, body: unknown): void {
  const frame = upFrameSchema.safeParse(body)
  const id = frame.success ? frame.data.id : String((body as { id?: unknown } | null)?.id ?? '')
  const answer = frame.success ? core.till.command(frame.data.command) : ({ ok: false, fault: 'malformed' } as const)
  say({ channel: 'ui', body: { type: 'answer', id, answer } })
}

function sendInput(input: DeviceInput): void {
  say({ channel: 'ui', body: { type: 'input', input } })
}

function sendSnapshot(snapshot: Snapshot): void {
  say({ channel: 'ui', body: { type: 'snapshot', snapshot: JSON.parse(toJson(snapshot)) } })
}

function argument(name: string): string {
  const value = process.argv[process.argv.indexOf(name) + 1]
  if (!process.argv.includes(name) || value === undefined)
    throw new Error(`the core is started by a shell, with ${name} JSON`)
  return value
}

function shellChannel(): MessageChannelPort {
  const { parentPort } = process as unknown as { parentPort?: ElectronParentPort }
  return parentPort === undefined ? channelOverProcessIpc(process) : channelToElectronShell(parentPort)
}

/** The device host's messages come by way of the shell. One channel for each life of the device host. */
function deviceChannel(): MessageChannelPort {
  const messages = new EventSource<unknown>()
  const closed = new EventSource<void>()
  const subscription = shell.onMessage((message) => {
    const parsed = toCoreSchema.safeParse(message)
    if (!parsed.success) return
    if (parsed.data.channel === 'devices') messages.fire(parsed.data.body)
    if (parsed.data.channel === 'shell' && parsed.data.body.kind === 'device_host_ended') {
      subscription.dispose()
      closed.fire()
    }
  })
  return { post: (body) => say({ channel: 'devices', body }), onMessage: messages.event, onDidClose: closed.event }
}

function restartDeviceHost(endsInARow: number): Promise<MessageChannelPort> {
  return new Promise((resolve) => {
    const subscription = shell.onMessage((message) => {
      const parsed = toCoreSchema.safeParse(message)
      if (!parsed.success || parsed.data.channel !== 'shell' || parsed.data.body.kind !== 'device_host_started') return
      subscription.dispose()
      resolve(deviceChannel())
    })
    say({ channel: 'shell', body: { kind: 'restart_device_host', endsInARow } })
  })
}

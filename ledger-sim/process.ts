/**
 * What `npm run ledger` does when it is known what is asked of it: the ledger behind its socket, the audit, first keys.
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { auditFile } from './audit.ts'
import { inTransaction, type LedgerPorts } from './context.ts'
import { databasePath, diskFull, openDataFolder, writeSecret, type DataFolder } from './data-folder.ts'
import { pruneByTheWay } from './feed/pruning-by-the-way.ts'
import { FeedPruner } from './feed/pruning.ts'
import { postToWebhook } from './feed/webhook-sender.ts'
import { WebhookCourier } from './feed/webhook-courier.ts'
import { beginsLedger, readFirstKey, registerInstitution, type NamedKey } from './first-key-command.ts'
import { startHttp, type RunningHttp } from './http/fastify.ts'
import { SignatureThread } from './http/signature-thread.ts'
import { systemClock, injectedClock, type AskedClock } from './injected-clock.ts'
import { ledgerKeysOf, newLedgerSecrets } from './keys.ts'
import { createLedger, type Ledger } from './ledger.ts'
import { doWhatIsDue } from './schemes/returning.ts'
import { LedgerMetrics } from './monitoring/metrics.ts'
import { OperatorAccess, printedTokenMs } from './monitoring/operator/access.ts'
import { StartFailure } from './start-failure.ts'
import { readMeta } from './store/meta.ts'
import { demoTerminals, seedDemoWorld, type DemoWorld } from './scenarios/demo.ts'
import { seededRandom } from './scenarios/seeded-random.ts'
import { issueEnrolmentCode, type EnrolmentCode } from './terminals/enrolment.ts'
import { findTerminal } from './terminals/terminals.ts'

export interface Settings {
  readonly command: 'serve' | 'audit' | 'key'
  readonly data: string
  readonly port: number
  readonly seed: string | undefined
  readonly clock: string | undefined
  readonly json: boolean
  /** Of the command `key`. */
  readonly key: NamedKey
}

const drawnAtOnce = 4_096
let drawn: Uint8Array = new Uint8Array()

/** Transfers and answers take sixteen bytes each; a question to the system for so few costs more than all else here. */
function random(length: number): Uint8Array {
  if (drawn.length < length) drawn = new Uint8Array(randomBytes(Math.max(length, drawnAtOnce)))
  const taken = drawn.slice(0, length)
  drawn = drawn.subarray(length)
  return taken
}

const leaseCheckEveryMs = 60_000

const commands = { serve, audit, key } as const

/**
 * Ends when a signal stops the ledger, the audit is told, or a key is registered.
 *
 * @throws StartFailure
 */
export async function run(settings: Settings): Promise<void> {
  await commands[settings.command](settings).catch((error: unknown) => {
    throw diskFull(settings.data, error) ?? error
  })
}

async function serve(settings: Settings): Promise<void> {
  const { seed } = settings
  const seeded = seed === undefined ? undefined : newLedgerSecrets(seededRandom(`tolem-demo-secrets/${seed}`))
  const folder = await openDataFolder(settings.data, random, seeded)
  let http: RunningHttp | undefined
  let courier: WebhookCourier | undefined
  const signatures = new SignatureThread((error) => report(error, 'recovered'))
  let stopPruning: (() => Promise<void>) | undefined
  try {
    const clock = await clockFor(folder, settings)
    const metrics = new LedgerMetrics()
    metrics.watchProcess()
    const ports: LedgerPorts = {
      store: folder.store,
      clock: clock.now,
      random,
      keys: ledgerKeysOf(folder.secrets),
      checkSignature: signatures.check,
      onDidRecover: (error) => report(error, 'recovered'),
      watch: metrics,
    }
    if (seed !== undefined) await prepareDemo(folder, ports, seed)
    // People come by the machine's time, also where a demonstration's clock stands still.
    const operator = new OperatorAccess({ clock: () => Date.now(), random, onDidEnter: () => keepLink() })
    const ledger = createLedger(ports)
    http = await listen(ledger, settings.port, clock, { metrics, operator })
    const { url } = http
    const linkOf = (token: string) => ({ operatorUrl: `${url}/operator#t=${token}` })
    const keepLink = () => writeSecret(join(folder.path, 'operator-link.json'), linkOf(operator.issueToken()))
    keepLink()
    courier = new WebhookCourier({
      ports,
      bell: metrics.bell,
      scheduler: globalThis,
      send: postToWebhook,
      beforeRound: clock.ask,
      onDidFail: report,
    })
    courier.start()
    const timer = setInterval(
      () => void inTransaction(ledger.ports, doWhatIsDue).catch((error: unknown) => report(error)),
      leaseCheckEveryMs,
    )
    const pruner = new FeedPruner(ledger.ports)
    const pruning = pruneByTheWay({ pruner, scheduler: globalThis, onDidFail: (error) => report(error) })
    stopPruning = pruning.stop
    // Heard from before the ready line on: whoever reads that line may stop the process at once.
    const stopped = stopSignal()
    process.stdout.write(`${JSON.stringify({ event: 'ready', ledgerUrl: url })}\n`)
    process.stdout.write(`${JSON.stringify({ event: 'operator', ...linkOf(operator.issueToken(printedTokenMs)) })}\n`)
    await stopped
    clearInterval(timer)
  } finally {
    await stopPruning?.()
    await courier?.stop()
    await http?.close()
    await signatures.close()
    await folder.close()
  }
}

async function listen(
  ledger: Ledger,
  port: number,
  clock: AskedClock,
  watched: { readonly metrics: LedgerMetrics; readonly operator: OperatorAccess },
): Promise<RunningHttp> {
  try {
    return await startHttp({
      ledger,
      port,
      beforeRequest: clock.ask,
      onDidFail: (error) => report(error),
      ...watched,
    })
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'EADDRINUSE' || error.code === 'EACCES')) {
      const why = error.code === 'EADDRINUSE' ? 'is taken by another program' : 'may not be used by this user'
      throw new StartFailure(
        `Port ${port} ${why}. Stop that program, or start with another --port (0 for any free one).`,
      )
    }
    throw error
  }
}

/** An injected clock would let anybody with the machine move deadlines: only on data that a demonstration made. */
async function clockFor(folder: DataFolder, settings: Settings): Promise<AskedClock> {
  if (settings.clock === undefined) return systemClock(() => Date.now())
  const origin = await readMeta(folder.store, 'origin')
  const isDemo = folder.isEmpty ? settings.seed !== undefined : origin?.startsWith('demo') === true
  if (!isDemo) {
    throw new StartFailure(
      `--clock is for demonstrations: ${folder.path} was not made by --seed demo. ` +
        `Leave --clock away, or start with an empty --data folder and --seed demo.`,
    )
  }
  try {
    return await injectedClock(settings.clock)
  } catch {
    throw new StartFailure(
      `The clock at ${settings.clock} does not answer {"now": milliseconds}. Start it first, or leave --clock away.`,
    )
  }
}

async function prepareDemo(folder: DataFolder, ports: LedgerPorts, seed: string): Promise<void> {
  const origin = await readMeta(folder.store, 'origin')
  const issuing = join(folder.path, 'issuing')
  mkdirSync(issuing, { recursive: true, mode: 0o700 })
  // No secret: by it a wallet knows the ledger's answers.
  const writeLedgerKey = () => writeSecret(join(issuing, 'ledger-key.json'), ports.keys.signing.jwk)
  if (folder.isEmpty) {
    // The files first: a ledger whose cards nobody has is of no use, and the same seed writes the same files again.
    const keep = (world: DemoWorld): void => {
      writeSecret(join(issuing, 'cards.json'), world.cards)
      writeSecret(join(issuing, 'card-pseudonyms.json'), world.pseudonyms)
      writeSecret(join(issuing, 'role-keys.json'), world.roleKeys)
      writeLedgerKey()
      writeEnrolment(issuing, world.enrolmentCodes)
    }
    await seedDemoWorld(ports, folder.secrets, seed, { keep, withCbdcCard: true })
    return
  }
  if (origin !== seed) {
    throw new StartFailure(
      `The data folder ${folder.path} was not made by --seed ${seed}. ` +
        `Leave --seed away, or start with an empty --data folder.`,
    )
  }
  const codes = await inTransaction(ports, async (work) => {
    const made: EnrolmentCode[] = []
    for (const terminalId of demoTerminals) {
      if ((await findTerminal(work, terminalId))?.status === 'registered')
        made.push(await issueEnrolmentCode(work, terminalId))
    }
    return made
  })
  writeLedgerKey()
  writeEnrolment(issuing, codes)
}

/** The first till's code at the top, all of them below. */
function writeEnrolment(issuing: string, codes: readonly EnrolmentCode[]): void {
  writeSecret(join(issuing, 'enrolment.json'), { ...codes[0], codes })
}

async function audit(settings: Settings): Promise<void> {
  const found = auditFile(databasePath(settings.data))
  if (found === undefined)
    throw new StartFailure(`There is no ledger in ${settings.data}. Name its folder: audit --data DIR.`)
  process.stdout.write(settings.json ? `${JSON.stringify(found)}\n` : `${found.text}\n`)
  process.exitCode = found.balanced ? 0 : 1
}

async function key(settings: Settings): Promise<void> {
  const asked = readFirstKey(settings.key)
  const isNewLedger = beginsLedger(settings.data, asked.role)
  const folder = await openDataFolder(settings.data, random)
  try {
    const ports = { store: folder.store, clock: () => Date.now(), random, keys: ledgerKeysOf(folder.secrets) }
    const { outcome, text } = await registerInstitution(ports, asked)
    const { role, owner } = asked
    const ledgerKeyId = ports.keys.signing.keyId
    const said = { outcome: outcome.kind, role, owner, keyId: outcome.keyId, isNewLedger, ledgerKeyId }
    const where = isNewLedger
      ? ` A new ledger was made in ${folder.path}. It signs its answers by the key ${ledgerKeyId}.`
      : ''
    process.stdout.write(settings.json ? `${JSON.stringify(said)}\n` : `${text}${where}\n`)
  } finally {
    await folder.close()
  }
}

function stopSignal(): Promise<void> {
  return new Promise((done) => {
    // A terminal's Ctrl-C may come twice (bootstrap forwards it); the second changes nothing.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => done())
  })
}

/** `recovered`: the work was done all the same. */
function report(error: unknown, event: 'failed' | 'recovered' = 'failed'): void {
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.stderr.write(`${JSON.stringify({ event, detail })}\n`)
}

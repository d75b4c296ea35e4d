/**
 * Kills its own process with SIGKILL at the n-th passing of a named point (points.ts): put between the real core and
 * its real ports, so that the product needs no switch for it. What is armed comes from the parent, at start as an
 * argument and later as a message of its own channel.
 */
import { appendFileSync } from 'node:fs'
import { subscribe } from 'node:diagnostics_channel'
import type { ClientRequest } from 'node:http'
import Database from 'better-sqlite3'
import { z } from 'zod'
import type { CardReaderPort, PrinterPort } from '../../src/drivers/ports.ts'
import type { LedgerTransport } from '../../src/sync/engine/ports.ts'
import type { JournalFile } from '../../src/sync/journal/journal.ts'
import type { CoreParts } from '../../src/terminal/core/core.ts'
import { commandNamer, requestNames } from './points.ts'

export const armedSchema = z.strictObject({ point: z.string(), pass: z.int().min(1) })
export type Armed = z.infer<typeof armedSchema>

/** One line in the file of kills: written before the kill, by the process that dies. */
export const killSchema = z.strictObject({ point: z.string(), at: z.number() })

const ordersSchema = z.strictObject({
  killsFile: z.string(),
  armed: armedSchema.nullable(),
  bug: z.string().nullable(),
})
const armSchema = z.strictObject({ channel: z.literal('fuse'), armed: armedSchema.nullable() })

/** The fuse of this process, as its parent orders: `--fuse JSON`, and later messages. */
export function fuseOfParent(plantFor: (bug: string | null) => ((database: Database.Database) => void) | undefined): {
  readonly fuse: Fuse
  readonly bug: string | null
} {
  const argument = process.argv[process.argv.indexOf('--fuse') + 1] ?? ''
  const { killsFile, armed, bug } = ordersSchema.parse(JSON.parse(argument))
  const fuse = new Fuse(killsFile, armed, plantFor(bug))
  process.on('message', (message) => {
    const order = armSchema.safeParse(message)
    if (order.success) fuse.arm(order.data.armed)
  })
  return { fuse, bug }
}

export class Fuse {
  readonly #killsFile: string
  readonly #plant: (database: Database.Database) => void
  #armed: Armed | null
  #passed = 0
  #isRecovering = true
  /** A `receipt_started` of this life stands before the next print. */
  #startedHere = false

  /** @param plant changes the journal's database: a planted bug (planted-bugs.ts). */
  constructor(killsFile: string, armed: Armed | null, plant: (database: Database.Database) => void = () => undefined) {
    this.#killsFile = killsFile
    this.#armed = armed
    this.#plant = plant
  }

  arm(armed: Armed | null): void {
    this.#armed = armed
    this.#passed = 0
  }

  pass(name: string): void {
    const point = this.#isRecovering && !name.startsWith('recovery/') ? `recovery/${name}` : name
    if (this.#armed?.point !== point) return
    this.#passed += 1
    if (this.#passed < this.#armed.pass) return
    appendFileSync(this.#killsFile, `${JSON.stringify({ point, at: Date.now() })}\n`)
    process.kill(process.pid, 'SIGKILL')
  }

  /** The core's real ports with this fuse at every point. */
  around(parts: CoreParts): CoreParts {
    this.pass('recovery/opened')
    return {
      ...parts,
      journalFile: this.#journal(parts.journalFile),
      transport: this.#transport(parts.transport),
      reader: this.#reader(parts.reader),
      printer: this.#printer(parts.printer),
      onSnapshot: (snapshot) => {
        if (this.#isRecovering) this.pass('recovery/recovered')
        this.#isRecovering = false
        parts.onSnapshot(snapshot)
      },
    }
  }

  /** The journal's own file, opened here to see its transactions: what it does is its own, untouched. */
  #journal(file: JournalFile): Database.Database {
    const database = typeof file === 'string' ? new Database(file) : file
    this.#plant(database)
    const { prepare, transaction } = database
    let kinds: string[] = []
    database.prepare = ((sql: string) => {
      const statement = prepare.call(database, sql)
      if (!sql.startsWith('INSERT INTO row ')) return statement
      const run = statement.run.bind(statement) as (...values: unknown[]) => Database.RunResult
      statement.run = ((...values: unknown[]) => {
        kinds.push(String(values[2]))
        if (values[2] === 'receipt_started') this.#startedHere = true
        return run(...values)
      }) as typeof statement.run
      return statement
    }) as typeof database.prepare
    database.transaction = ((work: (...values: unknown[]) => unknown) => {
      let written: readonly string[] = []
      const whole = transaction.call(database, (...values: unknown[]) => {
        kinds = []
        const result = work(...values)
        written = kinds
        for (const kind of written) this.pass(`commit/${kind}/before`)
        return result
      }) as Database.Transaction
      const committed = (result: unknown): unknown => {
        for (const kind of written) this.pass(`commit/${kind}/after`)
        return result
      }
      const plain = (...values: unknown[]): unknown => committed(whole(...values))
      return Object.assign(plain, { immediate: (...values: unknown[]) => committed(whole.immediate(...values)) })
    }) as unknown as typeof database.transaction
    return database
  }

  #reader(reader: CardReaderPort): CardReaderPort {
    const nameOf = commandNamer()
    return {
      ...reader,
      transmit: async (presenceId, command, timeoutMs) => {
        const name = nameOf(command)
        this.pass(`apdu/${name}/before`)
        const result = await reader.transmit(presenceId, command, timeoutMs)
        this.pass(`apdu/${name}/after`)
        return result
      },
    }
  }

  #printer(printer: PrinterPort): PrinterPort {
    return {
      ...printer,
      print: async (job) => {
        const name = this.#startedHere ? 'print' : 'reprint'
        this.#startedHere = false
        this.pass(`${name}/before`)
        const result = await printer.print(job)
        this.pass(`${name}/after`)
        return result
      },
    }
  }

  #transport(transport: LedgerTransport): LedgerTransport {
    let creating: readonly string[] = []
    // The request is made within the call below: so this one belongs to it.
    subscribe('http.client.request.created', (message) => {
      const names = creating
      const { request } = message as { readonly request: ClientRequest }
      request.once('finish', () => {
        for (const name of names) this.pass(`send/${name}/sent`)
      })
    })
    return async (request, deadlineMs) => {
      const names = requestNames(new URL(request.url).pathname, request.body)
      for (const name of names) this.pass(`send/${name}/before`)
      creating = names
      const answer = transport(request, deadlineMs)
      creating = []
      const result = await answer
      if (result.kind === 'response') for (const name of names) this.pass(`send/${name}/answered`)
      return result
    }
  }
}

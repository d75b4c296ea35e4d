/**
 * `npm run till -- import`: hands an export over to the ledger for its merchant, part by part, and says of each item
 * what became of it. The whole file is read before anything is sent; repeating it changes nothing.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { z } from 'zod'
import { linesOfFile } from '../../src/sync/export/export-file.ts'
import { readExport } from '../../src/sync/export/read-export.ts'
import { toJson } from '../../src/sync/protocol/canonical.ts'
import { signRequest, verifyAnswer } from '../../src/sync/protocol/http-signature.ts'
import { signingKey, verifyingKey, type SigningKey } from '../../src/sync/protocol/keys.ts'
import { problemSchema } from '../../src/sync/protocol/problems.ts'
import {
  exportAnswerSchema,
  type ExportAnswer,
  type ExportPart,
  type SignedExportPart,
} from '../../src/sync/protocol/terminal-export.ts'
import { httpTransport } from '../../src/terminal/core/http-transport.ts'
import { formatTenge } from '../../src/voucher/money.ts'
import { retryAfterSeconds } from './retry-after.ts'

/**
 * - `KEY_UNREADABLE`: no private key of the merchant in the file.
 * - `LEDGER_UNREACHABLE`: no answer; some of it may have been taken.
 * - `LEDGER_NOT_BELIEVED`: whoever answered is not the ledger that the till knew.
 */
export class ImportError extends Error {
  readonly code: 'KEY_UNREADABLE' | 'LEDGER_UNREACHABLE' | 'LEDGER_NOT_BELIEVED'
  constructor(code: ImportError['code'], message: string) {
    super(message)
    this.name = 'ImportError'
    this.code = code
  }
}

interface Import {
  readonly file: string
  readonly ledgerUrl: string
  readonly keyFile: string
}

type Item = ExportAnswer['results'][number]
const deadlineMs = 120_000
const say = (line: string): void => void process.stdout.write(`${line}\n`)

export async function importExport({ file, ledgerUrl, keyFile }: Import): Promise<number> {
  let merchantId = ''
  const givenUp = new Set<string>()
  for await (const { content } of readExport(linesOfFile(file))) {
    merchantId = content.merchantId
    for (const tenderId of givenUpIn(content)) givenUp.add(tenderId)
  }
  const key = merchantKey(keyFile, merchantId)
  const { transport, close } = httpTransport()
  const counted = { accepted: 0, notAccepted: 0 }
  try {
    for await (const part of readExport(linesOfFile(file))) {
      const answer = await handOver(part, key, new URL('/v1/terminal-exports', ledgerUrl).href, transport)
      if (answer.kind === 'problem') {
        say(`Part ${part.content.part} was refused: ${answer.detail} (${answer.code})`)
        say(`Accepted ${counted.accepted}, not accepted ${counted.notAccepted}; nothing of this part or a later one.`)
        return 1
      }
      for (const item of answer.body.results) {
        const isWell = isAccepted(item) || (item.state === 'reversed' && givenUp.has(item.itemId))
        counted[isWell ? 'accepted' : 'notAccepted'] += 1
        say(lineOf(item))
      }
      for (const { tenderId, state } of answer.body.open) say(`${tenderId}  unresolved at the till, ledger: ${state}`)
      for (const { tenderId, state } of part.content.open) {
        const known = answer.body.open.find((one) => one.tenderId === tenderId)?.state ?? 'not_seen'
        if (state !== 'sale_open' || !isPaidOrWillBe(known)) continue
        say(`${tenderId}  PAID, AND ITS SALE WAS NEVER COMPLETED: start the till once more and cancel the sale; if it`)
        say('  does not come back, the merchant and the agency settle what was paid.')
      }
      for (const { tenderId, advice } of part.content.open) {
        const isHeard = answer.body.open.some((one) => one.tenderId === tenderId && one.state !== 'not_seen')
        if (advice === undefined || isHeard) continue
        say(`${tenderId}  A CARD MAY HAVE PAID IT: if this till does not come back, have it revoked and`)
        say('  hand this file over again, so that the card gets back what it was debited.')
      }
      for (const itemId of part.content.unreadable) {
        counted.notAccepted += 1
        say(`${itemId}  NOT IN THE EXPORT: its row is damaged; claim it with its receipt`)
      }
    }
  } finally {
    close()
  }
  say(`Accepted ${counted.accepted}, not accepted ${counted.notAccepted}.`)
  return counted.notAccepted === 0 ? 0 : 1
}

/** What the till has disowned, or gave up while a card may have paid it: that nobody pays it is as it should be. */
function givenUpIn({ items, rows }: ExportPart): readonly string[] {
  const advised = new Set(rows.filter(({ kind }) => kind === 'debit_advised').map(({ sequence }) => sequence))
  return items.flatMap((item) => {
    if (item.kind === 'reversal') return [item.tenderId]
    return item.kind === 'presentment' && advised.has(item.position.sequence) ? [item.terms.tenderId] : []
  })
}

/** A sale that was paid or will be, or is looked at; a reversal and a surrender that are done. */
function isAccepted({ kind, state }: Item): boolean {
  if (kind === 'presentment') return ['settled', 'awaiting_funds', 'in_review', 'awaiting_proof'].includes(state)
  if (kind === 'capture') return state === 'settled'
  return kind === 'reversal' ? state === 'reversed' : state === 'done'
}

function isPaidOrWillBe(state: ExportAnswer['open'][number]['state']): boolean {
  return ['settled', 'awaiting_funds', 'in_review'].includes(state)
}

const words: Readonly<Record<Item['state'], string>> = {
  settled: 'paid',
  held: 'the customer’s wallet holds it',
  awaiting_funds: 'accepted, is paid when the agency has funds',
  in_review: 'accepted, its agency looks at it first',
  refused: 'refused',
  not_paid: 'NOT PAID',
  reversed: 'reversed',
  done: 'done',
  awaiting_proof: 'torn: waits for the card’s next payment to prove it',
}

function lineOf(item: Item): string {
  const { itemId, kind, state, amount, arrival, loss, refusal } = item
  const money = kind === 'presentment' ? `  ${formatTenge(amount)}` : ''
  const why = [loss, refusal].filter((code) => code !== null).join(' ')
  const known = arrival === 'created' ? '' : ` [${arrival}]`
  return `${itemId}${money}  ${words[state]}${why === '' ? '' : ` (${why})`}${known}`
}

const roleKeysSchema = z.array(z.object({ role: z.string(), owner: z.string(), privateJwk: z.looseObject({}) }))

function merchantKey(keyFile: string, merchantId: string): SigningKey {
  try {
    const stored: unknown = JSON.parse(readFileSync(keyFile, 'utf8'))
    const list = roleKeysSchema.safeParse(stored)
    const own = list.success
      ? list.data.find(({ role, owner }) => role === 'merchant' && owner === merchantId)?.privateJwk
      : stored
    if (own === undefined) throw new Error(`no key of ${merchantId} is in it`)
    return signingKey(own as Parameters<typeof signingKey>[0])
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    throw new ImportError('KEY_UNREADABLE', `The merchant's key in ${keyFile} cannot be used: ${detail}.`)
  }
}

type Answer =
  | { readonly kind: 'answer'; readonly body: ExportAnswer }
  | { readonly kind: 'problem'; readonly code: string; readonly detail: string }

/** Signed again with the ledger's own time where this machine's clock is wrong. Ids make repetition safe. */
async function handOver(
  part: SignedExportPart,
  key: SigningKey,
  url: string,
  transport: ReturnType<typeof httpTransport>['transport'],
): Promise<Answer> {
  const ledgerKey = verifyingKey(part.content.ledgerKey)
  const body = toJson(part)
  let created = Math.floor(Date.now() / 1000)
  for (let attempt = 1; ; attempt += 1) {
    const nonce = randomBytes(16).toString('base64url')
    const request = signRequest({ method: 'POST', url, body }, key, { created, expires: created + 240, nonce })
    const sent = await transport(request, deadlineMs)
    if (sent.kind !== 'response') {
      if (attempt < 3 && sent.kind === 'no_answer') continue
      throw new ImportError(
        'LEDGER_UNREACHABLE',
        `The ledger at ${url} does not answer (${sent.detail}). What was taken is taken; run the import again.`,
      )
    }
    const verified = verifyAnswer(sent.response, request, ledgerKey)
    if (verified.kind === 'fault') {
      throw new ImportError(
        'LEDGER_NOT_BELIEVED',
        `What answers at ${url} is not the ledger at which the till was enrolled (${verified.code}).`,
      )
    }
    const value: unknown = JSON.parse(sent.response.body)
    const answer = exportAnswerSchema.safeParse(value)
    if (sent.response.status === 200 && answer.success) return { kind: 'answer', body: answer.data }
    const problem = problemSchema.safeParse(value)
    const code = problem.success ? problem.data.code : `status ${sent.response.status}`
    created = verified.moment.created
    if (code === 'dated_before_restart' && attempt < 3) {
      const seconds = retryAfterSeconds(sent.response.headers['retry-after'])
      process.stderr.write(`The ledger was started again and hears this key in ${seconds} s; waiting.\n`)
      await setTimeout(seconds * 1_000)
      created += seconds
      continue
    }
    if (code === 'clock_skew' && attempt < 3) continue
    return { kind: 'problem', code, detail: problem.success ? (problem.data.detail ?? problem.data.title) : 'unknown' }
  }
}

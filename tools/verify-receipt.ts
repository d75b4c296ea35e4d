/**
 * `npm run verify-receipt -- 'TOLEM1…' --key JWK|FILE`, or `--png FILE` for a picture of a receipt: says in plain words
 * whether the code of a receipt is genuine and what it proves. Exit code 0: every code is genuine; 1: one is not, or
 * none was found; 2: not asked properly.
 */
import { readFileSync } from 'node:fs'
import jsQR from 'jsqr'
import { PNG } from 'pngjs'
import { publicJwkSchema, verifyingKey, type VerifyingKey } from '../src/sync/protocol/keys.ts'
import {
  verifyReceiptPresentment,
  type ReceiptPresentment,
  type ReceiptPresentmentFault,
} from '../src/sync/protocol/receipt-presentment.ts'
import { formatTenge } from '../src/voucher/money.ts'
import { askedOf, askedWrongly } from './arguments.ts'

const usage = `Use: npm run verify-receipt -- 'TOLEM1…' --key JWK|FILE
     npm run verify-receipt -- --png FILE --key JWK|FILE
The key is the terminal's public key as JWK (P-256), given as JSON or as a file that holds it.`

const faults: Readonly<Record<ReceiptPresentmentFault, string>> = {
  not_a_receipt_code: 'This is not the code of a Tölem receipt.',
  version_not_known: 'This code was made by a later version of the till. Use a newer verify-receipt.',
  damaged: 'This code is incomplete or was changed. It proves nothing.',
  signature_wrong: 'This code was not signed with this key, or was changed. It proves nothing for this terminal.',
}

/** jsqr is CommonJS: Node sees the function one `default` deeper than the types say. */
type ReadQr = typeof jsQR.default
const readQr = ((jsQR as unknown as { default?: unknown }).default ?? jsQR) as ReadQr

class UsageError extends Error {}

function main(): number {
  const { values, positionals } = readArguments()
  const key = readKey(values.key)
  const codes = values.png === undefined ? positionals : codesInPicture(values.png)
  if (codes.length === 0) {
    process.stdout.write('NOT VALID\nNo QR code was found in this picture.\n')
    return 1
  }
  const genuine = codes.map((code) => report(code, key))
  return genuine.every(Boolean) ? 0 : 1
}

function readArguments() {
  const options = { key: { type: 'string' }, png: { type: 'string' } } as const
  const read = askedOf(usage, { options, allowPositionals: true })
  if ((read.values.png === undefined) === (read.positionals.length === 0))
    throw new UsageError('Give one code or one picture.')
  return read
}

function readKey(given: string | undefined): VerifyingKey {
  if (given === undefined) throw new UsageError('Without --key nobody can say who signed.')
  const jwk = publicJwkSchema.safeParse(readJson(given))
  if (!jwk.success || jwk.data.crv !== 'P-256')
    throw new UsageError('The key is not the JWK of a P-256 key, so no terminal’s.')
  try {
    return verifyingKey(jwk.data)
  } catch {
    throw new UsageError('The key names no point of the curve P-256.')
  }
}

function readJson(given: string): unknown {
  try {
    return JSON.parse(given.trimStart().startsWith('{') ? given : readFileSync(given, 'utf8'))
  } catch (error) {
    throw new UsageError(`The key cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** Every QR code in the picture: a found one is painted over before the next search. */
function codesInPicture(path: string): readonly string[] {
  const picture = readPicture(path)
  const data = new Uint8ClampedArray(picture.data)
  const codes: string[] = []
  for (;;) {
    const found = readQr(data, picture.width, picture.height)
    if (found === null || codes.includes(found.data)) return codes
    codes.push(found.data)
    const corners = Object.entries(found.location).flatMap(([name, point]) =>
      name.endsWith('Corner') && point ? [point] : [],
    )
    const xs = corners.map((corner) => corner.x)
    const ys = corners.map((corner) => corner.y)
    for (let y = Math.max(0, Math.floor(Math.min(...ys))); y < Math.min(picture.height, Math.max(...ys)); y++) {
      const row = y * picture.width
      const left = Math.max(0, Math.floor(Math.min(...xs)))
      const right = Math.min(picture.width, Math.ceil(Math.max(...xs)))
      data.fill(255, (row + left) * 4, (row + right) * 4)
    }
  }
}

function readPicture(path: string): PNG {
  try {
    return PNG.sync.read(readFileSync(path))
  } catch (error) {
    throw new UsageError(`The picture cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function report(code: string, key: VerifyingKey): boolean {
  const verified = verifyReceiptPresentment(code, key)
  if (verified.kind === 'fault') {
    process.stdout.write(`NOT VALID (${verified.code})\n${faults[verified.code]}\n`)
    return false
  }
  process.stdout.write(`VALID\n${whatItProves(verified.presentment)}\n`)
  return true
}

function cardText(cardProof: ReceiptPresentment['cardProof']): string {
  switch (cardProof.profile) {
    case 'ntag424':
      return `  card      SUN message e=${cardProof.sun.e} m=${cardProof.sun.m}, bound to these terms`
    case 'tolem-applet':
      throw new Error('no receipt has a code of a card that counts')
    default:
      return `  card      ${cardProof.card} (hash), of kind ${cardProof.profile}: by the terminal's word alone`
  }
}

function whatItProves({ terms, leaseId, decidedAt, cardProof, terminalId, position }: ReceiptPresentment): string {
  const lines = [
    `Terminal ${terminalId} signed that on ${new Date(decidedAt).toISOString()} scheme ${terms.schemeId} was to pay`,
    `${formatTenge(terms.amount)} to account ${terms.payeeAccount}.`,
    `  tender    ${terms.tenderId}`,
    `  slot      ${terms.payerSlot}`,
    `  sale      ${terms.saleHash} (hash)`,
    leaseId === null ? '  authorised by the ledger while the customer waited' : `  sold offline under lease ${leaseId}`,
    `  journal   epoch ${position.epoch}, row ${position.sequence}`,
    cardText(cardProof),
    leaseId === null
      ? 'The ledger has this tender under its id.'
      : 'Presented to the ledger before the lease’s second deadline, it is paid from escrow even if the till is lost.',
    cardProof.profile === 'ntag424'
      ? 'Not checked here: the card’s own MAC. Only the ledger holds that key.'
      : 'A card of that kind proves nothing by itself: it can be copied.',
  ]
  return lines.join('\n')
}

try {
  process.exitCode = main()
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  askedWrongly(usage, error.message)
}

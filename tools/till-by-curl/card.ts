/** A virtual card as the issuing desk leaves it (docs/design/02-sale-bound-sun.md, "Keys"). */
import { readFileSync } from 'node:fs'
import { CardFile } from '../../hardware-mocks/cards/card-file.ts'
import { personalisedCard } from '../../hardware-mocks/cards/ntag424-state.ts'
import { ledgerKeysOf, ledgerSecretsSchema } from '../../ledger-sim/keys.ts'
import { TapRefused } from './tap.ts'

/**
 * @param issuerKeys the ledger's `issuer-keys.json`
 * @param uid 7 bytes, hex
 * @returns the path of the card's file
 */
export function makeCard({
  issuerKeys,
  uid,
  folder,
}: {
  readonly issuerKeys: string
  readonly uid: string
  readonly folder: string
}): string {
  if (!/^[0-9A-Fa-f]{14}$/.test(uid)) throw new TapRefused(`--uid ${uid}: seven bytes in hex, 14 digits`)
  const bytes = new Uint8Array(Buffer.from(uid, 'hex'))
  const { diversify, metaReadKey } = ledgerKeysOf(
    ledgerSecretsSchema.parse(JSON.parse(readFileSync(issuerKeys, 'utf8'))),
  )
  const key = (number: 0 | 2 | 3 | 4): Uint8Array => diversify(bytes, number)
  const state = personalisedCard({ uid: bytes, keys: { 0: key(0), 1: metaReadKey, 2: key(2), 3: key(3), 4: key(4) } })
  return `${CardFile.create({ folder, name: uid.toUpperCase(), state, now: Date.now }).statePath}\n`
}

/**
 * `npm run till-by-curl -- card|enrol|package|tap …`: what a till adds to a request, for an integrator who builds
 * against the ledger and has no till (docs/integrator.md). Each command but `card` prints a request as a configuration
 * of curl, signed: `npm run till-by-curl -- … | curl -sS -K -`. The card is a virtual NTAG 424 DNA kept in a file.
 *
 * - `card`: a card as the issuing desk leaves it, with the keys that belong to its UID.
 * - `enrol`: the till's keys are made in its folder, once; the code binds them to a merchant.
 * - `package`: asks for the till's package; keep the answer in a file.
 * - `tap`: decides by that package as a till does, takes the card's proof, and asks the ledger to pay on line.
 */
import { askedOf, askedWrongly, wholeNumber } from './arguments.ts'
import { makeCard } from './till-by-curl/card.ts'
import { curlConfigOf, signedBy } from './till-by-curl/request.ts'
import { tap, TapRefused } from './till-by-curl/tap.ts'
import { tillKeys } from './till-by-curl/till-keys.ts'

const usage = `Use: npm run till-by-curl -- card --issuer-keys FILE --uid HEX --cards DIR
     npm run till-by-curl -- enrol --ledger URL --till DIR --code CODE
     npm run till-by-curl -- package --ledger URL --till DIR
     npm run till-by-curl -- tap --ledger URL --till DIR --package FILE --ledger-key FILE --card FILE
                                    --scheme ID --beneficiary PSEUDONYM --item ID [--quantity N]`

const { values, positionals } = askedOf(usage, {
  allowPositionals: true,
  options: {
    'issuer-keys': { type: 'string' },
    uid: { type: 'string' },
    cards: { type: 'string' },
    ledger: { type: 'string' },
    till: { type: 'string' },
    code: { type: 'string' },
    package: { type: 'string' },
    'ledger-key': { type: 'string' },
    card: { type: 'string' },
    scheme: { type: 'string' },
    beneficiary: { type: 'string' },
    item: { type: 'string' },
    quantity: { type: 'string', default: '1' },
  },
})

function given(name: Exclude<keyof typeof values, 'quantity'>): string {
  return values[name] ?? askedWrongly(usage, `--${name} is missing.`)
}

async function run(command: string | undefined): Promise<string> {
  switch (command) {
    case 'card':
      return makeCard({ issuerKeys: given('issuer-keys'), uid: given('uid'), folder: given('cards') })
    case 'enrol': {
      const keys = tillKeys(given('till'), 'make')
      const { signing, encryption } = keys
      const body = { code: given('code'), terminalKey: signing.jwk, encryptionKey: encryption.jwk }
      return curlConfigOf(signedBy(keys.signing, `${given('ledger')}/v1/terminal-enrolments`, body))
    }
    case 'package':
      return curlConfigOf(
        signedBy(tillKeys(given('till')).signing, `${given('ledger')}/v1/terminal/packages`, { haveVersion: 0 }),
      )
    case 'tap': {
      const { signing } = tillKeys(given('till'))
      const body = await tap(signing, {
        packageFile: given('package'),
        ledgerKeyFile: given('ledger-key'),
        cardFile: given('card'),
        schemeId: given('scheme'),
        beneficiary: given('beneficiary'),
        itemId: given('item'),
        quantity: wholeNumber(usage, 'quantity', values.quantity, 1),
      })
      return curlConfigOf(signedBy(signing, `${given('ledger')}/v1/terminal/authorisations`, body))
    }
    default:
      return askedWrongly(usage, `There is no command "${positionals.join(' ')}".`)
  }
}

try {
  process.stdout.write(await run(positionals.length === 1 ? positionals[0] : undefined))
} catch (error) {
  const isOfFiles = error instanceof Error && 'code' in error && typeof error.code === 'string'
  if (!(error instanceof TapRefused) && !isOfFiles) throw error
  process.stderr.write(`tolem: ${error.message}\n`)
  process.exitCode = 1
}

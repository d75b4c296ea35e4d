/**
 * The operator's command by which an institution gets its voice: a ledger begins with its central bank, which the banks
 * follow (docs/integrator.md, "A ledger of your own"). Their accounts are opened with their first key, for a bank
 * without a reserve is none to this ledger (accounts/bank-clients.ts). A bank's clients get their keys from their bank
 * (accounts/client-keys.ts), a terminal is enrolled. A refusal is one sentence with its code, and changes nothing.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { nameSchema } from '../src/voucher/identifiers.ts'
import { findAccount, isPlatformName } from './accounts/accounts.ts'
import { issueAccount, openBank, openCentralBank, reserveAccountOf } from './accounts/conversions.ts'
import { inTransaction, type LedgerPorts, type Work } from './context.ts'
import { databasePath } from './data-folder.ts'
import { registerFirstKey, type FirstKey, type FirstKeyRegistered } from './http/first-keys.ts'
import { roles } from './http/operation.ts'
import { roleJwkSchema } from './http/role-keys.ts'
import { StartFailure, type KeyCommandCode } from './start-failure.ts'

const institutions = ['central-bank', 'bank', 'agency', 'auditor'] as const
type Institution = (typeof institutions)[number]

/** As it stands on the command line. */
export interface NamedKey {
  readonly role: string
  readonly owner: string
  /** Of the public JWK; `-` is what comes in. */
  readonly file: string
}

/** ISO 20022 Max35Text: it stands in settlement messages. */
const centralBankNameMax = 35
/** Max34Text of an account, less ".reserve". */
const bankNameMax = 26

interface InstitutionKey extends FirstKey {
  readonly role: Institution
}

/** @throws StartFailure */
export function readFirstKey({ role, owner, file }: NamedKey): InstitutionKey {
  return { role: institutionOf(role), owner: ownerOf(owner), jwk: jwkOf(file) }
}

/**
 * Whether there is no ledger yet and this key begins one: that of the central bank, in a folder that is empty or not
 * there. A slip in the name of a folder makes no second ledger in silence.
 *
 * @throws StartFailure
 */
export function beginsLedger(path: string, role: Institution): boolean {
  if (existsSync(databasePath(path))) return false
  if (role !== 'central-bank')
    throw refusal('no_ledger', `There is no ledger in ${path}. Name its folder, or begin one with --role central-bank.`)
  if (!isEmptyOrAbsent(path))
    throw refusal('no_ledger', `There is no ledger in ${path}, but something else. Name an empty folder for a new one.`)
  return true
}

/** @throws StartFailure, and nothing has changed */
export function registerInstitution(
  ports: LedgerPorts,
  key: InstitutionKey,
): Promise<{ readonly outcome: Extract<FirstKeyRegistered, { keyId: string }>; readonly text: string }> {
  const { role, owner } = key
  return inTransaction(ports, async (work) => {
    const outcome = await registerFirstKey(work, key)
    switch (outcome.kind) {
      case 'registered':
        await needAccounts(work, key)
        return { outcome, text: `${role} ${owner} is heard by the key ${outcome.keyId}.` }
      case 'known':
        return { outcome, text: `${role} ${owner} is heard by the key ${outcome.keyId} already: nothing has changed.` }
      case 'key_used':
        throw refusal('key_used', 'The key is somebody else’s, or is heard no more. Its owner makes a new one.')
      case 'owner_is_heard':
        throw refusal('owner_is_heard', remedyOf(key, outcome.role))
      case 'not_on_curve':
        throw malformed('it names no point of the curve')
      default:
        return outcome satisfies never
    }
  })
}

function remedyOf({ role, owner }: InstitutionKey, present: string): string {
  return present === role
    ? `${role} ${owner} has a key that is heard: it changes that itself, by POST /v1/role-keys.`
    : `${owner} is heard as ${present} already, and a name has one role. Choose another --owner.`
}

/** Accounts are opened once: a bank that has lost its keys has them still. */
async function needAccounts(work: Work, { role, owner }: InstitutionKey): Promise<void> {
  const centralBank = (await findAccount(work, issueAccount))?.owner
  if (role === 'central-bank') {
    if (centralBank === undefined) {
      mustFit(role, owner)
      await openCentralBank(work, owner)
    } else if (centralBank !== owner)
      throw refusal('other_central_bank', `This ledger’s central bank is ${centralBank}: a ledger has one.`)
    return
  }
  if (centralBank === undefined)
    throw refusal('no_central_bank', 'This ledger has no central bank yet. Register its key first.')
  if (role !== 'bank' || (await findAccount(work, reserveAccountOf(owner))) !== undefined) return
  // Issued DT would go to whoever has the account of this name, or what is a scheme's would be a bank's.
  if ((await findAccount(work, owner)) !== undefined || isPlatformName(`${owner}.`))
    throw refusal(
      'owner_is_taken',
      `${owner} is the name of an account, or a beginning of such. Choose another --owner.`,
    )
  mustFit(role, owner)
  await openBank(work, owner, owner)
}

function institutionOf(role: string): Institution {
  const found = institutions.find((one) => one === role)
  if (found !== undefined) return found
  if (role === 'terminal')
    throw refusal('role_not_here', 'A terminal is enrolled by a code: POST /v1/terminal-enrolment-codes.')
  if (roles.some((one) => one === role))
    throw refusal('role_not_here', `A client who is ${role} gets its key from its bank: POST /v1/client-keys.`)
  throw refusal('role_unknown', `There is no role "${role}". Use one of: ${institutions.join(', ')}.`)
}

function ownerOf(owner: string): string {
  if (nameSchema.safeParse(owner).success && !isPlatformName(owner)) return owner
  throw refusal(
    'owner_malformed',
    `"${owner}" cannot be an owner’s name. Use 2 to 63 of a-z, 0-9, "." and "-", and none that the platform gives.`,
  )
}

/** Of whom settlement messages are to speak. One who has accounts already has its name, however long. */
function mustFit(role: Institution, owner: string): void {
  const most = role === 'bank' ? bankNameMax : centralBankNameMax
  if (owner.length > most)
    throw refusal('owner_malformed', `"${owner}" is too long for a ${role}: its messages have room for ${most}.`)
}

/** Members that say nothing of the key itself (`kid`, `use`, `alg`) are left out. */
function jwkOf(file: string): FirstKey['jwk'] {
  const json = jsonOf(file)
  if (typeof json === 'object' && json !== null && 'd' in json) throw isPrivate('it has "d"')
  const jwk = roleJwkSchema.strip().safeParse(json)
  if (!jwk.success) throw malformed('it has to be {"kty":"EC","crv":"P-256","x":…,"y":…}')
  return jwk.data
}

function jsonOf(file: string): unknown {
  let text: string
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw refusal('key_unreadable', `The file ${file} cannot be read (${code}). Name the one with the public JWK.`)
  }
  if (/PRIVATE KEY-----/.test(text)) throw isPrivate('in PEM')
  try {
    return JSON.parse(text)
  } catch {
    throw malformed('it is not JSON')
  }
}

function isEmptyOrAbsent(path: string): boolean {
  try {
    return readdirSync(path).length === 0
  } catch {
    // Absent, or none that can be used, which is said when it is opened.
    return true
  }
}

function isPrivate(how: string): StartFailure {
  return refusal(
    'key_private',
    `This is a private key (${how}), which must not leave its owner. Give the public part alone; ` +
      'if anybody else may have seen it, its owner makes a new one.',
  )
}

function malformed(why: string): StartFailure {
  return refusal('key_malformed', `This is no public JWK of P-256: ${why}.`)
}

function refusal(code: KeyCommandCode, sentence: string): StartFailure {
  return new StartFailure(sentence, code)
}

/**
 * `npm run ledger-token -- --key FILE [--role ROLE] [--owner OWNER] --method GET|POST --url URL [--body TEXT|@FILE]`:
 * prints a token for one request to the ledger, so that plain curl can ask it (docs/integrator.md, "With curl"). The
 * file holds a private JWK, or the list `issuing/role-keys.json` of the demonstration, of which the role is then named.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { makeRequestToken } from '../src/sync/protocol/request-token.ts'
import { askedOf, askedWrongly, wholeNumber } from './arguments.ts'

const usage = `Use: npm run ledger-token -- --key FILE --method GET|POST --url URL [--body TEXT|@FILE]
     [--role ROLE] [--owner OWNER] [--now SECONDS] [--life SECONDS]
The body is signed as it stands: give curl the same bytes (--data-binary). --role and --owner choose among the keys of
role-keys.json. A token is for one request and lives for 60 s, 300 at most.`

const privateJwkSchema = z.object({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: z.string(),
  y: z.string(),
  d: z.string(),
})
const roleKeysSchema = z.array(z.object({ role: z.string(), owner: z.string(), privateJwk: privateJwkSchema }))

const lifeSecondsMax = 300

const { values } = askedOf(usage, {
  options: {
    key: { type: 'string' },
    role: { type: 'string' },
    owner: { type: 'string' },
    method: { type: 'string', default: 'GET' },
    url: { type: 'string' },
    body: { type: 'string', default: '' },
    now: { type: 'string' },
    life: { type: 'string', default: '60' },
  },
})
if (values.key === undefined) askedWrongly(usage, 'Without --key nobody can sign.')
if (values.url === undefined || !URL.canParse(values.url)) askedWrongly(usage, '--url is the whole address.')
const life = wholeNumber(usage, 'life', values.life, 1)
if (life > lifeSecondsMax) askedWrongly(usage, `A token lives for ${lifeSecondsMax} s at most.`)
const created = wholeNumber(usage, 'now', values.now ?? String(Math.floor(Date.now() / 1_000)), 0)
const nonce = randomBytes(16).toString('base64url')
const request = { method: methodOf(values.method), url: values.url, body: bodyOf(values.body) }
const token = await makeRequestToken(request, keyOf(values.key), { created, expires: created + life, nonce })
process.stdout.write(`${token}\n`)

function methodOf(given: string): 'GET' | 'POST' {
  if (given === 'GET' || given === 'POST') return given
  return askedWrongly(usage, 'The ledger takes GET and POST.')
}

function bodyOf(given: string): string {
  return given.startsWith('@') ? textOf(given.slice(1)) : given
}

function keyOf(file: string): z.output<typeof privateJwkSchema> {
  const json = jsonOf(file)
  const one = privateJwkSchema.safeParse(json)
  if (one.success) return one.data
  const list = roleKeysSchema.safeParse(json)
  if (!list.success) return askedWrongly(usage, `${file} holds neither a private P-256 JWK nor a list of role keys.`)
  const fitting = list.data.filter(
    ({ role, owner }) =>
      (values.role === undefined || role === values.role) && (values.owner === undefined || owner === values.owner),
  )
  const [key] = fitting
  if (key === undefined || fitting.length > 1) {
    const named = (fitting.length > 1 ? fitting : list.data).map(({ role, owner }) => `${role} ${owner}`)
    return askedWrongly(usage, `Which one is meant? Name --role and --owner of: ${named.join(', ')}.`)
  }
  return key.privateJwk
}

function jsonOf(file: string): unknown {
  try {
    return JSON.parse(textOf(file))
  } catch {
    return askedWrongly(usage, `${file} is not JSON.`)
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    return askedWrongly(usage, `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}.`)
  }
}

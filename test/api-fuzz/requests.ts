/**
 * Requests made of the OpenAPI document: valid ones after its examples, ones that are nearly valid, ones made of its
 * schemas alone, and hostile ones. Each is what is written to a socket, byte for byte.
 */
import { contentDigest } from '../../src/sync/protocol/http-signature.ts'
import type { Chance } from './chance.ts'
import { nearly, strangeNames, valueOf, type Components, type Schema } from './from-schema.ts'
import type { Proof, Prover } from './provers.ts'

interface Described {
  readonly 'x-roles': readonly string[] | 'anyone'
  readonly 'x-problem-codes': readonly string[]
  readonly parameters?: readonly {
    readonly name: string
    readonly in: string
    readonly required?: boolean
    readonly schema: Schema
    readonly example?: unknown
  }[]
  readonly requestBody?: {
    readonly content: Readonly<
      Record<
        string,
        { readonly schema: Schema; readonly examples?: Readonly<Record<string, { readonly value: unknown }>> }
      >
    >
  }
}

export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>
  readonly components: { readonly schemas: Components }
}

export const kinds = [
  'valid',
  'nearly valid',
  'of the schema',
  'hostile body',
  'hostile proof',
  'hostile http',
] as const
export type Kind = (typeof kinds)[number]

export interface FuzzRequest {
  readonly kind: Kind
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly body: string
  /** The operation's own codes; undefined where it is none of the document's. */
  readonly codes: readonly string[] | undefined
  /** Written as it stands instead, where it is no HTTP that a client could make. */
  readonly raw?: string
}

interface Target {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly described: Described
}

export class Requests {
  readonly #targets: readonly Target[]
  readonly #components: Components
  readonly #prover: Prover

  constructor(document: Document, prover: Prover) {
    this.#components = document.components.schemas
    this.#prover = prover
    // What looks after the process (`/ready`) is no operation: it has no caller.
    const operations = Object.entries(document.paths).filter(([path]) => path.startsWith('/v1/'))
    this.#targets = operations.flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, described]) => ({
        method: method === 'get' ? ('GET' as const) : ('POST' as const),
        path,
        described,
      })),
    )
  }

  /** @param host of the server, as it stands under the signature */
  async make(chance: Chance, host: string): Promise<FuzzRequest> {
    const kind = chance.pick<Kind>([
      ...Array.from({ length: 5 }, () => 'valid' as const),
      ...Array.from({ length: 7 }, () => 'nearly valid' as const),
      ...Array.from({ length: 3 }, () => 'of the schema' as const),
      ...kinds.slice(3),
    ])
    const target = chance.pick(this.#targets)
    const asked = this.#asked(target, kind, chance)
    const proof = await this.#prove(target, asked, kind, chance, host)
    const request: FuzzRequest = {
      kind,
      method: target.method,
      path: asked.path,
      headers: { 'content-type': 'application/json', ...proof },
      body: asked.body,
      codes: target.described['x-problem-codes'],
    }
    return kind === 'hostile http' ? hostile(request, chance, host) : request
  }

  #asked(
    { method, path, described }: Target,
    kind: Kind,
    chance: Chance,
  ): { readonly path: string; readonly body: string } {
    const value = method === 'GET' ? this.#query(described, chance) : this.#body(described, kind, chance)
    const asked = kind === 'nearly valid' ? nearly(value, chance) : value
    if (method === 'POST')
      return { path, body: kind === 'hostile body' ? hostileBody(asked, chance) : JSON.stringify(asked) }
    const query = new URLSearchParams(
      Object.entries((asked ?? {}) as Record<string, unknown>).map(([name, member]) => [name, String(member)]),
    ).toString()
    const more =
      kind === 'hostile body'
        ? chance.pick([`&${query}`, '&&=', '&%zz=1', `&${'a=1&'.repeat(2_000)}`, '&__proto__=1'])
        : ''
    return { path: query + more === '' ? path : `${path}?${query}${more}`, body: '' }
  }

  #query({ parameters = [] }: Described, chance: Chance): Record<string, unknown> {
    return Object.fromEntries(
      parameters
        .filter((parameter) => parameter.in === 'query' && (parameter.required === true || chance.percent(50)))
        .map(({ name, schema, example }) => [
          name,
          example !== undefined && chance.percent(70) ? example : valueOf(schema, this.#components, chance),
        ]),
    )
  }

  #body({ requestBody }: Described, kind: Kind, chance: Chance): unknown {
    const { schema = {}, examples = {} } = requestBody?.content['application/json'] ?? {}
    const shown = Object.values(examples)
    if (kind === 'of the schema' || shown.length === 0) return valueOf(schema, this.#components, chance)
    return withFreshIds(chance.pick(shown).value, chance)
  }

  async #prove(
    target: Target,
    asked: { path: string; body: string },
    kind: Kind,
    chance: Chance,
    host: string,
  ): Promise<Proof> {
    const roles = target.described['x-roles']
    if (roles === 'anyone' && chance.percent(80)) return {}
    const role = roles === 'anyone' || chance.percent(15) ? chance.pick(this.#prover.roles) : chance.pick(roles)
    const request = { method: target.method, url: `http://${host}${asked.path}`, body: asked.body }
    const proof = await this.#prover.prove(role, request, chance)
    return kind === 'hostile proof' ? damaged(proof, asked.body, chance) : proof
  }
}

/** Ids of the client's own making are new most of the time, so that something happens. */
function withFreshIds(value: unknown, chance: Chance): unknown {
  if (!chance.percent(80)) return value
  const names = /^(transferId|grantId|paymentId|accountId|terminalId|cardSessionId)$/
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => {
      if (!names.test(name) || typeof member !== 'string' || !/^[0-9a-f-]{36}$/.test(member)) return [name, member]
      return [name, `${member.slice(0, 24)}${Buffer.from(chance.bytes(6)).toString('hex')}`]
    }),
  )
}

function hostileBody(value: unknown, chance: Chance): string {
  const text = JSON.stringify(value) ?? 'null'
  const deep = 1 + chance.below(50_000)
  return chance.pick([
    '',
    '{',
    'null',
    '"text"',
    text.slice(0, chance.below(text.length + 1)),
    `${text}${text}`,
    `\ufeff${text}`,
    text.replace('{', `{${JSON.stringify(chance.pick(strangeNames))}:${text},`),
    text.replace('{', '{"a":1,"a":2,'),
    text.replace(/"([^"]*)"/, '"\\ud800"'),
    `${'['.repeat(deep)}${']'.repeat(deep)}`,
    `${'{"a":'.repeat(deep)}1${'}'.repeat(deep)}`,
    `{"items":[${Array.from({ length: chance.below(200) }, () => text).join(',')}]}`,
    `[${'0,'.repeat(100_000)}0]`,
    chance.percent(3) ? 'x'.repeat(17 * 1024 * 1024) : '1e400',
    'a=b&c=d',
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/hostname">]><x>&y;</x>',
  ])
}

function damaged(proof: Proof, body: string, chance: Chance): Proof {
  const names = Object.keys(proof)
  const name = names.length === 0 ? 'authorization' : chance.pick(names)
  const value = proof[name] ?? ''
  const place = chance.below(value.length + 1)
  const none = Buffer.from('{"alg":"none","typ":"tolem-request+jwt"}').toString('base64url')
  return {
    ...proof,
    [name]: chance.pick([
      '',
      'x',
      `${value}, ${value}`,
      value.slice(0, place),
      `${value.slice(0, place)}${chance.pick(['A', '=', '"', ';', '\u00e9'])}${value.slice(place + 1)}`,
      value.toUpperCase(),
      'x'.repeat(10_000),
      `Bearer ${none}.e30.`,
      `Bearer ${'a'.repeat(4_000)}.${'b'.repeat(90)}.c`,
      `Bearer ${Buffer.from('[]').toString('base64url')}.${Buffer.from('{"iss":{"a":1}}').toString('base64url')}.AA`,
      contentDigest(body.toUpperCase()),
      `tolem=("@method");created=99999999999999999999;keyid="${'x'.repeat(43)}"`,
    ]),
  }
}

/** Wrong types and methods, long paths, headers that come twice, and bytes that are no HTTP at all. */
function hostile(request: FuzzRequest, chance: Chance, host: string): FuzzRequest {
  const twice = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, [String(value), String(value)]]),
  )
  const unknown = { codes: undefined }
  const bare = (raw: string): FuzzRequest => ({ ...request, ...unknown, raw })
  const start = `${request.method} ${request.path.slice(0, 500)} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n`
  return chance.pick<() => FuzzRequest>([
    () => ({
      ...request,
      headers: {
        ...request.headers,
        'content-type': chance.pick(['text/plain', 'x', 'application/xml', 'multipart/form-data; boundary=x']),
      },
    }),
    () => ({
      ...request,
      ...unknown,
      method: chance.pick(['HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PATCH', 'TRACE', 'PROPFIND', 'QUERY']),
    }),
    () => ({ ...request, headers: twice }),
    () => ({ ...request, headers: { ...request.headers, 'content-encoding': 'gzip' } }),
    () => ({ ...request, headers: { ...request.headers, expect: '100-continue' } }),
    () => ({
      ...request,
      headers: { ...request.headers, host: chance.pick(['evil.example', '127.0.0.1:1', '[::1]', 'x'.repeat(300)]) },
    }),
    () => ({ ...request, headers: { ...request.headers, origin: 'http://evil.example' } }),
    () => ({ ...request, headers: { ...request.headers, 'x-many': Array.from({ length: 400 }, () => 'y') } }),
    () => ({
      ...request,
      ...unknown,
      path: chance.pick([
        `${request.path}/`,
        `/${request.path}`,
        request.path.toUpperCase(),
        `${request.path}%00`,
        `${request.path}/../x`,
        '/%ff',
        '/%',
        '/v1/__proto__',
        `/v1/${'x/'.repeat(3_000)}`,
        `/v1/${'x'.repeat(30_000)}`,
        '/v1/constructor',
        '*',
      ]),
    }),
    () => bare(`${start}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`),
    () => bare(`${start}content-length: -1\r\n\r\n`),
    () => bare(`${start}transfer-encoding: chunked\r\n\r\nzz\r\n`),
    () => bare(`${start.replace('1.1', '9.9')}\r\n`),
    () => bare(`${start.replace(' /', ' http://evil.example/')}\r\n`),
    () => bare(Buffer.from(chance.bytes(64)).toString('latin1') + '\r\n\r\n'),
    () => bare(`${start}a header without a colon\r\n\r\n`),
  ])()
}

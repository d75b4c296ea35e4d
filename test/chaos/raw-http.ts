/**
 * HTTP/1.1 messages as bytes (RFC 9112): found in a stream, and damaged. Only what the till's own client and Fastify
 * write: a content-length, no chunks.
 */
import { createHash } from 'node:crypto'
import type { SeededRandom } from '../simulation/random.ts'

export interface RawMessage {
  /** Head and body as they came. */
  readonly bytes: Buffer
  readonly head: string
  readonly body: Buffer
}

const headEnd = '\r\n\r\n'

/** The first whole message, or undefined while some of it is still to come. */
export function firstMessage(bytes: Buffer): RawMessage | undefined {
  const end = bytes.indexOf(headEnd)
  if (end < 0) return undefined
  const head = bytes.subarray(0, end + headEnd.length).toString('latin1')
  const length = Number(headerOf(head, 'content-length') ?? 0)
  const whole = head.length + length
  if (bytes.length < whole) return undefined
  return { bytes: bytes.subarray(0, whole), head, body: bytes.subarray(head.length, whole) }
}

export function headerOf(head: string, name: string): string | undefined {
  const line = head.split('\r\n').find((candidate) => candidate.toLowerCase().startsWith(`${name}:`))
  return line?.slice(name.length + 1).trim()
}

export const pathOf = (request: RawMessage): string => request.head.split(' ')[1] ?? ''
export const statusOf = (answer: RawMessage): number => Number(answer.head.split(' ')[1] ?? 0)

/** One digit of the body is another one; the length stays. */
export function changedBody(message: RawMessage, random: SeededRandom, newDigest = false): Buffer {
  const body = Buffer.from(message.body)
  const at = random.between(0, Math.max(0, body.length - 1))
  const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39
  let place = body.findIndex((byte, index) => index >= at && isDigit(byte))
  if (place < 0) place = body.findIndex((byte) => isDigit(byte))
  if (place >= 0) body[place] = 0x30 + (((body[place] ?? 0x30) - 0x30 + random.between(1, 9)) % 10)
  const digest = `content-digest: sha-256=:${createHash('sha256').update(body).digest('base64')}:`
  const head = newDigest ? message.head.replace(/^content-digest:.*$/im, digest) : message.head
  return Buffer.concat([Buffer.from(head, 'latin1'), body])
}

export function withStatus(answer: RawMessage, status: number): Buffer {
  const head = answer.head.replace(/^HTTP\/1\.1 \d+ [^\r]*/, `HTTP/1.1 ${status} Chaos`)
  return Buffer.concat([Buffer.from(head, 'latin1'), answer.body])
}

export function withoutSignature(answer: RawMessage): Buffer {
  const head = answer.head
    .split('\r\n')
    .filter((line) => !/^signature(-input)?:/i.test(line))
    .join('\r\n')
  return Buffer.concat([Buffer.from(head, 'latin1'), answer.body])
}

export function requestBytes(
  path: string,
  host: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): Buffer {
  const content = Buffer.from(body)
  const own = Object.entries({ host, ...headers, 'content-length': String(content.length) })
  const head = [`POST ${path} HTTP/1.1`, ...own.map(([name, value]) => `${name}: ${value}`), '', ''].join('\r\n')
  return Buffer.concat([Buffer.from(head, 'latin1'), content])
}

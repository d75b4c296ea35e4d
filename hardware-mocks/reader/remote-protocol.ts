/**
 * What a virtual reader and a distant user of it say to each other: one JSON object a line, over a loopback socket.
 * Bytes are hex. The server speaks first (`status`, then `insert` if a card lies there).
 */
import type { Socket } from 'node:net'
import { z } from 'zod'

const bytes = z.string().regex(/^([0-9a-f]{2})*$/)

const presence = z.object({
  presenceId: z.string(),
  readerName: z.string(),
  atr: bytes,
  /** Nobody saw it laid down. */
  wasThere: z.literal('unseen').optional(),
})

const status = z.object({
  readers: z.array(z.string()),
  trouble: z
    .object({
      code: z.enum(['no-service', 'no-reader', 'sharing-violation', 'reader-error', 'host-restarting']),
      detail: z.string(),
    })
    .nullable(),
})

const result = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('answered'), response: bytes }),
  z.object({
    kind: z.literal('unknown'),
    reason: z.enum(['card-left', 'short-response', 'reset-by-other', 'timed-out', 'host-died', 'reader-error']),
    detail: z.string(),
  }),
  z.object({
    kind: z.literal('notSent'),
    reason: z.enum(['no-card', 'another-presence', 'reader-gone', 'host-down', 'too-long']),
    detail: z.string(),
  }),
])

export const serverMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('status'), status }),
  z.object({ type: z.literal('insert'), presence }),
  /** `isUnseen`: nobody saw it leave. */
  z.object({ type: z.literal('remove'), presenceId: z.string(), isUnseen: z.literal(true).optional() }),
  z.object({ type: z.literal('result'), id: z.number().int(), result }),
])

export const clientMessage = z.object({
  type: z.literal('transmit'),
  id: z.number().int(),
  presenceId: z.string(),
  command: bytes,
  timeoutMs: z.number().positive(),
})

export type ServerMessage = z.infer<typeof serverMessage>

const LINE_CHARACTERS_MAX = 65_536

export function sendLine(socket: Socket, message: object): void {
  if (!socket.destroyed) socket.write(`${JSON.stringify(message)}\n`)
}

/** Hands over each line that fits the schema; anything else ends the connection. */
export function onLines<T>(socket: Socket, schema: z.ZodType<T>, handle: (message: T) => void): void {
  let rest = ''
  socket.setEncoding('utf8')
  socket.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop()!
    for (const line of lines) {
      if (socket.destroyed) return
      const parsed = schema.safeParse(parseJson(line))
      if (!parsed.success) {
        socket.destroy()
        return
      }
      handle(parsed.data)
    }
    if (rest.length > LINE_CHARACTERS_MAX) socket.destroy()
  })
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

export const toHex = (of: Uint8Array): string => Buffer.from(of).toString('hex')
export const fromHex = (of: string): Uint8Array => Uint8Array.from(Buffer.from(of, 'hex'))

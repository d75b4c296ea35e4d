/** Method: messages go through the wire form and JSON, as Node's IPC does; malformed ones come from fast-check. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readCoreMessage, readHostMessage, toWire } from '../../../src/drivers/host/protocol.ts'
import type { CoreMessage, HostMessage } from '../../../src/drivers/host/protocol.ts'

const overIpc = (message: CoreMessage | HostMessage): unknown => JSON.parse(JSON.stringify(toWire(message)))

describe('messages of the device host', () => {
  const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))
  console.log(`protocol.test.ts: seed ${seed} (SEED=${seed} repeats it)`)

  it('carry bytes unchanged, both ways', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const down: CoreMessage = { type: 'transmit', requestId: '1', presenceId: 'p', command: bytes, timeoutMs: 100 }
        expect(readCoreMessage(overIpc(down))).toEqual({ kind: 'message', message: down })
        const up: HostMessage = { type: 'transmitted', requestId: '1', result: { kind: 'answered', response: bytes } }
        expect(readHostMessage(overIpc(up))).toEqual({ kind: 'message', message: up })
      }),
      { seed },
    )
  })

  it('never throw when they do not fit, and say where without the value', () => {
    fc.assert(
      fc.property(fc.anything(), (anything) => {
        expect(readHostMessage(anything).kind).toBe('malformed')
        expect(readCoreMessage(anything).kind).toBe('malformed')
      }),
      { seed },
    )
    const received = readCoreMessage({ type: 'print', requestId: '1', job: 'not base64: 04AABBCC' })
    expect(received).toMatchObject({ kind: 'malformed', why: expect.stringContaining('job') })
    expect(JSON.stringify(received)).not.toContain('04AABBCC')
  })

  it('are refused from another version and with reasons that the port does not know', () => {
    expect(readCoreMessage({ type: 'attach', version: 2 }).kind).toBe('malformed')
    const result = { kind: 'unknown', reason: 'because', detail: '' }
    expect(readHostMessage({ type: 'transmitted', requestId: '1', result }).kind).toBe('malformed')
  })
})

/** Method: reply bytes of published examples (hardless_http_dialects PrinterStatus, Citizen iDP-3221 manual p. 200). */
import { describe, expect, it } from 'vitest'
import { isDrainedReply, isStatusReply, readStatus } from '../../../src/drivers/printer/status-reply.ts'

const idle = { printer: 0x12, offline: 0x12, paper: 0x12 }

describe('replies to DLE EOT', () => {
  it('of an idle printer mean that it is well', () => {
    expect(readStatus(idle)).toEqual({ online: true, trouble: null, paperNearEnd: false })
  })

  it('of the worked example mean no paper', () => {
    expect(readStatus({ printer: 0x1a, offline: 0x32, paper: 0x7e })).toEqual({
      online: false,
      trouble: 'paper-out',
      paperNearEnd: true,
    })
  })

  it.each([
    ['near end', { paper: 0x1e }, null, true],
    ['cover open, which also reads as no paper', { printer: 0x1a, offline: 0x36, paper: 0x72 }, 'cover-open', false],
    ['cutter jam', { printer: 0x1a, offline: 0x52 }, 'error', false],
    ['feed button', { printer: 0x1a, offline: 0x1a }, 'busy', false],
  ] as const)('%s', (_name, replies, trouble, paperNearEnd) => {
    expect(readStatus({ ...idle, ...replies })).toEqual({ online: trouble === null, trouble, paperNearEnd })
  })

  it('are told apart from XON, XOFF, automatic status and GS r', () => {
    expect([0x12, 0x1a, 0x32, 0x7e].every(isStatusReply)).toBe(true)
    expect([0x11, 0x13, 0x10, 0x14, 0x00, 0x0c].some(isStatusReply)).toBe(false)
    expect([0x00, 0x03, 0x0c].every(isDrainedReply)).toBe(true)
    expect([0x12, 0x11, 0x13, 0x14].some(isDrainedReply)).toBe(false)
  })
})

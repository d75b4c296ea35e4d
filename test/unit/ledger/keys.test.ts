/** The ledger's secrets: wrapped card keys open only for their purpose; a card is named by a keyed hash. */
import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { cardKeyPurpose, ledgerKeysOf, newLedgerSecrets } from '../../../ledger-sim/keys.ts'
import { seededRandom } from '../../../ledger-sim/scenarios/seeded-random.ts'
import { months, schoolDays } from '../../../ledger-sim/scenarios/demo-schemes.ts'
import { NonceWindow } from '../../../ledger-sim/http/nonce-window.ts'
import { cardPseudonym } from '../../../src/sync/protocol/card-pseudonym.ts'

const random = seededRandom('keys')
const keys = ledgerKeysOf(newLedgerSecrets(random))

describe('wrapped card keys', () => {
  const secret = new Uint8Array(16).fill(9)
  test('open for their purpose only', () => {
    const wrapped = keys.wrap(secret, cardKeyPurpose('a', 2, 1), random)
    expect(Buffer.from(keys.unwrap(wrapped, cardKeyPurpose('a', 2, 1)))).toEqual(Buffer.from(secret))
    expect(() => keys.unwrap(wrapped, cardKeyPurpose('a', 3, 1))).toThrow(/authenticate data/)
    expect(() => keys.unwrap(wrapped, cardKeyPurpose('b', 2, 1))).toThrow(/authenticate data/)
    expect(() => keys.unwrap(wrapped, cardKeyPurpose('a', 2, 2))).toThrow(/authenticate data/)
    expect(() => ledgerKeysOf(newLedgerSecrets(random)).unwrap(wrapped, cardKeyPurpose('a', 2, 1))).toThrow(
      /authenticate data/,
    )
  })
  test('look different each time', () => {
    expect(keys.wrap(secret, 'x', random)).not.toBe(keys.wrap(secret, 'x', random))
  })
})

test('a card is named by the first half of HMAC-SHA-256 of its UID', () => {
  const key = '0b'.repeat(32)
  const uid = Uint8Array.of(4, 1, 2, 3, 4, 5, 6)
  const expected = createHmac('sha256', Buffer.alloc(32, 0x0b)).update(uid).digest().subarray(0, 16).toString('hex')
  expect(cardPseudonym(key, uid)).toBe(expected)
  expect(cardPseudonym(key, Uint8Array.of(4, 1, 2, 3, 4, 5, 7))).not.toBe(expected)
})

describe('the demonstration’s time windows', () => {
  const [hour, day, ahead] = [3_600_000, 86_400_000, 18_000_000]

  test('are to the millisecond what they were before the calendar made them, and their hashes with them', () => {
    for (let at = Date.UTC(2026, 0, 1); at < Date.UTC(2028, 0, 1); at += 17 * day + 5 * hour) {
      const firstDay = Math.floor((at + ahead) / day) - 7
      const schoolDay = (since1970: number) => {
        const from = since1970 * day - ahead
        const openings = [{ from: from + 8 * hour, to: from + 16 * hour }]
        return { periodId: new Date(since1970 * day).toISOString().slice(0, 10), from, to: from + day, openings }
      }
      const weekdays = Array.from({ length: 372 }, (_, index) => firstDay + index).filter((one) => (one + 3) % 7 < 5)
      expect(schoolDays(at)).toEqual(weekdays.map(schoolDay))

      const local = new Date(at + ahead)
      const beginOf = (month: number) => Date.UTC(local.getUTCFullYear(), local.getUTCMonth() + month, 1)
      const month = (index: number) => {
        const window = { from: beginOf(index) - ahead, to: beginOf(index + 1) - ahead }
        return { periodId: new Date(beginOf(index)).toISOString().slice(0, 7), ...window, openings: [window] }
      }
      expect(months(at)).toEqual(Array.from({ length: 13 }, (_, index) => month(index)))
    }
  })

  test('a school day is 08:00 to 16:00 in Almaty, Monday to Friday', () => {
    // Sunday 22:00 UTC is Monday 03:00 in Almaty.
    const days = schoolDays(Date.UTC(2026, 10, 22, 22))
    const monday = days.find((day) => day.periodId === '2026-11-23')
    expect(monday).toEqual({
      periodId: '2026-11-23',
      from: Date.UTC(2026, 10, 22, 19),
      to: Date.UTC(2026, 10, 23, 19),
      openings: [{ from: Date.UTC(2026, 10, 23, 3), to: Date.UTC(2026, 10, 23, 11) }],
    })
    expect(days.some((day) => day.periodId === '2026-11-22' || day.periodId === '2026-11-21')).toBe(false)
    expect(days.length).toBeLessThanOrEqual(400)
    expect(days.at(-1)?.to).toBeGreaterThan(Date.UTC(2027, 10, 22))
  })
  test('a month begins at midnight in Almaty, and months follow without a gap', () => {
    const all = months(Date.UTC(2026, 10, 30, 20))
    expect(all[0]).toMatchObject({ periodId: '2026-12', from: Date.UTC(2026, 10, 30, 19) })
    expect(all.every((month, index) => index === 0 || all[index - 1]?.to === month.from)).toBe(true)
  })
})

test('a nonce is used once in five minutes, by each key', () => {
  const window = new NonceWindow(300_000)
  expect(window.use('a', 'n', 0)).toBe('fresh')
  expect(window.use('a', 'n', 1)).toBe('replayed')
  expect(window.use('b', 'n', 1)).toBe('fresh')
  expect(window.use('a', 'n', 300_000)).toBe('replayed')
  expect(window.use('a', 'n', 300_001)).toBe('fresh')
})

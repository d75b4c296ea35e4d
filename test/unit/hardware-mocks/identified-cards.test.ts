/**
 * The virtual cards that only say who they are, byte by byte against NXP's data sheet, the ACR122U's API and published
 * readings; nothing of the terminal is used.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CardBox } from '../../../hardware-mocks/panel/card-box.ts'
import { factoryNtag21x, VirtualNtag21x } from '../../../hardware-mocks/cards/ntag21x.ts'
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import type { VirtualCard } from '../../../hardware-mocks/cards/virtual-card.ts'
import { ntag21x, uidCard } from '../../fixtures/identified-cards.ts'
import vectors from '../../fixtures/vectors/originality.json' with { type: 'json' }

function says(card: VirtualCard, command: string): string {
  const answer = card.exchange(Buffer.from(command, 'hex'))
  if (answer.kind !== 'answered') throw new Error(answer.kind)
  return Buffer.from(answer.response).toString('hex').toUpperCase()
}

describe('a virtual NTAG21x', () => {
  test.each(vectors.families[0]?.cases ?? [])(
    'of UID $uid has the signature that was read from the real one',
    (one) => {
      const { card } = ntag21x(one.uid)
      expect(says(card, 'FF00000004D4423C00')).toBe(`D54300${one.signature}9000`)
      expect(says(card, 'FFCA000000')).toBe(`${one.uid}9000`)
    },
  )

  test.each([
    ['NTAG213', '0F', 45, '12'],
    ['NTAG215', '11', 135, '3E'],
    ['NTAG216', '13', 231, '6D'],
  ] as const)(
    '%s says its size, has its pages, and begins as the data sheet says',
    (model, size, count, capability) => {
      const state = factoryNtag21x({ model, uid: '04E10CDA993C80' })
      const card = new VirtualNtag21x(state)
      expect(says(card, 'FF00000003D44260')).toBe(`D54300000404020100${size}039000`)
      expect(state.pages).toHaveLength(count)
      // 88 ^ 04 ^ E1 ^ 0C and DA ^ 99 ^ 3C ^ 80: the check bytes of ISO/IEC 14443-3.
      expect(says(card, 'FFB0000010')).toBe(`04E10C61DA993C80FF480000E110${capability}009000`)
      expect(says(card, `FFB000${count.toString(16).padStart(2, '0')}10`)).toBe('6300')
    },
  )

  test('is written page by page, closed by AUTH0, and opened by the password in one field only', () => {
    const { card } = ntag21x()
    expect(says(card, 'FFD6000404DEADBEEF')).toBe('9000')
    expect(says(card, 'FFB0000410').slice(0, 8)).toBe('DEADBEEF')
    for (const page of ['00', '03', '2D']) expect(says(card, `FFD600${page}04DEADBEEF`)).toBe('6300')
    says(card, 'FFD6002B0401020304')
    says(card, 'FFD6002C04AABB0000')
    says(card, 'FFD600290404000004')
    expect(says(card, 'FFD600040400000000')).toBe('6300')
    expect(says(card, 'FF00000007D4421B01020305')).toBe('D543029000')
    expect(says(card, 'FF00000007D4421B01020304')).toBe('D54300AABB9000')
    expect(says(card, 'FFD600040400000000')).toBe('9000')
    card.leaveField()
    expect(says(card, 'FFD600040400000000')).toBe('6300')
    // Nobody reads the password back.
    expect(says(card, 'FFB0002910')).toBe('040000040005000000000000000000009000')
  })

  test('is silent to what it does not know, and refuses what is cut short', () => {
    const { card } = ntag21x()
    expect(says(card, 'FF00000003D442FF')).toBe('D543019000')
    for (const command of ['FF', 'FF00000002D442', 'FFB0000411', 'FFD6000403AABBCC', '00A4040000', 'FFCA010000'])
      expect(['6700', '6300', 'D543019000']).toContain(says(card, command))
  })
})

describe('a virtual card that people carry', () => {
  test('shows its UID of any size, and to nobody anything else', () => {
    for (const uid of ['0A1B2C3D', '04A1B2C3D4E5F6', '04A1B2C3D4E5F6010203']) {
      const { card, log } = uidCard(uid)
      expect(says(card, 'FFCA000000')).toBe(`${uid}9000`)
      expect(says(card, '00A4040007D276000085010100')).toBe('6A82')
      expect(says(card, '9060000000')).toBe('6E00')
      expect(says(uidCard(uid, 'classic').card, '00A4040007D276000085010100')).toBe('6300')
      expect(log.map((entry) => entry.kind)).toEqual(['command', 'command', 'command'])
    }
  })

  test('of type B has the ATR of its kind, and another PUPI of any four bytes in each field, or one of its own', () => {
    const { card } = uidCard(null, 'type-b')
    expect(Buffer.from(card.atr).toString('hex').toUpperCase()).toBe('3B88800100000000338181003A')
    const seen = Array.from({ length: 8 }, () => {
      card.enterField()
      return says(card, 'FFCA000000')
    })
    expect(new Set(seen).size).toBe(8)
    for (const pupi of seen) expect(pupi).toMatch(/^[0-9A-F]{8}9000$/)
    expect(seen.every((pupi) => pupi.startsWith('08'))).toBe(false)
    expect(says(uidCard('4A1B2C3D', 'type-b').card, 'FFCA000000')).toBe('4A1B2C3D9000')
    expect(() => uidCard('04A1B2C3D4E5F6', 'type-b')).toThrow('a PUPI has 4 bytes')
  })

  test('of random UID has another one in each field, of four bytes that begin with 08', () => {
    const { card, log } = uidCard(null)
    const seen = Array.from({ length: 3 }, () => {
      card.enterField()
      const uid = says(card, 'FFCA000000')
      card.leaveField()
      return uid
    })
    expect(new Set(seen).size).toBe(3)
    for (const uid of seen) expect(uid).toMatch(/^08[0-9A-F]{6}9000$/)
    expect(log).toHaveLength(9)
  })
})

test('the box keeps both kinds, with what was written to them and their own logs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tolem-box-'))
  try {
    const open = () => new CardBox({ folder, now: () => 7, random: seededRandom('box') })
    const box = open()
    box.add([
      { label: 'Bus card', kind: 'uid', uid: '0A1B2C3D', speaks: 'classic' },
      { label: 'Telephone', kind: 'uid', uid: 'random', speaks: 'iso-dep' },
      { label: 'Type B', kind: 'uid', uid: 'random', speaks: 'type-b' },
      { label: 'Type B, fixed', kind: 'uid', speaks: 'type-b' },
      { label: 'Tag', kind: 'ntag21x', model: 'NTAG215' },
      { label: 'Tag 2', kind: 'ntag21x', model: 'NTAG213' },
      { label: 'Copy', kind: 'ntag21x', model: 'NTAG213' },
    ])
    const uids = Object.fromEntries(box.list().map(({ label, uid }) => [label, uid]))
    expect(uids).toMatchObject({
      'Bus card': '0A1B2C3D',
      Telephone: null,
      Tag: '04E10CDA993C80',
      'Tag 2': '04DB0BDA993C80',
    })
    expect(uids['Type B']).toBe(null)
    expect(uids['Type B, fixed']).toMatch(/^[0-9A-F]{8}$/)
    expect(says(box.card('Type B, fixed')!, 'FFCA000000')).toBe(`${uids['Type B, fixed']}9000`)
    expect(uids['Copy']).toMatch(/^04[0-9A-F]{12}$/)
    const tag = box.card('Tag')
    if (tag === null) throw new Error('no tag')
    tag.enterField()
    expect(says(tag, 'FFD6000404DEADBEEF')).toBe('9000')
    expect(says(box.card('Telephone')!, 'FFCA000000')).toMatch(/^08/)
    const later = open()
    expect(says(later.card('Tag')!, 'FFB0000410').slice(0, 8)).toBe('DEADBEEF')
    expect(later.log('Tag', 10)?.map(({ kind }) => kind)).toEqual(['field', 'command', 'command'])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

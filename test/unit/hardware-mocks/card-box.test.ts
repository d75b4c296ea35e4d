/** A box of cards that the hardware of two tills shares: a card is carried from one to the other and exists once. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import { CardBox, type CardDefinition } from '../../../hardware-mocks/panel/card-box.ts'
import { ReaderDesk } from '../../../hardware-mocks/panel/reader-desk.ts'
import { EventLog } from '../../../hardware-mocks/event-log.ts'
import { VirtualReader } from '../../../hardware-mocks/reader/virtual-reader.ts'
import { realScheduler } from '../../../hardware-mocks/reader/scheduler.ts'
import originality from '../../fixtures/vectors/originality.json' with { type: 'json' }
import { airOf, KEYS, UID } from './demo-card.ts'
import { authenticate, bytes, hex, openSun, readSun, SELECT, writeData } from './reader-side.ts'

/** Of the chip `047728824D6580`. */
const published =
  originality.families.flatMap(({ cases }) => cases).find(({ uid }) => uid === '047728824D6580')?.signature ?? ''
const ledgerKeys = { metaRead: KEYS[1], fileRead: KEYS[2] }
const child: CardDefinition = {
  label: 'Aisha',
  kind: 'ntag424',
  uid: hex(UID),
  keys: { 0: hex(KEYS[0]), 1: hex(KEYS[1]), 2: hex(KEYS[2]), 3: hex(KEYS[3]), 4: hex(KEYS[4]) },
}
let folder: string
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'tolem-box-'))))
afterEach(() => rmSync(folder, { recursive: true }))

const boxOf = (till: string): CardBox => new CardBox({ folder, now: () => 0, random: seededRandom(till) })

/** One till's reader, with a hand that lays a card, takes a message of it and pulls it away. */
function deskOf(till: string) {
  const box = boxOf(till)
  const reader = new VirtualReader({ scheduler: realScheduler })
  const log = new EventLog({ now: () => 0 })
  const desk = new ReaderDesk({ reader, box, log, scheduler: realScheduler, now: () => 0 })
  const counterOf = (label: string): number => {
    expect(desk.lay(label)).toBeNull()
    const { card } = reader
    if (card === null) throw new Error('no card lies there')
    const air = airOf(card)
    air(bytes(SELECT))
    const { session } = authenticate(air, 3, KEYS[3])
    writeData(air, session!, 'mac', 2, 60, Buffer.from('0'.repeat(64)))
    const { counter } = openSun(readSun(air), ledgerKeys)
    desk.pullNow()
    return counter
  }
  return { box, desk, counterOf }
}

it('knows at once what was put into it at another till', () => {
  const [first, second] = [boxOf('first'), boxOf('second')]
  expect(first.add([child])).toEqual(['Aisha'])
  expect(second.list()).toMatchObject([{ label: 'Aisha', uid: hex(UID) }])
  expect(second.add([child])).toEqual([])
  expect(second.card('Aisha')).not.toBeNull()
})

it('never gives out a counter twice, however often the card is carried to and fro', () => {
  const [first, second] = [deskOf('first'), deskOf('second')]
  first.box.add([child])
  const counters = [first, second, first, first, second].map((till) => till.counterOf('Aisha'))
  expect(counters).toEqual([1, 2, 3, 4, 5])
  const log = second.box.log('Aisha', 1_000) ?? []
  expect(log.map(({ sequence }) => sequence)).toEqual(log.map((_, index) => index + 1))
})

it('plays one object while the card is in the hand: a fault that was armed before strikes when it lies there', () => {
  const { box, desk } = deskOf('first')
  box.add([child])
  const card = box.card('Aisha')
  expect(box.card('Aisha')).toBe(card)
  expect(desk.armCard('Aisha', { kind: 'lost-before' }, 1)).toBeNull()
  expect(desk.lay('Aisha')).toBeNull()
  expect(card?.exchange(bytes(SELECT))).toEqual({ kind: 'torn' })
  desk.pullNow()
  expect(box.card('Aisha')).not.toBe(card)
})

it('lays a card that stands behind the reader’s own commands so that they reach it', async () => {
  const box = boxOf('first')
  const reader = new VirtualReader({ scheduler: realScheduler })
  const log = new EventLog({ now: () => 0 })
  const desk = new ReaderDesk({ reader, box, log, scheduler: realScheduler, now: () => 0 })
  box.add([{ label: 'Tag', kind: 'ntag21x', model: 'NTAG213' }])
  expect(desk.lay('Tag')).toBeNull()
  const answered = (response: string) => ({ kind: 'answered', response: Uint8Array.from(bytes(response)) })
  const version = () => reader.transmit(reader.presence?.presenceId ?? '', bytes('FF00000003D44260'), 1_000)
  expect(await version()).toEqual(answered('D543000004040201000F039000'))
  desk.setKind('plain')
  expect(desk.state().kind).toBe('plain')
  expect(await version()).toEqual(answered('6A81'))
  desk.pullNow()
})

it('makes up the UIDs of published chips for new NTAG 424 DNA, one each while there are any', () => {
  const box = boxOf('first')
  box.add(['A', 'B', 'C', 'D'].map((label) => ({ label, kind: 'ntag424' })))
  const uids = box.list().map(({ uid }) => uid ?? '')
  expect(uids.slice(0, 3)).toEqual(['04518DFAA96180', '0463474AA26A80', '047728824D6580'])
  expect(uids[3]).toMatch(/^04[0-9A-F]{12}$/)
  const last = box.card('C')
  if (last === null) throw new Error('no card')
  last.enterField()
  expect(hex(airOf(last)(bytes('903C0000010000')))).toBe(`${published}9190`)
})

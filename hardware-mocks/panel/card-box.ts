/**
 * The box of virtual cards: which there are, by label, and the object that plays each one. Cards with a memory live in
 * files of their own (`NAME.json`, `NAME.log.jsonl`), the register of the box in `register.json` beside them. The
 * hardware of several tills may share a box, so that a card is carried from one to another; it lies at one at a time.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { CardFile, readCardLog } from '../cards/card-file.ts'
import type { CardLogLine, StoredCard } from '../cards/card-file.ts'
import { FaultyCard } from '../cards/faults.ts'
import { factoryNtag21x, publishedSignatures } from '../cards/ntag21x.ts'
import { publishedChips } from '../cards/ntag424-originality.ts'
import { factoryCard, personalisedCard } from '../cards/ntag424-state.ts'
import { desfireEv3Card, garbageCard, mifareClassicCard, muteCard } from '../cards/otherCards.ts'
import type { RandomSource } from '../cards/random.ts'
import type { VirtualCard } from '../cards/virtual-card.ts'
import { appletDefinition, appletStateOf } from './applet-definition.ts'
import { bytes, hexBytes, label, uid } from './card-words.ts'

/**
 * One line of `--cards FILE`. An `ntag424` without keys is as delivered by the factory, a `tolem-applet` that nobody
 * issued as it was installed. Without UID one is made up, of an `ntag424` one whose originality signature is NXP's own
 * while there are any; a `tolem-applet` then shows a random one.
 */
export const cardDefinition = z.discriminatedUnion('kind', [
  z.strictObject({
    label,
    kind: z.literal('ntag424'),
    /** The pseudonym under which tills know the card: a note of the issuing desk, not the card's. */
    card: z.string().optional(),
    uid: hexBytes(7).optional(),
    keys: z
      .strictObject({
        0: hexBytes(16),
        1: hexBytes(16),
        2: hexBytes(16),
        3: hexBytes(16),
        4: hexBytes(16),
      })
      .optional(),
  }),
  /** A card that people carry already; `random`: one that shows another UID each time. Of type B it is the PUPI. */
  z
    .strictObject({
      label,
      kind: z.literal('uid'),
      card: z.string().optional(),
      uid: z.union([uid, hexBytes(10), z.literal('random')]).optional(),
      speaks: z.enum(['classic', 'iso-dep', 'type-b']).default('iso-dep'),
    })
    .refine(({ speaks, uid: own }) => speaks !== 'type-b' || own === undefined || /^(random|.{8})$/.test(own), {
      path: ['uid'],
      message: 'a PUPI has 4 bytes',
    }),
  /** As delivered by the factory. Without UID one whose originality signature is NXP's own. */
  z.strictObject({
    label,
    kind: z.literal('ntag21x'),
    card: z.string().optional(),
    uid: hexBytes(7).optional(),
    model: z.enum(['NTAG213', 'NTAG215', 'NTAG216']).default('NTAG213'),
  }),
  appletDefinition,
  z.strictObject({ label, kind: z.enum(['mifare-classic', 'desfire', 'mute', 'garbage']), uid: uid.optional() }),
])
export const cardDefinitions = z.array(cardDefinition)
export type CardDefinition = z.infer<typeof cardDefinition>
export type CardKind = CardDefinition['kind']

export interface BoxedCard {
  readonly label: string
  readonly kind: CardKind
  /** Upper-case hex; null: another in each field. */
  readonly uid: string | null
}

const registered = z.array(
  z.object({
    label,
    kind: z.enum(['ntag424', 'tolem-applet', 'uid', 'ntag21x', 'mifare-classic', 'desfire', 'mute', 'garbage']),
    uid: z.union([uid, hexBytes(10)]).nullable(),
    file: z.string(),
  }),
)
type Registered = z.infer<typeof registered>[number]

const fileNameOf = (cardLabel: string): string =>
  cardLabel
    .normalize('NFC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '') || 'card'

function freeFileName(cardLabel: string, cards: readonly Registered[]): string {
  const base = fileNameOf(cardLabel)
  const taken = new Set([...cards.map((card) => card.file), 'register'])
  let name = base
  for (let count = 2; taken.has(name); count++) name = `${base}-${count}`
  return name
}

/** What its file begins with; null of a card without one. */
function newCard(definition: Exclude<CardDefinition, { kind: 'tolem-applet' }>, cardUid: string): StoredCard | null {
  switch (definition.kind) {
    case 'ntag424': {
      const { keys } = definition
      if (keys === undefined) return factoryCard({ uid: bytes(cardUid) })
      const each = [bytes(keys[0]), bytes(keys[1]), bytes(keys[2]), bytes(keys[3]), bytes(keys[4])] as const
      return personalisedCard({ uid: bytes(cardUid), keys: each })
    }
    case 'uid':
      return { kind: 'uid', uid: cardUid, speaks: definition.speaks }
    case 'ntag21x':
      return factoryNtag21x({ model: definition.model, uid: cardUid })
    default:
      return null
  }
}

export class CardBox {
  readonly #folder: string
  readonly #now: () => number
  readonly #random: RandomSource
  readonly #registerPath: string
  readonly #playing = new Map<string, FaultyCard>()

  constructor(of: { readonly folder: string; readonly now: () => number; readonly random: RandomSource }) {
    this.#folder = of.folder
    this.#now = of.now
    this.#random = of.random
    mkdirSync(of.folder, { recursive: true, mode: 0o700 })
    this.#registerPath = join(of.folder, 'register.json')
  }

  list(): BoxedCard[] {
    return this.#register().map(({ label: cardLabel, kind, uid: cardUid }) => ({
      label: cardLabel,
      kind,
      uid: cardUid,
    }))
  }

  /** Makes those cards whose label is not in the box yet; the others stay as they are. Returns the new labels. */
  add(definitions: readonly CardDefinition[]): string[] {
    const added: string[] = []
    const cards = this.#register()
    for (const definition of definitions) {
      if (cards.some((card) => card.label === definition.label)) continue
      const file = freeFileName(definition.label, cards)
      const { state, cardUid } = this.#newCard(definition, cards)
      if (state !== null) CardFile.create({ folder: this.#folder, name: file, state, now: this.#now })
      cards.push({ label: definition.label, kind: definition.kind, uid: cardUid, file })
      added.push(definition.label)
    }
    if (added.length > 0) this.#keepRegister(cards)
    return added
  }

  /** Its EEPROM, where it has one, and its UID: null of a card that shows another one in each field. */
  #newCard(
    definition: CardDefinition,
    cards: readonly Registered[],
  ): { readonly state: StoredCard | null; readonly cardUid: string | null } {
    if (definition.kind === 'tolem-applet') {
      const state = appletStateOf(definition, this.#random)
      return { state, cardUid: state.uid }
    }
    if (definition.kind === 'uid' && definition.uid === 'random')
      return { state: { kind: 'uid', uid: null, speaks: definition.speaks }, cardUid: null }
    const cardUid = (definition.uid ?? this.#madeUpUid(definition, cards)).toUpperCase()
    return { state: newCard(definition, cardUid), cardUid }
  }

  /** The card of that label; the same object until it is put back, because a card exists once. */
  card(cardLabel: string): FaultyCard | null {
    const playing = this.#playing.get(cardLabel)
    if (playing !== undefined) return playing
    const entry = this.#entry(cardLabel)
    if (entry === undefined) return null
    const card = this.#play(entry)
    this.#playing.set(cardLabel, card)
    return card
  }

  /** It left the reader: it may lie at another till next, so it is read from its file when it comes back. */
  putBack(cardLabel: string): void {
    this.#playing.delete(cardLabel)
  }

  /** The newest lines of the card's own log, oldest first; `null` when there is no such card. */
  log(cardLabel: string, last: number): CardLogLine[] | null {
    const entry = this.#entry(cardLabel)
    if (entry === undefined) return null
    const path = join(this.#folder, `${entry.file}.log.jsonl`)
    return existsSync(path) ? readCardLog(path).slice(-last) : []
  }

  /** As it stands now: the hardware of another till may have added to it. */
  #register(): Registered[] {
    if (!existsSync(this.#registerPath)) return []
    return registered.parse(JSON.parse(readFileSync(this.#registerPath, 'utf8')))
  }

  #entry(cardLabel: string): Registered | undefined {
    return this.#register().find((card) => card.label === cardLabel)
  }

  #play(entry: Registered): FaultyCard {
    if (entry.kind === 'ntag424' || entry.kind === 'tolem-applet' || entry.kind === 'uid' || entry.kind === 'ntag21x') {
      const file = CardFile.open(join(this.#folder, `${entry.file}.json`), { now: this.#now })
      return new FaultyCard(file.card({ random: this.#random }), {
        random: this.#random,
        onDidFail: (fault) => file.appendFault(fault),
      })
    }
    return new FaultyCard(this.#otherCard(entry.kind, bytes(entry.uid ?? '')), { random: this.#random })
  }

  #otherCard(
    kind: Exclude<CardKind, 'ntag424' | 'tolem-applet' | 'uid' | 'ntag21x'>,
    cardUid: Uint8Array,
  ): VirtualCard {
    switch (kind) {
      case 'mifare-classic':
        return mifareClassicCard({ uid: cardUid })
      case 'desfire':
        return desfireEv3Card({ uid: cardUid })
      case 'mute':
        return muteCard({ uid: cardUid })
      case 'garbage':
        return garbageCard({ uid: cardUid, random: this.#random })
    }
  }

  #madeUpUid(definition: CardDefinition, cards: readonly Registered[]): string {
    const { kind } = definition
    const originals = { ntag21x: publishedSignatures, ntag424: publishedChips } as const
    if (kind === 'ntag21x' || kind === 'ntag424') {
      const free = Object.keys(originals[kind]).find((one) => !cards.some((card) => card.uid === one))
      if (free !== undefined) return free
    }
    // 04 is NXP's manufacturer byte (ISO/IEC 7816-6).
    const random = Buffer.from(this.#random(6)).toString('hex')
    const isShort = kind === 'mifare-classic' || (kind === 'uid' && definition.speaks === 'type-b')
    return isShort ? random.slice(0, 8) : `04${random}`
  }

  #keepRegister(cards: readonly Registered[]): void {
    const besides = `${this.#registerPath}.${process.pid}.tmp`
    writeFileSync(besides, `${JSON.stringify(cards, null, 2)}\n`, { mode: 0o600 })
    renameSync(besides, this.#registerPath)
  }
}

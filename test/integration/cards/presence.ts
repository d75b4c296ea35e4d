/**
 * A virtual card on a virtual reader, as the terminal sees it. The card's code (`hardware-mocks/`) and the terminal's
 * (`src/voucher/cards/`) share nothing: where both agree, the documents are right twice.
 */
import { FaultyCard, type CardFault } from '../../../hardware-mocks/cards/faults.ts'
import { deriveKeys } from '../../../hardware-mocks/cards/key-diversification.ts'
import { factoryCard, personalisedCard, type Ntag424State } from '../../../hardware-mocks/cards/ntag424-state.ts'
import type { CardLogEntry } from '../../../hardware-mocks/cards/card-memory.ts'
import { VirtualNtag424 } from '../../../hardware-mocks/cards/ntag424.ts'
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import type { VirtualCard } from '../../../hardware-mocks/cards/virtual-card.ts'
import { VirtualReader } from '../../../hardware-mocks/reader/virtual-reader.ts'
import type { CardPresence } from '../../../src/drivers/ports.ts'
import type { CardChannel } from '../../../src/voucher/cards/card-channel.ts'
import { fileReadKeysFromMaster, openSun, type OpenedSun } from '../../../src/voucher/cards/sun.ts'
import { settlePromises } from '../../unit/drivers/fake-scheduler.ts'
import { VirtualTime } from '../../unit/hardware-mocks/virtual-time.ts'

/** Of the chip of AN12196 §8.2: NXP's signature over it is published, so a desk takes the card. */
export const uid = Buffer.from('04518DFAA96180', 'hex')
const master = (name: string): Buffer => Buffer.from(name.padEnd(16, '.'), 'ascii')

/** Of an issuer that exists in these tests only. */
export const masters = {
  application: master('application'),
  metaRead: master('meta read'),
  fileRead: master('file read'),
  till: master('till'),
  reserved: master('reserved'),
}
export const cardKeys = deriveKeys({ masters, uid })
export const personalised = personalisedCard({ uid, keys: cardKeys })
export const blank = factoryCard({ uid })

/** What the ledger reads out of a SUN message. */
export function openAtLedger(sun: { e: string; b: string; m: string }): OpenedSun {
  return openSun(sun, { metaReadKey: masters.metaRead, fileReadKeyOf: fileReadKeysFromMaster(masters.fileRead) })
}

export function faultyCard(state: Ntag424State): { card: VirtualNtag424; faulty: FaultyCard; log: CardLogEntry[] } {
  const log: CardLogEntry[] = []
  const memory = { save: () => {}, append: (entry: CardLogEntry) => void log.push(entry) }
  const card = VirtualNtag424.fromState(state, { random: seededRandom('card'), memory })
  return { card, faulty: new FaultyCard(card, { random: seededRandom('faults') }), log }
}

export const apduTimeoutMs = 1_000

/** A reader, and time that passes while something waits for it. */
export class ReaderBench {
  readonly time = new VirtualTime()
  readonly reader = new VirtualReader({ scheduler: this.time })
  presence: CardPresence | undefined

  constructor() {
    this.reader.onDidInsert((presence) => (this.presence = presence))
    this.reader.onDidRemove(() => (this.presence = undefined))
  }

  /** A new presence of this card; whatever lay there is taken away. */
  lay(card: VirtualCard): CardPresence {
    this.reader.pull()
    this.reader.lay(card)
    if (this.presence === undefined) throw new Error('the reader saw no card')
    return this.presence
  }

  channel({ presenceId, atr }: CardPresence): CardChannel {
    return { atr, transmit: (command) => this.reader.transmit(presenceId, command, apduTimeoutMs) }
  }

  /** Lets time pass until this is settled; a mute card needs the reader's time-out. */
  async settle<T>(work: Promise<T>): Promise<T> {
    let isSettled = false
    const settled = () => {
      isSettled = true
    }
    work.then(settled, settled)
    for (let turn = 0; turn < 1_000; turn += 1) {
      await settlePromises()
      if (isSettled) return work
      await this.time.pass(100)
    }
    throw new Error('still waiting after 100 seconds')
  }
}

export const everyFault: readonly CardFault[] = [
  { kind: 'lost-before' },
  { kind: 'answer-lost' },
  { kind: 'truncated', bytes: 0 },
  { kind: 'truncated', bytes: 1 },
  { kind: 'truncated', bytes: 2 },
  { kind: 'truncated', bytes: 9 },
  { kind: 'mute', isExecuted: false },
  { kind: 'mute', isExecuted: true },
  { kind: 'garbage' },
]

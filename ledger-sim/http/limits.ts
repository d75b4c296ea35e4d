/** Every limit of the door, as data: what is checked is what `GET /v1/limits` shows. */
import { pageLimits } from '../../src/sync/protocol/messages.ts'
import { tiynMax } from '../../src/voucher/money.ts'

/** What an owner does in a role, with all its keys, counts against one bucket each; a terminal has one for all. */
export const rateClasses = ['terminal', 'read', 'write', 'batch-item'] as const
export type RateClass = (typeof rateClasses)[number]

/** A token bucket: so many at once, and so many a second from then on. */
export interface Rate {
  readonly burst: number
  readonly perSecond: number
}

export type Rates = Readonly<Record<RateClass, Rate>>

/**
 * Far above what a till or an institution needs in its worst hour, so that only a loop or a flood is stopped: a till
 * that hands over 100,000 sales does so in 200 batches. A full batch fits four times into its burst.
 */
export const usualRates: Rates = {
  terminal: { burst: 50_000, perSecond: 500 },
  read: { burst: 20_000, perSecond: 200 },
  write: { burst: 20_000, perSecond: 200 },
  'batch-item': { burst: 32_000, perSecond: 2_000 },
}

export const limits = {
  /** Room for the largest batch: 500 sales with their evidence. */
  bodyBytesMax: 16 * 1024 * 1024,
  batchItemsMax: 8_000,
  terminalBatchItemsMax: pageLimits.batchItems,
  eventsPerPageMax: pageLimits.events,
  refusalsPerPageMax: 500,
  activationsPerPageMax: 500,
  groupsPerPageMax: 500,
  groupMembersPerPageMax: 1_000,
  groupMembersMax: 5_000,
  /** Older refusals make room for newer ones. */
  refusalsKept: 10_000,
  /** How far a signature's or token's time may be from the ledger's. */
  clockSkewSeconds: 120,
  signatureLifeSecondsMax: 300,
  tokenLifeSecondsMax: 300,
  /** How long an event of a feed is kept at least; longer while a webhook has still to deliver it. */
  eventsKeptSeconds: 90 * 24 * 3_600,
  /** The largest amount that a request may name, in tiyn. */
  amountTiynMax: Number(tiynMax),
  /** How often one may ask, by looking or by paying, whose a phone or card number is: of one account. */
  payeeLookupsPerAccountAndHourMax: 30,
  /** The same of a bank, for all its clients. */
  payeeLookupsPerBankAndHourMax: 5_000,
  /** A person's accounts at one bank: all of them are looked through with each payment of any. */
  accountsPerPersonAndBankMax: 20,
  /** How long the former key of a role may still be heard. */
  roleKeyGraceSecondsMax: 7 * 24 * 3_600,
} as const

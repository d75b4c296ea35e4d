/**
 * The words in which a scheme is explained: a language's own sentences around what the scheme says. Amounts, moments
 * and lists of names come as texts; where a number needs its own form of a word, it comes as a number.
 */
import type { CardProfile } from './card-rules.ts'
import type { Scheme } from './scheme.ts'

/** Hours and smaller, as the language abbreviates them. */
export interface DurationWords {
  readonly hours: string
  readonly minutes: string
  readonly seconds: string
  readonly milliseconds: string
}

/** Merchants that are not named: of which regions and kinds, null for any; and whether others are named before. */
export interface GeneralWords {
  readonly isFurther: boolean
  readonly regions: string | null
  readonly kinds: string | null
}

export interface SchemeWords {
  readonly quotes: readonly [opening: string, closing: string]
  readonly durations: DurationWords
  /** "school-lunch, version 3" */
  readonly version: (schemeId: string, version: number) => string
  /** After the names of a long list that are shown. */
  readonly andMore: (count: number) => string

  readonly payer: string
  readonly agency: (agencyId: string) => string
  readonly status: Readonly<Record<Scheme['status'], string>>

  readonly benefit: string
  readonly payments: (perPeriod: number, maximum: string) => string
  readonly allowance: (amount: string) => string
  readonly notCarriedOver: string
  readonly carriedOver: (atMost: string) => string
  readonly carriedPayments: (atMost: number) => string
  /** After both. */
  readonly carriedOnce: string
  readonly returned: (by: string) => string
  readonly activation: string
  readonly activationAnyTime: string
  readonly activateBefore: (moment: string) => string

  readonly goods: string
  readonly firstRuleHolds: string
  readonly categories: (names: string, count: number) => string
  readonly articles: (gtins: string, count: number) => string
  readonly paysNothing: string
  readonly paysWhole: string
  readonly paysUpTo: (perUnit: string) => string
  readonly paysPercent: (percent: number, roundedTo: 'tiyn' | 'tenge') => string
  readonly paysAbove: (perUnit: string) => string
  readonly unitsPerPiece: (units: number) => string

  readonly merchants: string
  readonly atMerchants: (names: string, count: number) => string
  readonly noMerchants: string
  readonly inGeneral: (where: GeneralWords) => string
  readonly except: (names: string) => string
  readonly asRegistered: string

  readonly periods: string
  readonly lasting: (count: number, from: string, to: string) => string
  readonly firstHours: (count: number) => string
  readonly anyHour: string
  readonly zone: string
  /** Of a scheme that says what the clocks show: its zone, and "UTC+6, UTC+5 from 01.03.2024 00:00". */
  readonly clocks: (timeZone: string, offsets: string) => string
  readonly offsetFrom: (offset: string, moment: string) => string
  readonly eachDayIsAPeriod: string
  readonly firstPeriods: (count: number) => string
  readonly usualHours: string
  /** From Monday to Sunday. */
  readonly weekdays: readonly string[]
  /** Before the days, which have the number of days in all. */
  readonly otherHours: (days: number) => string
  readonly closedDays: (days: number) => string

  readonly caps: string
  readonly perSale: (amount: string) => string
  readonly perBeneficiaryAndPeriod: (amount: string) => string
  readonly countPerBeneficiary: (count: number) => string

  readonly cards: string
  readonly cardKinds: Readonly<Record<CardProfile, string>>
  /** Before the caps for such cards. */
  readonly uidOffline: (by: string, on: string, words: string) => string

  readonly offline: string
  readonly offlinePolicy: Readonly<Record<Scheme['offline']['policy'], string>>
  /** Of the policy `card`: above which amount the holder's PIN is asked, null for never. */
  readonly pinAbove: (amount: string | null) => string
  /** Before the bounds of a scheme that does not pay without network. */
  readonly notInUse: string
  readonly terminalExposure: (amount: string) => string
  readonly ageSinceSync: (age: string) => string
  readonly allowedPolicyAge: (age: string) => string
  readonly agencyBears: (upTo: string) => string
  readonly merchantBears: string
  /** What is advanced to a new card. */
  readonly bridged: (atMost: string) => string
  readonly bridgedPayments: (atMost: number) => string

  readonly order: string
  readonly orderIs: (order: number) => string
}

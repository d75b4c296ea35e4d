/**
 * The kinds of customers of the crash run: what each buys, with which cards, under which network, and how the cashier
 * is to go on when something is left open. Every kind ends with goods given and paid, or with nothing at all.
 */

export interface Visit {
  readonly items: readonly string[]
  /** Presented one after the other, for as long as something is left to pay; the rest is paid in cash. */
  readonly cards: readonly CardKind[]
  readonly network?: NetworkTrouble
  /** The first card leaves the reader after so many commands. */
  readonly tearAfter?: number
  /** Put aside: the screen is free for the next customer, then the sale is taken up again, or given up. */
  readonly onTorn?: 'present_again' | 'cancel' | 'put_aside' | 'put_aside_and_give_up'
  readonly onUnknown?: 'wait' | 'serve_next' | 'cancel'
  /** The printer runs out of paper after so many lines, and gets a new roll when the customer has gone. */
  readonly paperEndsAfterLines?: number
  /** Done with the closed sale. */
  readonly after?: 'void' | 'reprint'
  /** The next school day begins before this customer comes. */
  readonly nextDay?: boolean
}

/** `leased`: sold to off line too. `unleased`: on line only. `family`: food, any number of times. */
export type CardKind = 'leased' | 'unleased' | 'family'

/**
 * - `cut`: there is none, and the till knows it.
 * - `lost`: the answer to the authorisation is lost.
 * - `cut_while_proving`: it goes while the card is being proved.
 */
export type NetworkTrouble = 'cut' | 'lost' | 'cut_while_proving'

const lunch = ['school-lunch']

export const visits = {
  online: { items: lunch, cards: ['leased'] },
  'online-unleased': { items: lunch, cards: ['unleased'] },
  offline: { items: lunch, cards: ['leased'], network: 'cut' },
  'lost-answer': { items: lunch, cards: ['leased'], network: 'lost' },
  'unknown-waits': { items: lunch, cards: ['unleased'], network: 'lost', onUnknown: 'wait' },
  'unknown-next': { items: lunch, cards: ['unleased'], network: 'lost', onUnknown: 'serve_next' },
  'unknown-cancelled': { items: lunch, cards: ['unleased'], network: 'lost', onUnknown: 'cancel' },
  torn: { items: lunch, cards: ['leased'], tearAfter: 7, onTorn: 'present_again' },
  'torn-cancelled': { items: lunch, cards: ['leased'], tearAfter: 8, onTorn: 'cancel' },
  'torn-aside': { items: lunch, cards: ['leased'], tearAfter: 7, onTorn: 'put_aside' },
  'torn-aside-given-up': { items: lunch, cards: ['leased'], tearAfter: 8, onTorn: 'put_aside_and_give_up' },
  refused: { items: lunch, cards: ['unleased'], network: 'cut_while_proving' },
  cash: { items: ['juice'], cards: [] },
  mixed: { items: ['school-lunch', 'bread', 'juice'], cards: ['leased', 'family'] },
  void: { items: lunch, cards: ['leased'], after: 'void' },
  'mixed-void': { items: ['school-lunch', 'bread', 'juice'], cards: ['leased', 'family'], after: 'void' },
  'cash-void': { items: ['juice'], cards: [], after: 'void' },
  reprint: { items: lunch, cards: ['leased'], after: 'reprint' },
  'paper-ends': { items: lunch, cards: ['leased'], paperEndsAfterLines: 12 },
  'paper-ends-cash': { items: ['juice'], cards: [], paperEndsAfterLines: 12 },
  'next-day': { items: lunch, cards: ['leased'], nextDay: true },
} as const satisfies Record<string, Visit>

export type VisitName = keyof typeof visits

/**
 * Money: whole tiyn (1/100 tenge) as a branded bigint. JSON carries a decimal string; no float ever touches an amount
 * (architecture.md, "Time, chance, money, errors").
 */
import { z } from 'zod'

declare const brand: unique symbol
/** An amount in tiyn. Never negative: a debt is a transfer the other way. */
export type Tiyn = bigint & { readonly [brand]: 'Tiyn' }

/** Ten thousand billion tenge: above everything real, far below where 64-bit storage could overflow. */
export const tiynMax = 1_000_000_000_000_000n

/** @throws RangeError outside 0…tiynMax: an amount that is not an amount is a broken invariant. */
export function tiyn(value: bigint | number): Tiyn {
  const amount = BigInt(value)
  if (amount < 0n || amount > tiynMax) throw new RangeError(`not an amount in tiyn: ${amount}`)
  return amount as Tiyn
}

export const zeroTiyn = tiyn(0n)

export function addTiyn(...amounts: readonly Tiyn[]): Tiyn {
  return tiyn(amounts.reduce((sum: bigint, amount) => sum + amount, 0n))
}

/** @throws RangeError when the result would be negative. */
export function subtractTiyn(from: Tiyn, amount: Tiyn): Tiyn {
  return tiyn(from - amount)
}

/** The part of `from` above `amount`, or zero. */
export function remainderTiyn(from: Tiyn, amount: Tiyn): Tiyn {
  return from > amount ? tiyn(from - amount) : zeroTiyn
}

export function smallestTiyn(first: Tiyn, ...others: readonly Tiyn[]): Tiyn {
  return others.reduce((smallest, amount) => (amount < smallest ? amount : smallest), first)
}

export function multiplyTiyn(amount: Tiyn, quantity: number): Tiyn {
  if (!Number.isSafeInteger(quantity) || quantity < 0) throw new RangeError(`not a quantity: ${quantity}`)
  return tiyn(amount * BigInt(quantity))
}

/** Decimal text from nothing to `tiynMax`. */
export const amountPattern = /^(0|[1-9]\d{0,14}|10{15})$/
export const positiveAmountPattern = /^([1-9]\d{0,14}|10{15})$/

/** Decimal string ↔ Tiyn, for JSON. */
export const tiynSchema = z.codec(
  z.string().regex(amountPattern, `an amount in tiyn, whole and as decimal text: 0 to ${tiynMax}`),
  z.custom<Tiyn>(isTiyn),
  { decode: (text) => BigInt(text) as Tiyn, encode: (amount) => amount.toString() },
)

/** The same where nothing is asked for nothing. */
export const positiveTiynSchema = z.codec(
  z.string().regex(positiveAmountPattern, {
    error: ({ input }) =>
      input === '0' ? 'more than nothing' : `an amount in tiyn, whole and as decimal text: 1 to ${tiynMax}`,
  }),
  z.custom<Tiyn>((value) => isTiyn(value) && value !== 0n),
  { decode: (text) => BigInt(text) as Tiyn, encode: (amount) => amount.toString() },
)

function isTiyn(value: unknown): boolean {
  return typeof value === 'bigint' && value >= 0n && value <= tiynMax
}

const groupSeparator = '\u202F'

/** "1 150,00 ₸": narrow no-break space between groups, comma, two digits, the sign after the number (ui.md, "Till"). */
export function formatTenge(amount: Tiyn, sign = '₸'): string {
  const digits = (amount / 100n).toString().replace(/\B(?=(\d{3})+$)/g, groupSeparator)
  const fraction = (amount % 100n).toString().padStart(2, '0')
  return `${digits},${fraction}\u00A0${sign}`
}

/**
 * The words in which a tried basket is told (`npm run scheme -- try`), each language's own. Amounts, moments and names
 * come as texts.
 */
import type { Language } from './identifiers.ts'
import type { LineReason } from './line-outcomes.ts'

export interface TrialWords {
  /** `merchant` as one of the two below says it. */
  readonly setting: (moment: string, merchant: string) => string
  readonly merchant: (merchantId: string) => string
  /** Not both are null. */
  readonly merchantOf: (region: string | null, kind: string | null) => string
  /** "2 × Bread (bread, 04870000000012) at 180,00 ₸: 360,00 ₸" */
  readonly line: (goods: string, unitPrice: string, total: string) => string
  readonly pays: (schemeId: string, amount: string) => string
  readonly paysNothing: (schemeId: string) => string
  /** After what a scheme pays of a line. */
  readonly byRule: (rule: number) => string
  readonly noRule: string
  readonly leftToPay: (amount: string) => string
  readonly reasons: Readonly<Record<LineReason, string>>
  readonly reducedBy: (code: string) => string
  readonly remains: (amount: string, payments: number, periodId: string) => string
  readonly total: (total: string, paid: string, left: string) => string
}

export const trialWords: Readonly<Record<Language, TrialWords>> = {
  kk: {
    setting: (moment, merchant) => `${moment}, ${merchant}, кезеңде ештеңе жұмсамаған карта.`,
    merchant: (merchantId) => `сатушы ${merchantId}`,
    merchantOf: (region, kind) =>
      `сатушы (${[region === null ? [] : `өңірі ${region}`, kind === null ? [] : `түрі ${kind}`].flat().join(', ')})`,
    line: (goods, unitPrice, total) => `${goods}, бағасы ${unitPrice}: ${total}`,
    pays: (schemeId, amount) => `${schemeId} ${amount} төлейді`,
    paysNothing: (schemeId) => `${schemeId} ештеңе төлемейді`,
    byRule: (rule) => `, ${rule}-ереже`,
    noRule: ': бұл тауар ешбір ережеде аталмаған',
    leftToPay: (amount) => `төлеуге қалды ${amount}`,
    reasons: {
      allowance_used: 'лимит немесе шек бұдан артыққа жетпейді',
      too_dear: 'бағасы бағдарлама төлейтіннен қымбат',
      own_part: 'сатып алушының үлесі',
      excluded: 'бұл тауар бағдарламаға кірмейді',
      not_listed: 'төлейтін ешбір бағдарлама бұл тауарды атамайды',
    },
    reducedBy: (code) => `, ${code} бойынша азайтылды`,
    remains: (amount, payments, periodId) => `${periodId} кезеңінде ${amount} және ${payments} төлем қалды`,
    total: (total, paid, left) => `Барлығы ${total}, төленді ${paid}, ТӨЛЕУГЕ ҚАЛДЫ ${left}`,
  },
  ru: {
    setting: (moment, merchant) => `${moment}, ${merchant}, по карте, с которой за период ещё не платили.`,
    merchant: (merchantId) => `у продавца ${merchantId}`,
    merchantOf: (region, kind) =>
      `у продавца${region === null ? '' : ` в регионе ${region}`}${kind === null ? '' : ` вида ${kind}`}`,
    line: (goods, unitPrice, total) => `${goods} по ${unitPrice}: ${total}`,
    pays: (schemeId, amount) => `${schemeId} платит ${amount}`,
    paysNothing: (schemeId) => `${schemeId} не платит ничего`,
    byRule: (rule) => ` по правилу ${rule}`,
    noRule: ': ни одно правило этот товар не называет',
    leftToPay: (amount) => `осталось оплатить ${amount}`,
    reasons: {
      allowance_used: 'лимит или ограничение больше не позволяет',
      too_dear: 'дороже, чем платит программа',
      own_part: 'доля покупателя',
      excluded: 'этот товар исключён',
      not_listed: 'ни одна платящая программа этот товар не называет',
    },
    reducedBy: (code) => `, уменьшено по ${code}`,
    remains: (amount, payments, periodId) => `в периоде ${periodId} осталось ${amount}, число оплат: ${payments}`,
    total: (total, paid, left) => `Итого ${total}, оплачено ${paid}, ОСТАЛОСЬ ОПЛАТИТЬ ${left}`,
  },
  en: {
    setting: (moment, merchant) => `At ${moment}, at ${merchant}, by a card that has used nothing in the period.`,
    merchant: (merchantId) => `the merchant ${merchantId}`,
    merchantOf: (region, kind) =>
      `a merchant${region === null ? '' : ` in region ${region}`}${kind === null ? '' : ` of kind ${kind}`}`,
    line: (goods, unitPrice, total) => `${goods} at ${unitPrice}: ${total}`,
    pays: (schemeId, amount) => `${schemeId} pays ${amount}`,
    paysNothing: (schemeId) => `${schemeId} pays nothing`,
    byRule: (rule) => ` by rule ${rule}`,
    noRule: ': no rule names these goods',
    leftToPay: (amount) => `left to pay ${amount}`,
    reasons: {
      allowance_used: 'the allowance or a limit leaves no more',
      too_dear: 'dearer than the scheme pays',
      own_part: 'the customer’s own part',
      excluded: 'these goods are excluded',
      not_listed: 'no scheme that pays names these goods',
    },
    reducedBy: (code) => `, reduced by ${code}`,
    remains: (amount, payments, periodId) =>
      `${amount} and ${payments === 1 ? '1 payment' : `${payments} payments`} are left in period ${periodId}`,
    total: (total, paid, left) => `Total ${total}, paid ${paid}, LEFT TO PAY ${left}`,
  },
}

/** English. */
import type { SchemeWords } from './scheme-words.ts'

const counted = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`

export const en: SchemeWords = {
  quotes: ['“', '”'],
  durations: { hours: 'h', minutes: 'min', seconds: 's', milliseconds: 'ms' },
  version: (schemeId, version) => `${schemeId}, version ${version}`,
  andMore: (count) => `and ${count} more`,

  payer: 'Who pays',
  agency: (agencyId) => `The agency ${agencyId} pays the merchant.`,
  status: {
    active: 'The scheme is in force.',
    suspended: 'The scheme is suspended: it pays nothing at present.',
    ended: 'The scheme has ended: it pays nothing any more.',
  },

  benefit: 'What it gives',
  payments: (perPeriod, maximum) =>
    `Each beneficiary: ${counted(perPeriod, 'payment', 'payments')} in a period` +
    `${perPeriod === 1 ? ', of' : ', each of'} at most ${maximum}.`,
  allowance: (amount) => `Each beneficiary: ${amount} for a period, in one payment or several.`,
  notCarriedOver: 'What is not used in a period does not pass on to the next one.',
  carriedOver: (atMost) =>
    `What is not used in a period passes on to the next one, at most ${atMost}, as soon as no till holds it any ` +
    'more.',
  carriedPayments: (atMost) =>
    `Payments that are not used in a period pass on to the next one, at most ${atMost}, as soon as no till holds ` +
    'them any more.',
  carriedOnce:
    'There it is used first; what is left of it when that period ends is lost. The limits bound it and the new ' +
    'allowance together.',
  returned: (by) =>
    `What of the scheme’s money is neither spent nor promised on ${by} goes back to the agency by itself; what ` +
    'becomes free later goes back as soon as it is free.',
  activation:
    'The beneficiary has to activate it: the first payment by the beneficiary’s own card, with network, is the ' +
    'activation. Until then no till pays without network.',
  activationAnyTime: 'There is no last day for it.',
  activateBefore: (moment) => `Who has not done so before ${moment} gets nothing any more.`,

  goods: 'For which goods',
  firstRuleHolds:
    'For each article in the basket, the first of these rules that names it holds. What no rule names, the customer ' +
    'pays.',
  categories: (names, count) => `${count === 1 ? 'goods of the kind' : 'goods of the kinds'} ${names}`,
  articles: (gtins, count) => `${count === 1 ? 'the article with barcode' : 'articles with barcodes'} ${gtins}`,
  paysNothing: 'excluded, the scheme pays nothing.',
  paysWhole: 'the scheme pays the whole price.',
  paysUpTo: (perUnit) => `the scheme pays at most ${perUnit} for one unit, the customer what is above it.`,
  paysPercent: (percent, roundedTo) =>
    `the scheme pays ${percent} % of the price, the customer the rest. The sum is rounded once, for all these goods ` +
    `in the basket, to ${roundedTo === 'tenge' ? 'a whole tenge' : 'a whole tiyn'}.`,
  paysAbove: (perUnit) => `the customer pays at most ${perUnit} for one unit, the scheme what is above it.`,
  unitsPerPiece: (units) => `One pack counts as ${units} units.`,

  merchants: 'Where',
  atMerchants: (names, count) => `At ${counted(count, 'merchant', 'merchants')}: ${names}.`,
  noMerchants: 'Nowhere yet: no merchant is named.',
  inGeneral: ({ isFurther, regions, kinds }) =>
    `${isFurther ? 'And at' : 'At'} every merchant${kinds === null ? '' : ` of the kinds (ISO 18245) ${kinds}`}` +
    `${regions === null ? ', anywhere in the country' : ` in the regions (KATO) ${regions}`}.`,
  except: (names) => `Not at: ${names}.`,
  asRegistered:
    'Where a merchant is and what it deals in is what its bank has registered. Where it changes, a till without ' +
    'network goes by what its rules said when it last got them.',

  periods: 'When',
  lasting: (count, from, to) =>
    count === 1
      ? `In 1 period, from ${from} to ${to}.`
      : `In ${count} periods: the first begins on ${from}, the last ends on ${to}.`,
  firstHours: (count) => (count === 1 ? 'Its hours:' : `Hours of the first ${count} periods:`),
  anyHour: 'at any hour',
  zone: 'All times are Almaty time (UTC+5), in this text only: the scheme itself counts in UTC.',
  clocks: (timeZone, offsets) =>
    `All times are those of ${timeZone} (${offsets}), in this text only: the scheme itself counts in UTC.`,
  offsetFrom: (offset, moment) => `from ${moment} on ${offset}`,
  eachDayIsAPeriod: 'Each open day is a period of its own.',
  firstPeriods: (count) => (count === 1 ? 'It is:' : `The first ${count} periods:`),
  usualHours: 'Usual hours:',
  weekdays: ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'],
  otherHours: (days) => `Other hours on ${counted(days, 'day', 'days')}:`,
  closedDays: (days) => `Closed on ${counted(days, 'day', 'days')} that would be open by the weekday:`,

  caps: 'Limits',
  perSale: (amount) => `In one sale: at most ${amount}.`,
  perBeneficiaryAndPeriod: (amount) => `One beneficiary in a period: at most ${amount}.`,
  countPerBeneficiary: (count) => `Payments of one beneficiary in a period: at most ${count}.`,

  cards: 'Cards',
  cardKinds: {
    uid:
      'It pays with cards that people already carry, known by their number (UID). Such a card proves nothing and can ' +
      'be copied.',
    ntag21x: 'It pays with NTAG213, NTAG215 and NTAG216 cards, with network only: such a card can be copied.',
    ntag424: 'It pays with cards that prove each sale (NTAG 424 DNA).',
    'tolem-applet': 'It pays with cards that hold the allowance and count its payments themselves.',
  },
  uidOffline: (by, on, words) =>
    `With cards known by their number it pays without network too, and what copied cards take is the agency’s loss. ` +
    `${by} accepted that on ${on}: ${words}. Without network these hold for them:`,

  offline: 'Without network',
  offlinePolicy: {
    deny: 'Without network the scheme does not pay.',
    'lease-listed':
      'The scheme pays without network too, at the till to which the beneficiary’s allowance was lent beforehand.',
    'lease-pool':
      'The scheme pays without network too, at tills to which the agency has lent a sum for it, to the beneficiaries ' +
      'whom such a till knows. Two tills that cannot hear of each other may pay one beneficiary more than the ' +
      'allowance: that is the agency’s loss, never more than the sums that it has lent.',
    card:
      'The scheme pays without network too, at every till that serves it: the beneficiary’s card holds the allowance ' +
      'and counts it down. The card gets each period’s allowance at a till with network. Of a lost card, what it ' +
      'still holds is kept until its period and the time for late sales are over.',
  },
  pinAbove: (amount) =>
    amount === null ? 'No payment needs the PIN of the card.' : `A payment above ${amount} needs the PIN of the card.`,
  notInUse: 'So the rest of this section is not in use:',
  terminalExposure: (amount) =>
    `One till sells at most ${amount} that the ledger does not know of yet, and half of it once its rules are half ` +
    'as old as they may be.',
  ageSinceSync: (age) => `A till sells for at most ${age} after it last reached the ledger.`,
  allowedPolicyAge: (age) =>
    `Its rules and its list of blocked cards are at most ${age} old. With older ones it does not sell; if it did, ` +
    'and the card was blocked, the loss is the merchant’s.',
  agencyBears: (upTo) =>
    `A sale that reaches the ledger too late is paid by the agency, up to ${upTo} in all; what is above it is the ` +
    'merchant’s loss.',
  merchantBears: 'A sale that reaches the ledger too late is the merchant’s loss.',
  bridged: (atMost) =>
    `Who gets a card in place of another one while a till holds the allowance is advanced at most ${atMost} of it by ` +
    'the agency, with network; what was advanced is taken off the allowance once no till holds it.',
  bridgedPayments: (atMost) =>
    `Who gets a card in place of another one while a till holds the allowance is advanced at most ` +
    `${counted(atMost, 'payment', 'payments')} of it by the agency, with network; what was advanced is taken off the ` +
    'allowance once no till holds it.',

  order: 'Order',
  orderIs: (order) =>
    `If a card carries several schemes, the one with the lowest number pays first. This one has ${order}.`,
}

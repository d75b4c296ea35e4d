/** Russian. */
import type { SchemeWords } from './scheme-words.ts'

/** "1 оплата, 2 оплаты, 5 оплат" */
function counted(count: number, one: string, few: string, many: string): string {
  const [tens, ones] = [count % 100, count % 10]
  const isTeen = tens > 10 && tens < 20
  const form = !isTeen && ones === 1 ? one : !isTeen && ones > 1 && ones < 5 ? few : many
  return `${count} ${form}`
}

export const ru: SchemeWords = {
  quotes: ['«', '»'],
  durations: { hours: 'ч', minutes: 'мин', seconds: 'с', milliseconds: 'мс' },
  version: (schemeId, version) => `${schemeId}, версия ${version}`,
  andMore: (count) => `и ещё ${count}`,

  payer: 'Кто платит',
  agency: (agencyId) => `Продавцу платит ведомство ${agencyId}.`,
  status: {
    active: 'Программа действует.',
    suspended: 'Программа приостановлена: сейчас она ничего не оплачивает.',
    ended: 'Программа завершена: больше она ничего не оплачивает.',
  },

  benefit: 'Что даёт',
  payments: (perPeriod, maximum) =>
    `Каждому получателю: ${counted(perPeriod, 'оплата', 'оплаты', 'оплат')} за период, ` +
    `${perPeriod === 1 ? '' : 'каждая '}не больше ${maximum}.`,
  allowance: (amount) => `Каждому получателю: ${amount} на период, одной оплатой или несколькими.`,
  notCarriedOver: 'Что за период не потрачено, на следующий не переходит.',

  goods: 'За какие товары',
  firstRuleHolds:
    'Для каждого товара в корзине действует первое правило, в котором он назван. Чего нет ни в одном правиле, ' +
    'оплачивает покупатель.',
  categories: (names, count) => `${count === 1 ? 'товары вида' : 'товары видов'} ${names}`,
  articles: (gtins, count) => `${count === 1 ? 'товар со штрихкодом' : 'товары со штрихкодами'} ${gtins}`,
  paysNothing: 'исключение, программа не платит.',
  paysWhole: 'программа платит всю цену.',
  paysUpTo: (perUnit) => `программа платит не больше ${perUnit} за штуку, остальное — покупатель.`,
  paysPercent: (percent, roundedTo) =>
    `программа платит ${percent} % цены, остальное — покупатель. Сумма округляется один раз на все эти товары ` +
    `в корзине, ${roundedTo === 'tenge' ? 'до целых тенге' : 'до целых тиынов'}.`,
  paysAbove: (perUnit) => `покупатель платит не больше ${perUnit} за штуку, остальное — программа.`,
  unitsPerPiece: (units) => `Одна упаковка — это ${units} шт.`,

  merchants: 'Где',
  atMerchants: (names, count) => `У ${counted(count, 'продавца', 'продавцов', 'продавцов')}: ${names}.`,
  noMerchants: 'Пока нигде: не назван ни один продавец.',

  periods: 'Когда',
  lasting: (count, from, to) =>
    count === 1
      ? `1 период, с ${from} до ${to}.`
      : `${counted(count, 'период', 'периода', 'периодов')}: первый начинается ${from}, последний заканчивается ${to}.`,
  firstHours: (count) => (count === 1 ? 'Часы работы:' : `Часы работы в первых периодах (${count}):`),
  anyHour: 'в любое время',
  zone: 'Время — алматинское (UTC+5), и только в этом тексте: сама программа считает время в UTC.',

  caps: 'Ограничения',
  perSale: (amount) => `За одну продажу: не больше ${amount}.`,
  perBeneficiaryAndPeriod: (amount) => `Одному получателю за период: не больше ${amount}.`,
  countPerBeneficiary: (count) => `Число оплат одного получателя за период: не больше ${count}.`,

  offline: 'Без сети',
  offlinePolicy: {
    deny: 'Без сети программа не платит.',
    'lease-listed': 'Программа платит и без сети — на той кассе, которой лимит получателя передан заранее.',
  },
  notInUse: 'Поэтому остальное в этом разделе не действует:',
  terminalExposure: (amount) =>
    `Одна касса продаёт не больше чем на ${amount}, пока реестр об этом не знает, и вдвое меньше, когда её правила ` +
    'отслужили половину срока.',
  ageSinceSync: (age) => `Касса продаёт не дольше ${age} после последней связи с реестром.`,
  allowedPolicyAge: (age) =>
    `Её правила и список заблокированных карт — не старше ${age}. По более старым она не продаёт, а если продала ` +
    'и карта была заблокирована, убыток несёт продавец.',
  agencyBears: (upTo) =>
    `Продажу, которая дошла до реестра слишком поздно, оплачивает ведомство, всего не больше ${upTo}; что сверх ` +
    'этого — убыток продавца.',
  merchantBears: 'Продажа, которая дошла до реестра слишком поздно, — убыток продавца.',

  order: 'Очерёдность',
  orderIs: (order) =>
    `Если на карте несколько программ, первой платит та, у которой меньше номер. Номер этой: ${order}.`,
}

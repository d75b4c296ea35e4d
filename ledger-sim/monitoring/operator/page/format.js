/** Amounts, times and counts as the product writes them everywhere: a browser's own formats differ by version. */

const narrowSpace = '\u202F'

function grouped(digits) {
  return digits.replaceAll(/\B(?=(\d{3})+$)/g, narrowSpace)
}

/** "1 150,00 ₸". @param tiyn decimal text, as the ledger sends it */
export function tenge(tiyn) {
  const amount = BigInt(tiyn)
  const size = amount < 0n ? -amount : amount
  const whole = grouped((size / 100n).toString())
  const rest = (size % 100n).toString().padStart(2, '0')
  return `${amount < 0n ? '−' : ''}${whole},${rest}${narrowSpace}₸`
}

export function count(number) {
  return grouped(String(number))
}

/** "14:05", by the clock of who looks. */
export function clockTime(milliseconds) {
  const moment = new Date(milliseconds)
  return [moment.getHours(), moment.getMinutes()].map((part) => String(part).padStart(2, '0')).join(':')
}

/** "14:05:09": a figure that moves shows that the page lives. */
export function clockTimeToTheSecond(milliseconds) {
  return `${clockTime(milliseconds)}:${String(new Date(milliseconds).getSeconds()).padStart(2, '0')}`
}

/** "25.11. 14:05" */
export function dayAndTime(milliseconds) {
  const moment = new Date(milliseconds)
  const day = [moment.getDate(), moment.getMonth() + 1].map((part) => String(part).padStart(2, '0')).join('.')
  return `${day}. ${clockTime(milliseconds)}`
}

/**
 * The operator's page: asks for the figures again and again and draws them. It can do nothing else. When the ledger
 * does not answer, the last figures stay, pale, under a sentence that says from when they are.
 */
import { bars, parted } from './charts.js'
import { clockTime, clockTimeToTheSecond, count, dayAndTime, tenge } from './format.js'
import { codes, texts } from './texts.js'

const everyMs = 2_000
const staleAfterMs = 8_000

const byId = (id) => document.getElementById(id)
const stored = (name) => localStorage.getItem(`tolem-operator-${name}`)
const store = (name, value) => localStorage.setItem(`tolem-operator-${name}`, value)

let language = ['kk', 'ru', 'en'].find((known) => known === stored('language')) ?? preferredLanguage()
let theme = stored('theme') ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')
let state
let answeredAt = 0
let isLetIn = true

function preferredLanguage() {
  return navigator.languages.map((name) => name.slice(0, 2)).find((name) => name in texts) ?? 'ru'
}

function words() {
  return texts[language]
}

/** @param content text, or elements */
function cell(content, className) {
  const made = document.createElement('td')
  if (className !== undefined) made.className = className
  made.append(content)
  return made
}

function row(...cells) {
  const made = document.createElement('tr')
  made.append(...cells)
  return made
}

function emptyRow(text, columns) {
  const only = cell(text, 'quiet')
  only.colSpan = columns
  return row(only)
}

function say(id, text, className = byId(id).className) {
  const place = byId(id)
  if (place.textContent !== text) place.textContent = text
  if (place.className !== className) place.className = className
}

function draw() {
  const own = words()
  document.documentElement.lang = language
  document.documentElement.dataset.theme = theme
  document.title = own.title
  for (const place of document.querySelectorAll('[data-text]')) place.textContent = own[place.dataset.text]
  for (const button of document.querySelectorAll('[data-language]'))
    button.setAttribute('aria-pressed', String(button.dataset.language === language))
  say('theme', theme === 'dark' ? own.light : own.dark)
  drawNotice()
  byId('figures').hidden = state === undefined
  if (state === undefined) return
  say('nodes', state.nodes.map(({ nodeId, startedAt }) => own.node(nodeId, dayAndTime(startedAt))).join(' '), 'ok')
  say('updated', own.updated(clockTimeToTheSecond(state.at)))
  drawKeyFigures()
  drawPayments()
  drawWallets()
  drawLeases()
  drawSchemes()
  drawTills()
  drawDiscrepancies()
}

function drawNotice() {
  const isStale = state !== undefined && Date.now() - answeredAt > staleAfterMs
  const text = isLetIn ? (isStale ? words().stale(clockTime(state.at)) : '') : words().noSession
  const notice = byId('notice')
  notice.hidden = text === ''
  if (notice.textContent !== text) notice.textContent = text
  document.body.classList.toggle('stale', isStale || !isLetIn)
}

function drawKeyFigures() {
  const own = words()
  const { circulation, paymentsByMinute, leases, terminals } = state
  say('circulation', tenge(circulation.inCirculation))
  say('issued', own.issued(tenge(circulation.issued)))
  say('payments', count(paymentsByMinute.reduce((sum, number) => sum + number, 0)))
  say('payments-minute', own.lastMinute(count(paymentsByMinute.at(-2) ?? 0)))
  const sumOf = (field) => leases.reduce((sum, lease) => sum + BigInt(lease[field]), 0n)
  const [exposure, escrow] = [sumOf('exposure'), sumOf('escrow')]
  say('exposure', tenge(exposure))
  if (exposure === escrow) say('escrow', own.escrowCovers(tenge(escrow)), 'quiet')
  else say('escrow', own.escrowDiffers(tenge(escrow)), 'off')
  const inUse = terminals.filter(({ connectivity }) => connectivity !== 'gone' && connectivity !== 'never_heard')
  const heard = inUse.filter(({ connectivity }) => connectivity === 'heard')
  say('tills-heard', inUse.length === 0 ? count(0) : own.heardOf(count(heard.length), count(inUse.length)))
  const silent = inUse.length - heard.length
  if (silent > 0) say('tills-silent', own.silentTills(count(silent)), 'limited')
  else if (inUse.length > 0) say('tills-silent', own.allHeard, 'ok')
  else say('tills-silent', whyNoneIsInUse(terminals), 'quiet')
}

/** The same tills as in the table, by what is said of them there. */
function whyNoneIsInUse(terminals) {
  const own = words()
  if (terminals.length === 0) return own.noTills
  const gone = terminals.filter(({ connectivity }) => connectivity === 'gone').length
  const fresh = terminals.length - gone
  return [
    ...(fresh > 0 ? [own.notStartedTills(count(fresh))] : []),
    ...(gone > 0 ? [own.endedTills(count(gone))] : []),
  ].join(', ')
}

function drawPayments() {
  const { paymentsByMinute, at } = state
  const minute = 60_000
  const labels = [at - 59 * minute, at - 30 * minute, at].map(clockTime)
  byId('chart-payments').replaceChildren(bars(paymentsByMinute, labels, words().paymentsByMinute))
}

function drawWallets() {
  const own = words()
  const largest = state.wallets
    .map(({ kind, balance }) => ({ name: own.wallets[kind] ?? kind, size: BigInt(balance) }))
    .filter(({ size }) => size > 0n)
    .toSorted((first, second) => (first.size > second.size ? -1 : 1))
  const rest = largest.slice(3).reduce((sum, { size }) => sum + size, 0n)
  const shown = largest.length <= 4 ? largest : [...largest.slice(0, 3), { name: own.otherWallets, size: rest }]
  const parts = shown.map((part) => ({ ...part, words: tenge(part.size) }))
  byId('chart-wallets').replaceChildren(parted(parts, own.whereTheMoneyIs))
}

function drawLeases() {
  const own = words()
  const { leases, eventStreams, webhookQueue } = state
  const ends = leases.map(({ sellUntil }) => sellUntil)
  say('leases', leases.length === 0 ? own.noLeases : own.leases(count(leases.length), dayAndTime(Math.min(...ends))))
  say('readers', own.readers(count(eventStreams), count(webhookQueue)))
}

function drawSchemes() {
  const own = words()
  const list = state.schemes.map((scheme) => {
    const box = document.createElement('div')
    box.className = 'scheme'
    const head = document.createElement('p')
    const name = document.createElement('strong')
    name.textContent = scheme.schemeId
    const funded = document.createElement('span')
    funded.textContent = own.schemeFunded(tenge(scheme.funded))
    head.append(name, funded)
    const parts = [
      ['spent', scheme.spent],
      ['inLeases', scheme.escrow],
      ['free', scheme.free],
      ...(scheme.inReview === '0' ? [] : [['inReview', scheme.inReview]]),
      ...(scheme.returned === '0' ? [] : [['returned', scheme.returned]]),
    ].map(([key, amount]) => {
      const size = BigInt(amount)
      return { name: own[key], words: tenge(amount), size: size < 0n ? 0n : size }
    })
    box.append(head, parted(parts, scheme.schemeId))
    if (scheme.awaitingFunds !== '0') {
      const waits = document.createElement('p')
      waits.className = 'limited'
      waits.textContent = own.schemeWaits(tenge(scheme.awaitingFunds))
      box.append(waits)
    }
    return box
  })
  byId('schemes').replaceChildren(...(list.length === 0 ? [own.noSchemes] : list))
}

/** Whoever is in trouble comes first. */
const troubleOrder = ['silent', 'silent_by_choice', 'heard', 'never_heard', 'gone']
const tillsShown = 8

function drawTills() {
  const own = words()
  const rank = ({ status, connectivity }) => (status === 'suspended' ? -1 : troubleOrder.indexOf(connectivity))
  const tills = state.terminals.toSorted((first, second) => rank(first) - rank(second)).slice(0, tillsShown)
  const looks = { never_heard: 'quiet', heard: 'ok', silent: 'off', silent_by_choice: 'limited', gone: 'quiet' }
  const rows = tills.map(({ terminalId, status, connectivity, lastSeenAt, queue, exposure }) => {
    const isSuspended = status === 'suspended'
    const queued = queue === null ? own.never : count(queue.length)
    return row(
      cell(terminalId),
      cell(isSuspended ? own.suspended : own.connectivity[connectivity], isSuspended ? 'off' : looks[connectivity]),
      cell(lastSeenAt === null ? own.never : clockTime(lastSeenAt), 'number'),
      cell(queue?.since ? own.queueSince(queued, clockTime(queue.since)) : queued, 'number'),
      cell(tenge(exposure), 'number'),
    )
  })
  byId('tills').replaceChildren(...(rows.length === 0 ? [emptyRow(own.noTills, 5)] : rows))
}

function whatHappened(code) {
  const known = code.startsWith('EXISTS_WITH_DIFFERENT') ? 'EXISTS_WITH_DIFFERENT' : code
  return codes[language][known] ?? code
}

function drawDiscrepancies() {
  const own = words()
  say('open-discrepancies', state.openDiscrepancies === 0 ? '' : own.openCount(count(state.openDiscrepancies)))
  const rows = state.discrepancies.map(({ at, terminalId, code, owner, amount, appeal }) =>
    row(
      cell(dayAndTime(at)),
      cell(terminalId),
      cell(whatHappened(code)),
      cell(own.bearer[owner] ?? owner),
      cell(tenge(amount), 'number'),
      cell(appeal === null ? own.noAppeal : (own.appealState[appeal] ?? appeal)),
    ),
  )
  byId('discrepancies').replaceChildren(...(rows.length === 0 ? [emptyRow(own.noDiscrepancies, 6)] : rows))
}

/** The token is good once, and is not left in the address. */
async function enter() {
  const token = /^#t=([A-Za-z0-9_-]+)$/.exec(location.hash)?.[1]
  if (token === undefined) return
  history.replaceState(null, '', location.pathname)
  await fetch('/operator/session', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
  }).catch(() => undefined)
}

async function ask() {
  try {
    const answer = await fetch('/operator/state', { signal: AbortSignal.timeout(staleAfterMs) })
    isLetIn = answer.status !== 401
    if (answer.ok) {
      state = await answer.json()
      answeredAt = Date.now()
    }
  } catch {
    // The ledger is not there now: the notice says so, and it is asked again.
  }
  draw()
  setTimeout(ask, everyMs)
}

for (const button of document.querySelectorAll('[data-language]'))
  button.addEventListener('click', () => {
    language = button.dataset.language
    store('language', language)
    draw()
  })
byId('theme').addEventListener('click', () => {
  theme = theme === 'dark' ? 'light' : 'dark'
  store('theme', theme)
  draw()
})

draw()
await enter()
await ask()

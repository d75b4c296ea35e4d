// The panel's page: a view of GET /api/state, and buttons that POST. It holds nothing that the server does not know,
// apart from what is typed and which log is shown.

import { at, build, choice, numbered, part } from './elements.js'
import { drawHid } from './hid.js'
import { logLine } from './log-words.js'
import { drawSlips } from './slips.js'
import { showWallet } from './wallet.js'

let state = null
let shownLog = 'card'
let lastCard = null
let troubleTimer = 0

function say(trouble) {
  at('trouble').textContent = trouble
  clearTimeout(troubleTimer)
  troubleTimer = setTimeout(() => {
    at('trouble').textContent = ''
  }, 5000)
}

async function post(path, body) {
  try {
    const response = await fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const answer = await response.json()
    if (!response.ok) return say(answer.detail)
    show(answer.state)
  } catch {
    say('The virtual hardware does not answer.')
  }
}

/** What becomes of a payment, without a word when it cannot be heard now. */
async function askQuietly(paymentId) {
  const headers = { 'content-type': 'application/json' }
  await fetch('/api/wallet/look', { method: 'POST', headers, body: JSON.stringify({ paymentId }) }).catch(() => null)
}

async function lay(label) {
  const lying = state.reader.card
  if (lying === label) return post('/api/reader/pull', {})
  if (lying !== null) await post('/api/reader/pull', {})
  await post('/api/reader/lay', { card: label })
}

const printerMood = ({ power, paper, cover, online, cutter, stalled }) =>
  power === 'off'
    ? ['bad', 'Printer off']
    : cover === 'open'
      ? ['bad', 'Printer: cover open']
      : paper === 'out'
        ? ['bad', 'Printer: no paper']
        : !online
          ? ['bad', 'Printer off line']
          : stalled
            ? ['bad', 'Printer: cutter jammed']
            : cutter === 'jammed'
              ? ['warn', 'Printer: next cut jams']
              : paper === 'near-end'
                ? ['warn', 'Printer: paper near its end']
                : ['', 'Printer ready']

const networkMood = ({ mode, loseAnswers, delayMs }) =>
  mode === 'cut'
    ? ['bad', 'Network cut']
    : mode === 'black-hole'
      ? ['bad', 'Network swallows everything']
      : mode === 'hold'
        ? ['warn', 'Network holds everything']
        : loseAnswers.count > 0
          ? ['warn', `Network: ${loseAnswers.count} answer${loseAnswers.count > 1 ? 's' : ''} will be lost`]
          : delayMs > 0
            ? ['warn', `Network up, ${delayMs} ms late`]
            : ['', 'Network up']

function drawLights() {
  const { reader, network, printer } = state
  const readerMood = !reader.plugged
    ? ['bad', 'Reader unplugged']
    : reader.card === null
      ? ['idle', 'Reader empty']
      : ['', `Reader: ${reader.card}`]
  return [readerMood, networkMood(network), printerMood(printer)].map(([mood, words]) =>
    build('li', {}, build('span', { class: `mark ${mood}` }), build('span', { text: words })),
  )
}

function drawPad() {
  const { reader, cards } = state
  const card = cards.find(({ label }) => label === reader.card)
  const words =
    card === undefined
      ? build(
          'div',
          {},
          build('strong', { text: reader.plugged ? 'No card' : 'Unplugged' }),
          build('span', { text: 'Choose a card below' }),
        )
      : build(
          'div',
          {},
          build('strong', { text: card.label }),
          build('span', { text: `${card.kind} · ${reader.commands} command${reader.commands === 1 ? '' : 's'}` }),
        )
  const pull = build(
    'button',
    {
      type: 'button',
      disabled: card === undefined,
      'data-key': 'pull',
      onclick: () => post('/api/reader/pull', {}),
    },
    'Pull away',
    build('kbd', { text: 'Esc' }),
  )
  return [build('div', { class: card === undefined ? 'pad' : 'pad lying' }, words, pull)]
}

function drawMisfortunes() {
  const none = state.reader.card === null
  const fault =
    (kind, rest = {}) =>
    (atCommand) =>
      post('/api/reader/fault', { kind, atCommand: Math.max(1, atCommand), ...rest })
  return [
    numbered('Pull away in', 'ms', 400, (afterMs) => post('/api/reader/pull', { afterMs }), none),
    numbered('Pull away after', 'commands', 4, (afterCommands) => post('/api/reader/pull', { afterCommands }), none),
    numbered('Lose answer no.', 'from now', 5, fault('answer-lost'), none),
    numbered('Mute from no.', 'from now', 1, fault('mute'), none),
    numbered('Garbage answer no.', 'from now', 1, fault('garbage'), none),
    build(
      'div',
      { class: 'controls' },
      choice(
        'The reader takes as long as',
        state.reader.latency,
        [
          ['none', 'None'],
          ['acr122u', 'ACR122U'],
          ['embedded', 'Built in'],
          ['slow', 'Slow', 'warn'],
        ],
        (latency) => post('/api/reader', { latency }),
      ),
    ),
    build(
      'div',
      { class: 'row' },
      build('button', {
        type: 'button',
        text: 'Disarm',
        'data-key': 'disarm',
        disabled: none,
        onclick: () => post('/api/reader/fault', { kind: 'none' }),
      }),
      build('button', {
        type: 'button',
        text: state.reader.plugged ? 'Unplug the reader' : 'Plug the reader in',
        'data-key': 'plug',
        onclick: () => post('/api/reader', { plugged: !state.reader.plugged }),
      }),
    ),
  ]
}

const foundCards = () => {
  const words = at('find').value.trim().toLowerCase()
  return state.cards.filter(({ label, kind }) => `${label} ${kind}`.toLowerCase().includes(words))
}

function drawCards() {
  const found = foundCards()
  if (found.length === 0)
    return [build('p', { class: 'empty', text: state.cards.length === 0 ? 'The box is empty.' : 'No such card.' })]
  return found.map(({ label, kind, uid }, index) =>
    build(
      'button',
      {
        type: 'button',
        'aria-pressed': String(state.reader.card === label),
        'data-key': label,
        onclick: () => lay(label),
      },
      build('span', { text: label }),
      build('small', { text: kind }),
      build('small', { text: uid ?? 'random UID' }),
      index < 9 ? build('kbd', { text: String(index + 1) }) : null,
    ),
  )
}

function drawNetwork() {
  const { network } = state
  const set = (body) => post('/api/network', body)
  return [
    build(
      'div',
      { class: 'controls' },
      choice(
        'Connection',
        network.mode,
        [
          ['up', 'Up'],
          ['cut', 'Cut', 'bad'],
          ['black-hole', 'Black hole', 'bad'],
          ['hold', 'Hold', 'warn'],
        ],
        (mode) => set({ mode }),
        { cut: 'N' },
      ),
      choice(
        'Delay',
        network.delayMs,
        [
          [0, 'None'],
          [300, '0.3 s', 'warn'],
          [1000, '1 s', 'warn'],
          [3000, '3 s', 'warn'],
        ],
        (delayMs) => set({ delayMs }),
      ),
      choice(
        'Lose answers',
        network.loseAnswers.count,
        [
          [0, 'None'],
          [1, 'Next', 'warn'],
          [2, 'Next 2', 'warn'],
          [3, 'Next 3', 'warn'],
        ],
        (loseNext) => set({ loseNext }),
        { 1: 'L' },
      ),
    ),
    build('p', {
      class: 'note',
      text: [
        `${network.requests} requests passed`,
        `${network.answersLost} answers lost`,
        `${network.openConnections} connections open`,
      ].join(', '),
    }),
  ]
}

function drawPrinter() {
  const { printer } = state
  const set = (body) => post('/api/printer', body)
  return [
    build(
      'div',
      { class: 'controls' },
      choice(
        'Paper',
        printer.paper,
        [
          ['present', 'In'],
          ['near-end', 'Near end', 'warn'],
          ['out', 'Out', 'bad'],
        ],
        (paper) => set({ paper }),
        { out: 'P' },
      ),
      choice(
        'Power',
        printer.power,
        [
          ['on', 'On'],
          ['off', 'Off', 'bad'],
        ],
        (power) => set({ power }),
      ),
      choice(
        'Cover',
        printer.cover,
        [
          ['closed', 'Closed'],
          ['open', 'Open', 'bad'],
        ],
        (cover) => set({ cover }),
      ),
      choice(
        'Line',
        printer.online,
        [
          [true, 'On line'],
          [false, 'Off line', 'bad'],
        ],
        (online) => set({ online }),
      ),
      choice(
        'Cutter',
        printer.cutter,
        [
          ['ok', 'Free'],
          ['jammed', 'Jammed', 'bad'],
        ],
        (cutter) => set({ cutter }),
      ),
      choice(
        'Drawer',
        printer.drawer,
        [
          ['closed', 'Closed'],
          ['open', 'Open', 'warn'],
        ],
        (drawer) => set({ drawer }),
      ),
      choice(
        'Answers status',
        printer.answers,
        [
          [true, 'Yes'],
          [false, 'Never', 'bad'],
        ],
        (answers) => set({ answers }),
      ),
      choice(
        'Speed',
        printer.bytesPerSecond,
        [
          [null, 'Full'],
          [500, 'Slow', 'warn'],
          [60, 'Crawling', 'warn'],
        ],
        (bytesPerSecond) => set({ bytesPerSecond }),
      ),
    ),
    build(
      'div',
      { class: 'misfortunes' },
      numbered('Paper ends after', 'lines', 3, (lines) => set({ paperEndsAfterLines: Math.max(1, lines) })),
      numbered('Cut connection after', 'bytes', 200, (bytes) => set({ cutConnectionAfterBytes: Math.max(1, bytes) })),
    ),
    build('p', {
      class: 'note',
      text: [
        `Port ${printer.port}`,
        `${printer.widthDots} dots`,
        printer.connected ? 'till connected' : 'no till connected',
        printer.bufferedBytes > 0 ? `${printer.bufferedBytes} bytes waiting` : null,
        printer.paperEndsAfterLines === null ? null : `paper ends after ${printer.paperEndsAfterLines} lines`,
      ]
        .filter((words) => words !== null)
        .join(' · '),
    }),
  ]
}

const logNames = [
  ['card', 'Card'],
  ['reader', 'Reader'],
  ['network', 'Network'],
  ['printer', 'Printer'],
  ['hid', 'USB'],
  ['wallet', 'Wallet'],
]

function drawLogChoice() {
  return logNames.map(([name, words]) =>
    build('button', {
      type: 'button',
      text: words,
      'data-key': name,
      'aria-pressed': String(shownLog === name),
      onclick: () => {
        shownLog = name
        show(state)
        void readLog()
      },
    }),
  )
}

async function readLog() {
  if (state === null) return
  let lines = []
  if (shownLog === 'card') {
    if (lastCard !== null) {
      const response = await fetch(`/api/cards/${encodeURIComponent(lastCard)}/log?last=60`)
      lines = (await response.json()).map(({ at: when, kind, ...details }) => ({
        at: when,
        what: `${lastCard}, ${kind}`,
        details,
      }))
    }
  } else {
    lines = (await (await fetch('/api/log')).json())[shownLog]
  }
  part('log', [shownLog, lines], () =>
    lines.length === 0
      ? [build('li', {}, build('span', { class: 'empty', text: 'Nothing yet.' }))]
      : lines.map(logLine).toReversed(),
  )
}

function show(next) {
  state = next
  if (state.reader.card !== null) lastCard = state.reader.card
  part('lights', [state.reader, state.network, state.printer], drawLights)
  part('pad', [state.reader, state.cards], drawPad)
  part('misfortunes', [state.reader.card, state.reader.plugged, state.reader.latency], drawMisfortunes)
  part('cards', [foundCards(), state.reader.card], drawCards)
  part('network', state.network, drawNetwork)
  part('printer', state.printer, drawPrinter)
  part('hid', state.hid, () => drawHid(state.hid, post))
  showWallet(state.wallet, { post, say, look: askQuietly })
  part('slips', state.slips, () => drawSlips(state.slips))
  part('log-choice', shownLog, drawLogChoice)
}

async function look() {
  try {
    show(await (await fetch('/api/state')).json())
    await readLog()
  } catch {
    // The event stream reports a lost connection and comes back by itself.
  }
}

const events = new EventSource('/api/events')
events.addEventListener('message', look)
events.addEventListener('open', () => {
  at('connection').textContent = ''
})
events.addEventListener('error', () => {
  at('connection').textContent = 'No connection to the virtual hardware'
})

at('find').addEventListener('input', () => show(state))

const keys = {
  Escape: () => post('/api/reader/pull', {}),
  n: () => post('/api/network', { mode: state.network.mode === 'up' ? 'cut' : 'up' }),
  l: () => post('/api/network', { loseNext: state.network.loseAnswers.count === 0 ? 1 : 0 }),
  p: () => post('/api/printer', { paper: state.printer.paper === 'out' ? 'present' : 'out' }),
  '/': () => at('find').focus(),
}

addEventListener('keydown', (event) => {
  if (state === null || event.ctrlKey || event.altKey || event.metaKey || event.repeat) return
  if (event.target instanceof HTMLInputElement) {
    if (event.key === 'Escape') event.target.blur()
    return
  }
  const card = /^[1-9]$/.test(event.key) ? foundCards()[Number(event.key) - 1] : undefined
  const act = card === undefined ? keys[event.key] : () => lay(card.label)
  if (act === undefined) return
  event.preventDefault()
  void act()
})

// The panel's page: a view of GET /api/state, and buttons that POST. It holds nothing that the server does not know,
// apart from what is typed and which log is shown.

const at = (id) => document.getElementById(id)
let state = null
let shownLog = 'card'
let lastCard = null
let troubleTimer = 0

/** Builds an element; text is always text, never markup. */
function build(tag, properties = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue
    if (name === 'onclick') element.addEventListener('click', value)
    else if (name === 'text') element.textContent = value
    else element.setAttribute(name, value === true ? '' : String(value))
  }
  element.append(...children.filter((child) => child !== null))
  return element
}

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

async function lay(label) {
  const lying = state.reader.card
  if (lying === label) return post('/api/reader/pull', {})
  if (lying !== null) await post('/api/reader/pull', {})
  await post('/api/reader/lay', { card: label })
}

const shown = new Map()
/** Draws a part anew when what it shows has changed, and keeps the keyboard where it was. */
function part(id, data, draw) {
  const key = JSON.stringify(data)
  if (shown.get(id) === key) return
  shown.set(id, key)
  const host = at(id)
  const focused = host.contains(document.activeElement) ? document.activeElement.dataset.key : undefined
  const typed = new Map([...host.querySelectorAll('input[data-key]')].map((input) => [input.dataset.key, input.value]))
  host.replaceChildren(...draw())
  for (const [name, value] of typed) {
    const input = host.querySelector(`input[data-key="${CSS.escape(name)}"]`)
    if (input !== null) input.value = value
  }
  if (focused !== undefined) host.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus()
}

/** A row of which one button is pressed. `options`: value → words, or value → [words, 'warn' | 'bad']. */
function choice(title, current, options, choose, hint = {}) {
  // Short rows stand side by side.
  return build(
    'div',
    { class: options.length === 2 ? 'control half' : 'control' },
    build('span', { text: title }),
    build(
      'div',
      { class: 'choice', role: 'group', 'aria-label': title },
      ...options.map(([value, words, mood]) => {
        const button = build('button', {
          type: 'button',
          text: words,
          class: mood,
          'data-key': `${title}:${value}`,
          'aria-pressed': String(current === value),
          onclick: () => choose(value),
        })
        if (hint[value] !== undefined) button.append(' ', build('kbd', { text: hint[value] }))
        return button
      }),
    ),
  )
}

function numbered(words, unit, start, act, disabled = false) {
  const input = build('input', {
    type: 'number',
    min: 0,
    value: start,
    'data-key': `number:${words}`,
    'aria-label': `${words}, ${unit}`,
  })
  return build(
    'div',
    { class: 'row numbered' },
    build('button', {
      type: 'button',
      text: words,
      'data-key': `act:${words}`,
      disabled,
      onclick: () => act(Number(input.value)),
    }),
    input,
    build('span', { text: unit }),
  )
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
      build('small', { text: uid }),
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

const endings = { full: 'cut', partial: 'cut', torn: 'torn off' }
const clock = (milliseconds) => {
  const time = new Date(milliseconds)
  const two = (number) => String(number).padStart(2, '0')
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`
}

function drawSlips() {
  if (state.slips.length === 0) return [build('p', { class: 'empty', text: 'Nothing printed yet.' })]
  return state.slips.toReversed().map((slip) => {
    const image = build('img', { src: `/api/slips/${slip.number}.png`, alt: slip.text })
    // The picture may still be on its way from the drawing thread.
    image.addEventListener('error', () =>
      setTimeout(() => {
        image.src = `/api/slips/${slip.number}.png?again=${Date.now()}`
      }, 150),
    )
    return build(
      'article',
      { class: 'slip' },
      build(
        'header',
        {},
        build('span', { text: `No ${slip.number}, ${endings[slip.ended]}` }),
        build('time', { text: clock(slip.endedAt) }),
      ),
      image,
      slip.interruptions.length > 0
        ? build('p', { text: `Interrupted: ${slip.interruptions.map(({ reason }) => reason).join(', ')}` })
        : null,
      slip.faults.length > 0
        ? build('p', {
            text: `${slip.faults.length} fault${slip.faults.length > 1 ? 's' : ''}: ${slip.faults[0].command}, ${slip.faults[0].detail}`,
          })
        : null,
    )
  })
}

const logNames = [
  ['card', 'Card'],
  ['reader', 'Reader'],
  ['network', 'Network'],
  ['printer', 'Printer'],
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

const longestShown = 72
const shortened = (text) => (text.length > longestShown ? `${text.slice(0, longestShown)}… (${text.length})` : text)

/** A command and its answer read as one exchange; everything else as names and values. */
function logWords(what, { command, answer, noAnswer, sequence: _sequence, ...rest }) {
  const exchange =
    command === undefined ? [] : [`${shortened(String(command))} → ${shortened(String(answer ?? noAnswer))}`]
  const others = Object.entries(rest).map(
    ([name, value]) => `${name} ${shortened(typeof value === 'object' ? JSON.stringify(value) : String(value))}`,
  )
  return [what, [...exchange, ...others].join(' · ')].filter((words) => words !== '').join(': ')
}

const badEvents = /fault|lost|cut|swallowed|trouble|failed|withheld|torn/

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
      : lines
          .map(({ at: when, what, details }) =>
            build(
              'li',
              { class: badEvents.test(what) ? 'bad' : undefined },
              build('time', { text: `${clock(when)}.${String(when % 1000).padStart(3, '0')}` }),
              build('span', { text: logWords(what, details) }),
            ),
          )
          .toReversed(),
  )
}

function show(next) {
  state = next
  if (state.reader.card !== null) lastCard = state.reader.card
  part('lights', [state.reader, state.network, state.printer], drawLights)
  part('pad', [state.reader, state.cards], drawPad)
  part('misfortunes', [state.reader.card, state.reader.plugged], drawMisfortunes)
  part('cards', [foundCards(), state.reader.card], drawCards)
  part('network', state.network, drawNetwork)
  part('printer', state.printer, drawPrinter)
  part('slips', state.slips, drawSlips)
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

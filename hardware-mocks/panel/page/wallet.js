// The customer's wallet: takes the QR's text or a picture of the till's screen, shows what the ledger says, pays, and
// says what became of it.

import { at, build, choice, clock, part } from './elements.js'

let chosen = null
/** Rejections and pictures that hold no QR are said by the page. */
let tell = { post: async () => undefined, say: () => undefined }
let state = null

function read(text) {
  // What was read before cannot be paid by mistake meanwhile.
  part('wallet-request', null, () => [])
  return tell.post('/api/wallet/read', { wallet: chosen, text })
}

/** The modules of the package `qr`, as the panel's server hands them out. */
const decoder = '/qr/decode.js'

/** Reads the QR in a picture: a screenshot of the till is what a tester has at hand. */
async function readPicture(file) {
  let text
  try {
    const picture = await createImageBitmap(file)
    const canvas = new OffscreenCanvas(picture.width, picture.height)
    const pen = canvas.getContext('2d')
    pen.drawImage(picture, 0, 0)
    const { decodeQR } = await import(decoder)
    text = decodeQR(pen.getImageData(0, 0, picture.width, picture.height))
  } catch {
    return tell.say('There is no QR in this picture.')
  }
  at('wallet').querySelector('[data-key="wallet-text"]').value = text
  return read(text)
}

/** 1234567 tiyn → 12 345,67 ₸. Amounts stay text: no floating point near money. */
function tenge(tiyn) {
  const digits = tiyn.padStart(3, '0')
  return `${digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, '\u202f')},${digits.slice(-2)} ₸`
}

function drawChoice() {
  const { wallets } = state
  if (wallets.length === 0)
    return [build('p', { class: 'empty', text: 'This ledger knows no customers with a wallet.' })]
  const text = build('input', {
    type: 'text',
    'data-key': 'wallet-text',
    'aria-label': 'Text of the QR, or the id of the payment request',
    placeholder: 'Text of the QR, or the request\u2019s id',
    autocomplete: 'off',
    spellcheck: 'false',
  })
  text.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') void read(text.value)
  })
  const picture = build('input', { type: 'file', accept: 'image/*', 'aria-label': 'Picture of the QR' })
  picture.addEventListener('change', () => {
    if (picture.files.length > 0) void readPicture(picture.files[0])
    picture.value = ''
  })
  return [
    choice(
      'Customer',
      chosen,
      wallets.map((wallet) => [wallet, wallet]),
      (wallet) => {
        chosen = wallet
        showWallet(state, tell)
      },
    ),
    build(
      'div',
      { class: 'row reading' },
      text,
      build('button', { type: 'button', text: 'Read', 'data-key': 'wallet-read', onclick: () => read(text.value) }),
      build('label', { class: 'button' }, 'Picture…', picture),
    ),
    build('p', { class: 'note', text: 'Or take a screenshot of the till and paste it here with Ctrl+V.' }),
  ]
}

const requestWords = {
  open: null,
  paid: 'paid already: what is paid now comes back',
  released: 'given up by the till: what is paid now comes back',
  expired: 'expired: what is paid now comes back',
}

function drawRequest() {
  const { request } = state
  if (request === null) return []
  const words = requestWords[request.state]
  return [
    build(
      'div',
      { class: 'asked' },
      build(
        'div',
        {},
        build('strong', { text: tenge(request.amount) }),
        build('span', { text: `${request.merchantName.en}, until ${clock(request.expiresAt)}` }),
        words === null ? null : build('span', { class: 'late', text: words }),
      ),
      build('button', {
        type: 'button',
        text: 'Pay',
        'data-key': 'wallet-pay',
        onclick: () => tell.post('/api/wallet/pay', { wallet: chosen, requestId: request.requestId }),
      }),
    ),
  ]
}

const reasons = {
  released: 'the till gave it up',
  expired: 'too late',
  already_paid: 'it was paid already',
  reversed: 'the sale was reversed',
  insufficient_funds: 'too little in the wallet',
  not_found: 'the ledger knows no such request',
}
const stateWords = {
  unsure: ['warn', 'No answer: it may be paid. Read the QR and pay again, it is the same payment'],
  refused: ['bad', 'Refused'],
  held: ['warn', 'Held: set aside for the merchant'],
  settled: ['', 'Settled: paid to the merchant'],
  paid_back: ['idle', 'Paid back'],
}

function drawPayments() {
  return state.payments.toReversed().map((payment) => {
    const [mood, words] = stateWords[payment.state]
    const why = payment.reason === null ? '' : `: ${reasons[payment.reason] ?? payment.reason}`
    const owed = payment.owed === '0' ? '' : `; the merchant still owes ${tenge(payment.owed)}`
    return build(
      'li',
      {},
      build('span', { class: `mark ${mood}` }),
      build(
        'div',
        {},
        build('strong', { text: `${tenge(payment.amount)} · ${words}${why}${owed}` }),
        build('span', { text: `${clock(payment.at)} · ${payment.wallet} → ${payment.merchant}` }),
      ),
      build('button', {
        type: 'button',
        text: 'Ask again',
        'data-key': `look:${payment.paymentId}`,
        onclick: () => tell.post('/api/wallet/look', { paymentId: payment.paymentId }),
      }),
    )
  })
}

/** @param next of GET /api/state, `null` where nobody has a wallet */
export function showWallet(next, withPage) {
  at('wallet-section').hidden = next === null
  if (next === null) return
  state = next
  tell = withPage
  if (!state.wallets.includes(chosen)) chosen = state.wallets[0] ?? null
  part('wallet', [state.wallets, chosen], drawChoice)
  part('wallet-request', [state.request, chosen], drawRequest)
  part('wallet-payments', state.payments, drawPayments)
}

addEventListener('paste', (event) => {
  const [picture] = [...event.clipboardData.files].filter(({ type }) => type.startsWith('image/'))
  if (state === null || picture === undefined) return
  event.preventDefault()
  void readPicture(picture)
})

/** What is held ends by itself: the page asks until it has. */
setInterval(() => {
  const held = state?.payments.findLast((payment) => payment.state === 'held')
  if (held !== undefined && !document.hidden) void tell.look(held.paymentId)
}, 2_000)

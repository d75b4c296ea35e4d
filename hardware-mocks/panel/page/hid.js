import { build, choice } from './elements.js'

const deviceNames = [
  ['scanner', 'Scanner'],
  ['keypad', 'Keypad'],
  ['display', 'Display'],
]

const standing = ({ plugged, access }) => (plugged ? access : 'out')

/** Codes to scan without a keyboard: an article of the demonstration, and one that nobody sells. */
const samples = [
  ['4870000000067', 'Juice'],
  ['4006381333931', 'Unknown article'],
]

function scannerControls(hid, post) {
  const code = build('input', {
    type: 'text',
    value: hid.scanner.lastCode ?? samples[0][0],
    autocomplete: 'off',
    spellcheck: 'false',
    'data-key': 'hid-code',
    'aria-label': 'Code to scan',
  })
  const scan = (text) => post('/api/hid/scan', { code: text })
  code.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && code.value !== '') void scan(code.value)
  })
  return build(
    'div',
    { class: 'row hid-scan' },
    code,
    build('button', {
      type: 'button',
      text: 'Scan',
      'data-key': 'hid-scan',
      disabled: !hid.scanner.plugged,
      onclick: () => (code.value === '' ? undefined : scan(code.value)),
    }),
    ...samples.map(([sample, words]) =>
      build('button', {
        type: 'button',
        text: words,
        'data-key': `hid-sample:${sample}`,
        disabled: !hid.scanner.plugged,
        onclick: () => scan(sample),
      }),
    ),
  )
}

function keypadControls(hid, post) {
  return build(
    'div',
    { class: 'row hid-keys', role: 'group', 'aria-label': 'Numeric keypad' },
    ...['1', '2', '3', '4', '5', '6', '7', '8', '9', '0', ',', 'Backspace', 'Enter'].map((key) =>
      build('button', {
        type: 'button',
        text: key === 'Backspace' ? '⌫' : key,
        'aria-label': key,
        'data-key': `hid-key:${key}`,
        disabled: !hid.keypad.plugged,
        onclick: () => post('/api/hid/keys', { keys: [key] }),
      }),
    ),
  )
}

/** Everything about the three devices: what a hand does with them, what the display shows, and their cables. */
export function drawHid(hid, post) {
  const rows = hid.display.plugged ? hid.display.rows.join('\n') : ' '.repeat(20) + '\n' + ' '.repeat(20)
  return [
    build('pre', { class: 'hid-display', 'aria-label': 'Customer’s display', text: rows }),
    scannerControls(hid, post),
    keypadControls(hid, post),
    build(
      'div',
      { class: 'controls' },
      ...deviceNames.map(([device, title]) =>
        choice(
          title,
          standing(hid[device]),
          [
            ['free', 'In'],
            ['out', 'Out', 'bad'],
            ['denied', 'No rights', 'bad'],
            ['in-use', 'In use', 'bad'],
          ],
          (next) =>
            post('/api/hid', next === 'out' ? { device, plugged: false } : { device, plugged: true, access: next }),
        ),
      ),
    ),
    build('p', { class: 'note', text: hid.tills > 0 ? 'till connected' : 'no till connected' }),
  ]
}

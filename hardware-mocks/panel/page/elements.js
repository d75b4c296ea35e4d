// What the page is made of: elements, parts that redraw themselves, rows of buttons.

export const at = (id) => document.getElementById(id)

/** Builds an element; text is always text, never markup. */
export function build(tag, properties = {}, ...children) {
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

const shown = new Map()
/** Draws a part anew when what it shows has changed, and keeps the keyboard where it was. */
export function part(id, data, draw) {
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
export function choice(title, current, options, choose, hint = {}) {
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

export function numbered(words, unit, start, act, disabled = false) {
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

export const clock = (milliseconds) => {
  const time = new Date(milliseconds)
  const two = (number) => String(number).padStart(2, '0')
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`
}

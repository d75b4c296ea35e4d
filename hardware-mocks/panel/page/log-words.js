import { build, clock } from './elements.js'

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

const badEvents = /fault|lost|cut|swallowed|trouble|failed|withheld|torn|not-laid/

/** One line of a log. */
export function logLine({ at: when, what, details }) {
  return build(
    'li',
    { class: badEvents.test(what) ? 'bad' : undefined },
    build('time', { text: `${clock(when)}.${String(when % 1000).padStart(3, '0')}` }),
    build('span', { text: logWords(what, details) }),
  )
}

/** Small charts as SVG, drawn by hand: bars by minute, and one bar cut into its parts. */
import { count } from './format.js'

const namespace = 'http://www.w3.org/2000/svg'

/** @param attributes no `style`: the page's policy allows none */
function element(name, attributes, text) {
  const made = document.createElementNS(namespace, name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value))
  if (text !== undefined) made.textContent = text
  return made
}

/** The next of 1, 2, 5, 10, 20, 50, … at or above. */
function niceCeiling(value) {
  for (let power = 1; ; power *= 10) for (const step of [1, 2, 5]) if (step * power >= value) return step * power
}

/** At the left of a chart, for the widest mark: at 14 px no digit is wider than nine, and six keep it from the bars. */
function roomFor(mark) {
  return Math.max(40, 9 * mark.length + 6)
}

/**
 * Bars, the newest at the right and paler, since it is not over yet.
 *
 * @param labels under the left, the middle and the right
 * @param description read out in place of the picture
 */
export function bars(values, labels, description) {
  const [width, height, bottom, top] = [600, 116, 22, 8]
  const most = niceCeiling(Math.max(1, ...values))
  const left = roomFor(count(most))
  const scale = (height - bottom - top) / most
  const step = (width - left) / values.length
  const chart = element('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': description })
  const marks = most === 1 ? [0, 1] : [0, most / 2, most]
  for (const mark of marks) {
    const y = height - bottom - mark * scale
    chart.append(element('line', { class: 'grid-line', x1: left, x2: width, y1: y, y2: y }))
    if (Number.isInteger(mark))
      chart.append(element('text', { x: left - 6, y: y + 5, 'text-anchor': 'end' }, count(mark)))
  }
  for (const [index, value] of values.entries()) {
    const size = value * scale
    const bar = {
      class: index === values.length - 1 ? 'bar-now' : 'bar',
      x: left + index * step + 1,
      y: height - bottom - size,
      width: step - 2,
      height: size,
    }
    chart.append(element('rect', bar))
  }
  const anchors = ['start', 'middle', 'end']
  for (const [index, label] of labels.entries()) {
    const x = left + (index * (width - left)) / (labels.length - 1)
    chart.append(element('text', { x, y: height - 4, 'text-anchor': anchors[index] }, label))
  }
  return chart
}

/**
 * One bar cut into parts, and a legend with each part's name and words.
 *
 * @param parts `{ name, words, size }`; sizes are bigint, none below zero
 */
export function parted(parts, description) {
  const [width, height] = [600, 18]
  const all = parts.reduce((sum, { size }) => sum + size, 0n)
  const box = document.createElement('div')
  const chart = element('svg', {
    viewBox: `0 0 ${width} ${height}`,
    preserveAspectRatio: 'none',
    height,
    role: 'img',
    'aria-label': description,
  })
  let before = 0n
  for (const [index, { size }] of parts.entries()) {
    if (all > 0n) {
      const x = Number((before * 6_000_000n) / all) / 10_000
      const part = Number((size * 6_000_000n) / all) / 10_000
      chart.append(element('rect', { class: `part-${index % 4}`, x, y: 0, width: part, height }))
    }
    before += size
  }
  const legend = document.createElement('p')
  legend.className = 'legend'
  for (const [index, { name, words }] of parts.entries()) {
    const entry = document.createElement('span')
    const mark = element('svg', { viewBox: '0 0 10 10', 'aria-hidden': 'true' })
    mark.append(element('rect', { class: `part-${index % 4}`, width: 10, height: 10 }))
    entry.append(mark, `${name} ${words}`)
    legend.append(entry)
  }
  box.append(chart, legend)
  return box
}

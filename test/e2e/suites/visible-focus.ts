/**
 * Whether somebody who works by keys alone sees where they are: every control that Tab reaches is looked at as the
 * screen shows it, with the keyboard on it and without, pixel by pixel.
 */
import { PNG } from 'pngjs'
import type { Page } from 'playwright'

/** WCAG 2.2, 2.4.13 "Focus appearance": a line this thick, this different from the same place without the focus. */
const thicknessPx = 2
const contrastMin = 3
/** How far from a control's edge, on both sides of it, its line may run. */
const reachPx = 6
/** Of a side's length. Where the line runs over letters in its own colour nothing changes. */
const lineShareMin = 0.8

interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** A control that has the keyboard. */
interface Stop {
  /** Its place among all elements of the page. */
  readonly index: number
  readonly name: string
  readonly box: Box
  /** Something lies over it: over its middle, or a side. */
  readonly covered: boolean
  /** How far the page's lists are scrolled: a control further down brings its list along. */
  readonly scrolled: readonly number[]
}

export interface FocusFindings {
  /** The controls that Tab reached. */
  readonly reached: readonly string[]
  readonly faults: readonly string[]
}

/** Goes round the page, or the open sheet, by Tab. What was found good is not looked at again in the same place. */
export async function tabThrough(page: Page, good: Set<string>): Promise<FocusFindings> {
  const stops: { readonly stop: Stop; readonly focused: Buffer | null }[] = []
  const theme = await page.evaluate(() => document.documentElement.dataset['theme'] ?? '')
  await page.evaluate(() => document.fonts.ready.then(() => undefined))
  const placeOf = ({ name, box }: Stop): string => `${theme} ${name} ${Object.values(box).map(Math.round).join(' ')}`
  for (let presses = 0; presses < 150; presses += 1) {
    await page.keyboard.press('Tab')
    const stop = await stopNow(page)
    if (stop === null) continue
    if (stops.some((earlier) => earlier.stop.index === stop.index)) break
    const known = !stop.covered && good.has(placeOf(stop))
    stops.push({ stop, focused: known ? null : await page.screenshot({ clip: around(stop.box) }) })
  }
  const faults = (await tabbable(page))
    .filter(({ index }) => stops.every(({ stop }) => stop.index !== index))
    .map(({ name }) => `Tab does not reach ${name}`)
  await takeFocusAway(page)
  let scrolled = ''
  let without: PNG | undefined
  for (const { stop, focused } of stops) {
    if (focused === null) continue
    if (without === undefined || scrolled !== stop.scrolled.join()) {
      scrolled = stop.scrolled.join()
      await scrollTo(page, stop.scrolled)
      without = PNG.sync.read(await page.screenshot())
    }
    const weak = sidesWithoutLine(PNG.sync.read(focused), without, stop.box)
    if (weak.length === 0) good.add(placeOf(stop))
    else faults.push(`${theme}: no line to be seen on the ${weak.join(', ')} of ${stop.name}`)
  }
  return { reached: stops.map(({ stop }) => stop.name), faults }
}

/** The control with its line. What of it is outside of the window is outside of the picture too. */
function around({ x, y, width, height }: Box): Box {
  const [left, top] = [Math.max(0, Math.round(x) - 2 * reachPx), Math.max(0, Math.round(y) - 2 * reachPx)]
  const [right, bottom] = [Math.round(x + width) + 2 * reachPx, Math.round(y + height) + 2 * reachPx]
  return { x: left, y: top, width: right - left, height: bottom - top }
}

/** What the page's script uses of these lives in the page: it cannot see this file. */
const inPage = `
  const everything = [...document.querySelectorAll('*')]
  const nameOf = (element) =>
    element.tagName.toLowerCase() + '.' + element.className + ' "' +
    (element.getAttribute('aria-label') ?? element.textContent ?? '').trim().slice(0, 40) + '"'
  const lists = everything.filter((element) => element.scrollHeight > element.clientHeight ||
    element.scrollWidth > element.clientWidth)
`

function stopNow(page: Page): Promise<Stop | null> {
  return page.evaluate(`(() => {${inPage}
    const focused = document.activeElement
    if (focused === null || focused === document.body) return null
    const { x, y, width, height } = focused.getBoundingClientRect()
    return {
      index: everything.indexOf(focused),
      name: nameOf(focused),
      box: { x, y, width, height },
      covered: [[0.5, 0.5], [0.5, 0], [1, 0.5], [0.5, 1], [0, 0.5]].some(([right, down]) =>
        !focused.contains(document.elementFromPoint(x + 2 + (width - 4) * right, y + 2 + (height - 4) * down))),
      scrolled: lists.flatMap((list) => [list.scrollLeft, list.scrollTop]),
    }
  })()`)
}

/** The controls that Tab should reach: of the open sheet when there is one, for nothing behind it can be used. */
function tabbable(page: Page): Promise<readonly { readonly index: number; readonly name: string }[]> {
  return page.evaluate(`(() => {${inPage}
    const area = document.querySelector('.veil') ?? document
    return [...area.querySelectorAll('button, input, [tabindex]')]
      .filter((element) => element.tabIndex >= 0 && !element.disabled && element.getClientRects().length > 0)
      .map((element) => ({ index: everything.indexOf(element), name: nameOf(element) }))
  })()`)
}

/** To where it was before the first Tab: the open sheet as a whole, else nowhere. */
function takeFocusAway(page: Page): Promise<void> {
  return page.evaluate(() => {
    const sheet = document.querySelector<HTMLElement>('.sheet')
    if (sheet === null) (document.activeElement as HTMLElement | null)?.blur()
    else sheet.focus({ preventScroll: true })
  })
}

function scrollTo(page: Page, scrolled: readonly number[]): Promise<void> {
  return page.evaluate(`(() => {${inPage}
    const scrolled = ${JSON.stringify(scrolled)}
    for (const [at, list] of lists.entries()) list.scrollTo(scrolled[2 * at], scrolled[2 * at + 1])
  })()`)
}

/**
 * The sides along which too little has changed, or not enough: a line that a list cuts off is missing on one side.
 * @param focused the part of the window `around` the control.
 * @param without the whole window.
 */
function sidesWithoutLine(focused: PNG, without: PNG, box: Box): readonly string[] {
  const origin = around(box)
  const left = Math.round(box.x)
  const top = Math.round(box.y)
  const right = Math.round(box.x + box.width) - 1
  const bottom = Math.round(box.y + box.height) - 1
  const changed = (x: number, y: number): boolean =>
    x >= 0 &&
    y >= 0 &&
    x < without.width &&
    y < without.height &&
    contrast(luminanceAt(focused, x - origin.x, y - origin.y), luminanceAt(without, x, y)) >= contrastMin
  const across = Array.from({ length: 2 * reachPx + 1 }, (_, step) => step - reachPx)
  const hasLine = (from: number, to: number, at: (along: number, step: number) => boolean): boolean => {
    // Corners are round.
    const margin = Math.ceil((to - from) / 8)
    const places = Array.from({ length: to - from + 1 - 2 * margin }, (_, step) => from + margin + step)
    const seen = places.filter((along) => across.filter((step) => at(along, step)).length >= thicknessPx)
    return seen.length >= lineShareMin * places.length
  }
  const sides: readonly (readonly [string, boolean])[] = [
    ['top', hasLine(left, right, (x, step) => changed(x, top + step))],
    ['right', hasLine(top, bottom, (y, step) => changed(right + step, y))],
    ['bottom', hasLine(left, right, (x, step) => changed(x, bottom + step))],
    ['left', hasLine(top, bottom, (y, step) => changed(left + step, y))],
  ]
  return sides.filter(([, has]) => !has).map(([side]) => side)
}

function contrast(one: number, other: number): number {
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05)
}

function luminanceAt({ data, width }: PNG, x: number, y: number): number {
  const at = 4 * (y * width + x)
  const [red = 0, green = 0, blue = 0] = [...data.subarray(at, at + 3)].map((part) => {
    const share = part / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

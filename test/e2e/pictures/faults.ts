/** What an eye would have to find on a picture: cut texts, small targets, crowded targets, weak contrast. */
import type { Page } from 'playwright'

/** Everything on the page that a tired cashier would stumble over, in words. */
export function faultsOf(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const faults: string[] = []
    const { scrollWidth, scrollHeight, clientWidth, clientHeight } = document.documentElement
    if (scrollWidth > clientWidth || scrollHeight > clientHeight) faults.push('the page scrolls')
    const name = (element: Element): string =>
      `${element.getAttribute('class')} "${element.textContent?.trim().slice(0, 40)}"`
    const scrolls = (element: Element): boolean =>
      element.closest('.lines, .card-pays-body, .tiles, .categories, .unresolved ul, .sheet-frame') !== null
    const boxes =
      '.tap, .button, .tile, .keypad-key, .light, .small-button, .left-to-pay, .total, ' +
      '.display, .line, .actions, .other-actions, .line-actions, .keypad, .catalogue, .typed, .bottom, .panel, ' +
      '.sheet, .whose, .bench-head, .bench-tabs, .bench-box, .bench-row, .exchange, .finding, .bundle-file'
    for (const element of document.querySelectorAll(boxes)) {
      if (element.scrollWidth > element.clientWidth + 1) faults.push(`wider than its box: ${name(element)}`)
      if (element.scrollHeight > element.clientHeight + 1) faults.push(`taller than its box: ${name(element)}`)
      const own = element.getBoundingClientRect()
      // A panel of the bench is read from top to bottom, and never sideways.
      const isBelow = own.bottom > innerHeight + 1 && element.closest('.bench-panel') === null
      if (!scrolls(element) && (isBelow || own.right > innerWidth + 1))
        faults.push(`outside the window: ${name(element)}`)
    }
    for (const element of document.querySelectorAll('#root *, .veil *')) {
      if (getComputedStyle(element).overflowX === 'visible' || element.scrollWidth <= element.clientWidth + 1) continue
      // One pixel: not in sight, for a screen reader only.
      if (element.textContent !== '' && !scrolls(element) && element.clientWidth > 1)
        faults.push(`its text is cut off: ${name(element)}`)
    }
    const targets = [...document.querySelectorAll('button:not([tabindex="-1"]), input, textarea')]
      .map((element) => ({ element, box: element.getBoundingClientRect() }))
      .filter(({ box }) => box.width > 0)
    for (const { element, box } of targets)
      if (box.width < 47.5 || box.height < 47.5)
        faults.push(`target ${Math.round(box.width)}×${Math.round(box.height)}: ${name(element)}`)
    // Lines of the basket fill their list; everything else keeps a finger's distance (ui.md: 8 px).
    const inReach = ({ element, box }: (typeof targets)[number]): boolean => {
      const there = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2)
      return there !== null && element.contains(there)
    }
    const apart = targets.filter((target) => !target.element.classList.contains('line') && inReach(target))
    for (const [index, { element, box }] of apart.entries()) {
      for (const other of apart.slice(index + 1)) {
        const across = Math.max(other.box.left - box.right, box.left - other.box.right)
        const down = Math.max(other.box.top - box.bottom, box.top - other.box.bottom)
        if (Math.max(across, down) < 7.5 && !scrolls(element))
          faults.push(`${Math.round(Math.max(across, down))} px between ${name(element)} and ${name(other.element)}`)
      }
    }
    const word = document.querySelector('.tap-word')
    if (word !== null && Number.parseInt(getComputedStyle(word).fontSize, 10) < 40)
      faults.push('the word is under 40 px')
    for (const element of document.querySelectorAll('.tap > *, .actions > *')) {
      const own = element.getBoundingClientRect()
      if (own.height === 0) continue
      const around = element.parentElement?.getBoundingClientRect()
      if (around !== undefined && (own.bottom > around.bottom + 1 || own.top < around.top - 1))
        faults.push(`leaves its area: ${name(element)}`)
    }
    const sizes = new Set<string>()
    for (const element of document.querySelectorAll('body *')) {
      const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim() !== '')
      if (hasText) sizes.add(getComputedStyle(element).fontSize)
    }
    if (sizes.size > 3) faults.push(`more than three sizes of type: ${[...sizes].join(' ')}`)
    return faults
  })
}

/**
 * Texts whose contrast on what is really behind them is too low: 7:1 for amounts and results, 4.5:1 elsewhere (ui.md,
 * "Look"). Colours as computed by the browser, so that a rule that overrides a token is seen too.
 */
export function weakTextsOf(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const partsOf = (colour: string): readonly number[] => (colour.match(/[\d.]+/g) ?? []).map(Number)
    const luminance = (colour: string): number => {
      const [red = 0, green = 0, blue = 0] = partsOf(colour).map((part) => {
        const share = part / 255
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
      })
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
    const groundOf = (element: Element | null): string => {
      if (element === null) return getComputedStyle(document.body).backgroundColor
      const own = getComputedStyle(element).backgroundColor
      return (partsOf(own)[3] ?? 1) === 1 ? own : groundOf(element.parentElement)
    }
    const weak: string[] = []
    for (const element of document.querySelectorAll('body *')) {
      const text = [...element.childNodes].map((node) => (node.nodeType === 3 ? (node.textContent ?? '') : '')).join('')
      if (text.trim() === '' || element.getClientRects().length === 0) continue
      const [darker = 0, lighter = 0] = [
        luminance(getComputedStyle(element).color),
        luminance(groundOf(element)),
      ].toSorted((one, other) => one - other)
      const ratio = (lighter + 0.05) / (darker + 0.05)
      const needed = element.closest('.amount, .display, .tap-word, .tap-detail, .left-to-pay, .total') ? 7 : 4.5
      if (ratio < needed) weak.push(`contrast ${ratio.toFixed(1)}, needs ${needed}: "${text.trim().slice(0, 40)}"`)
    }
    return weak
  })
}

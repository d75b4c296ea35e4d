/**
 * Text with half of a surrogate pair, as a program makes it that cuts text by its UTF-16 units (JavaScript's `slice`).
 * JSON can spell it, no canonical form has it (RFC 8785 §3.2.2.2), so that it can be neither hashed nor signed, and it
 * goes no further than the door.
 */
import { pointerOf } from './pointer.ts'

export const tornDetail = 'has half of a surrogate pair: text that was cut within a character'

/** What stands in a list in the place of an item with such text: that item alone is refused. */
export class TornItem {
  /** From the whole body on (RFC 6901). */
  readonly pointers: readonly string[]

  constructor(pointers: readonly string[]) {
    this.pointers = pointers
  }
}

export type Mended =
  | { readonly kind: 'whole'; readonly value: unknown }
  | { readonly kind: 'torn'; readonly pointers: readonly string[] }

/** Of one item, or of all that is no item: whoever sees these finds the others. */
const placesMax = 5

/**
 * @param value a body as it was parsed
 * @param list the name of its list whose items are refused alone, if it has one
 * @returns the value without what is torn in that list, or where it is torn beside it
 * @throws RangeError where it is nested too deeply
 */
export function withoutTornItems(value: unknown, list: string | undefined): Mended {
  const { [list ?? '']: items, ...rest } = isObject(value) ? value : {}
  if (list === undefined || !Array.isArray(items)) return wholeUnless(tornPlaces(value, []), value)
  const beside = tornPlaces(rest, [])
  if (beside.length > 0) return { kind: 'torn', pointers: beside }
  const mended = items.map((item: unknown, index) => {
    const pointers = tornPlaces(item, [list, index])
    return pointers.length === 0 ? item : new TornItem(pointers)
  })
  return { kind: 'whole', value: { ...rest, [list]: mended } }
}

function wholeUnless(pointers: readonly string[], value: unknown): Mended {
  return pointers.length === 0 ? { kind: 'whole', value } : { kind: 'torn', pointers }
}

/** A name that is torn cannot be pointed at: what has it is. */
function tornPlaces(value: unknown, at: readonly (string | number)[]): readonly string[] {
  // One path for all, since a body can be nested as deeply as the stack goes.
  const path = [...at]
  const found: string[] = []
  const look = (one: unknown): void => {
    if (found.length === placesMax) return
    if (typeof one === 'string') {
      if (!one.isWellFormed()) found.push(pointerOf(path))
    } else if (Array.isArray(one)) {
      for (const [index, item] of one.entries()) lookAt(index, item)
    } else if (isObject(one)) {
      if (Object.keys(one).some((name) => !name.isWellFormed())) found.push(pointerOf(path))
      else for (const [name, member] of Object.entries(one)) lookAt(name, member)
    }
  }
  const lookAt = (step: string | number, member: unknown): void => {
    path.push(step)
    look(member)
    path.pop()
  }
  look(value)
  return found
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/** One picture of the gallery: a bridge's view, the screen's own memory, and what is done at it. */
import type { BridgeView, CommandFault } from '../../contract/index.ts'
import type { ScreenState } from '../input/screen-state.ts'

/** What somebody does once the picture is shown: a key by its name (`F2`), or a text into what has the focus. */
export type Step = { readonly press: string } | { readonly type: string }

export interface Picture {
  readonly name: string
  readonly view: BridgeView
  readonly screen: ScreenState
  /** In this order, for what a page keeps to itself: which panel of the bench is open, what is typed there. */
  readonly steps: readonly Step[]
  /** What its bridge answers to every command; null: it takes it. */
  readonly fault: CommandFault | null
}

/** The panels of the bench, in the order of their keys. A further one is a line here and a file beside it. */
import type { ComponentType } from 'react'
import type { BenchView, Command, CommandAnswer, Snapshot } from '../../contract/index.ts'
import type { WordKey } from '../texts/keys.ts'
import { CardsPanel } from './cards-panel.tsx'
import { ConsolePanel } from './console-panel.tsx'
import type { ConsoleMemory } from './console-memory.ts'
import { DoctorPanel } from './doctor-panel.tsx'
import { HidPanel } from './hid-panel.tsx'
import { LatencyPanel } from './latency-panel.tsx'
import { LedgerPanel } from './ledger-panel.tsx'
import { PrinterPanel } from './printer-panel.tsx'

export interface PanelProps {
  readonly bench: BenchView
  readonly snapshot: Snapshot
  /** This window may ask for something, and the core is there. */
  readonly working: boolean
  /** What was refused is said on the screen by itself. */
  readonly send: (command: Command) => Promise<CommandAnswer>
  readonly memory: ConsoleMemory
  readonly onMemory: (memory: ConsoleMemory) => void
}

interface Panel {
  readonly name: string
  readonly key: string
  readonly title: WordKey
  readonly Content: ComponentType<PanelProps>
}

export const panels: readonly [Panel, ...Panel[]] = [
  { name: 'cards', key: 'F1', title: 'bench.tab.cards', Content: CardsPanel },
  { name: 'console', key: 'F2', title: 'bench.tab.console', Content: ConsolePanel },
  { name: 'latency', key: 'F3', title: 'bench.tab.latency', Content: LatencyPanel },
  { name: 'printer', key: 'F4', title: 'bench.tab.printer', Content: PrinterPanel },
  { name: 'ledger', key: 'F6', title: 'bench.tab.ledger', Content: LedgerPanel },
  { name: 'hid', key: 'F11', title: 'bench.tab.hid', Content: HidPanel },
  { name: 'doctor', key: 'F12', title: 'bench.tab.doctor', Content: DoctorPanel },
]

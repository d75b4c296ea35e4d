/**
 * `npm run lifecycle`: writes the state table and the diagram of the payment machine into
 * docs/design/01-payment-lifecycle.md, between its two marks. A unit test fails when the document says otherwise.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { paymentMachine } from './machine.ts'
import type { PaymentWork } from './work.ts'

interface Transition {
  readonly from: string
  readonly event: string
  readonly when: string
  readonly to: string
}

/** Every transition of the machine, in the order in which it is written down. */
function transitionsOf(machine: ReturnType<typeof paymentMachine>): readonly Transition[] {
  return Object.values(machine.states).flatMap((state) =>
    [...state.transitions.values()].flat().map((transition) => ({
      from: state.key,
      event: readable(transition.eventType),
      when: transition.description ?? '',
      to: transition.target?.[0]?.key ?? state.key,
    })),
  )
}

/** `xstate.done.actor.0.payment.proving` → `done`. */
function readable(eventType: string): string {
  return eventType.startsWith('xstate.done.actor') ? 'done' : eventType
}

function lifecycleText(transitions: readonly Transition[]): string {
  const table = transitions.map(({ from, event, when, to }) => `| ${from} | ${event} | ${when} | ${to} |`)
  const arrows = transitions.map(
    ({ from, event, when, to }) => `  ${from} --> ${to}: ${event === 'done' ? when : event}`,
  )
  return [
    '| state | event | when | next |',
    '|---|---|---|---|',
    ...table,
    '',
    '```mermaid',
    'stateDiagram-v2',
    '  [*] --> idle',
    ...new Set(arrows),
    '```',
  ].join('\n')
}

const begin = '<!-- from the machine: npm run lifecycle -->'
const end = '<!-- end -->'

function withLifecycle(document: string, text: string): string {
  const from = document.indexOf(begin)
  const to = document.indexOf(end)
  if (from < 0 || to < from) throw new Error('the document has lost its marks')
  return `${document.slice(0, from)}${begin}\n${text}\n${document.slice(to)}`
}

/** The document as it must be, by the machine that the code runs. */
export function lifecycleDocument(document: string): string {
  return withLifecycle(document, lifecycleText(transitionsOf(paymentMachine({} as PaymentWork))))
}

if (import.meta.main) {
  const file = join(resolve(import.meta.dirname, '../../..'), 'docs/design/01-payment-lifecycle.md')
  writeFileSync(file, lifecycleDocument(readFileSync(file, 'utf8')))
}

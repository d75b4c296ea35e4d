/**
 * The console as a text file: remarks begin with `#`, commands with `>`, answers with `<`. Pasted into the console, it
 * is a script that sends the same commands again (`readScript`).
 */
import { statusMeaning } from '../../../voucher/cards/bench/status-meaning.ts'
import type { BenchExchange } from '../../contract/bench.ts'

interface ConsoleHead {
  readonly terminalId: string
  /** Milliseconds since 1970. */
  readonly at: number
}

export function consoleText({ terminalId, at }: ConsoleHead, exchanges: readonly BenchExchange[]): string {
  const head = [
    `# Tolem test bench, ${terminalId}, ${instant(at)}`,
    '# What a card says may name its holder. Look through it before you hand it on.',
  ]
  return `${[...head, ...exchanges.flatMap(linesOf)].join('\n')}\n`
}

function linesOf({ number, at, command, outcome, tookMs }: BenchExchange): readonly string[] {
  const head = ['', `# ${number}  ${instant(at)}  ${Math.round(tookMs * 10) / 10} ms`, `> ${command}`]
  if (outcome.kind !== 'answered') return [...head, `< ${outcome.kind} ${outcome.reason}: ${outcome.detail}`]
  const code = Number.parseInt(outcome.response.slice(-4), 16)
  const { name, source, own } = statusMeaning(code)
  const meant = [own ?? name, source].filter((part) => part !== '').join(', ')
  return [...head, `< ${outcome.response}`, `# ${outcome.response.slice(-4)} ${meant}`]
}

function instant(at: number): string {
  return new Date(at).toISOString()
}

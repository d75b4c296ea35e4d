/** What a command line says that the doctor is to look at. */
import { askedWrongly } from '../arguments.ts'
import { printerAt } from '../till/printer-address.ts'
import { isSettingsFile, type Wanted } from './examination.ts'

export interface WantedWords {
  readonly data?: string | undefined
  readonly settings?: string | undefined
  readonly ledger?: string | undefined
  readonly printer?: string | undefined
  readonly profile?: string | undefined
}

/** Ends the command where one of them is none. */
export function wantedOf(usage: string, { data, settings, ledger, printer, profile }: WantedWords): Wanted {
  if (ledger !== undefined && !/^https?:\/\/./.test(ledger))
    return askedWrongly(usage, `--ledger ${ledger} is no address: http://… or https://….`)
  if (settings !== undefined && !isSettingsFile(settings))
    return askedWrongly(usage, `--settings ${settings}: name the till's settings.json.`)
  const named = printer === undefined ? undefined : printerAt(printer, profile ?? 'generic-80mm')
  if (named !== undefined && 'wrong' in named) return askedWrongly(usage, `${named.wrong}.`)
  return { data, settings, ledger, printer: named?.configuration.printer }
}

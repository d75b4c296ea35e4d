/**
 * `npm run doctor`: what stands between a field tester and a till that works, and what to do about it
 * (docs/field-tester.md). Changes nothing of a till, and may run beside one. Exit codes: 0 nothing is a
 * fault; 1 something is; 2 not asked properly.
 */
import { languages, type Language } from '../src/voucher/identifiers.ts'
import { countsOf, jsonLines, readable } from '../src/terminal/doctor/report.ts'
import { askedOf, askedWrongly, wholeNumber } from './arguments.ts'
import { examineWanted, type Wanted } from './doctor/examination.ts'
import { wantedOf } from './doctor/wanted.ts'

const usage = `Use: npm run doctor -- [--data DIR] [--settings FILE] [--ledger URL] [--printer ADDRESS [--profile ID]]
     [--port N]… [--language kk|ru|en] [--json]
FILE: a packaged till's settings.json. ADDRESS: 192.0.2.7[:9100], /dev/usb/lp0, /dev/ttyUSB0@9600[,none], COM3@9600.`

function asked(): { readonly wanted: Wanted; readonly language: Language; readonly json: boolean } {
  const text = { type: 'string' } as const
  const { values } = askedOf(usage, {
    options: {
      data: text,
      settings: text,
      ledger: text,
      printer: text,
      profile: text,
      port: { type: 'string', multiple: true, default: [] },
      language: { type: 'string', default: 'en' },
      json: { type: 'boolean', default: false },
    },
  })
  const language = languages.find((known) => known === values.language)
  if (language === undefined) return askedWrongly(usage, `--language is one of ${languages.join(', ')}.`)
  const ports = values.port.map((port) => wholeNumber(usage, 'port', port, 1))
  if (ports.some((port) => port > 65_535)) return askedWrongly(usage, '--port is at most 65535.')
  return { wanted: { ...wantedOf(usage, values), ports }, language, json: values.json }
}

const { wanted, language, json } = asked()
const { findings } = await examineWanted(wanted)
const text = json ? jsonLines(findings, language) : readable(findings, language)
// What hangs in the system (a dead network disk) would keep this process; everything is told.
process.stdout.write(text, () => process.exit(countsOf(findings).faults > 0 ? 1 : 0))

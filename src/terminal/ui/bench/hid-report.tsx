/** One raw report, and what the till made of it. */
import type { HidReportView } from '../../contract/index.ts'
import { useTexts } from '../texts/use-texts.ts'
import { CopyButton } from './copy-button.tsx'
import { nothingYet, spaced, symbologyName } from './hid-words.ts'
import { shownMs } from './shown-ms.ts'

/** For the clipboard, in bytes and figures: the same in each language. */
export function reportLine({ sinceMs, device, direction, bytes }: HidReportView): string {
  return `${sinceMs} ms ${direction === 'in' ? '<' : '>'} ${device}: ${spaced(bytes)}`
}

export function HidReport({ report }: { readonly report: HidReportView }) {
  const { say, language } = useTexts()
  const { number, sinceMs, device, direction, reportId, bytes, length, meaning } = report
  const id =
    reportId === null
      ? say('bench.hid.reportWithoutId')
      : say('bench.hid.reportId', { id: reportId.toString(16).toUpperCase().padStart(2, '0') })
  return (
    <li className="exchange" data-report={number} data-meaning={meaning.kind}>
      <p>
        <strong>{say(direction === 'in' ? 'bench.hid.from' : 'bench.hid.to', { device })}</strong>{' '}
        <span className="quiet">{id}</span> <Meaning meaning={meaning} />
      </p>
      <p className="bytes">
        {spaced(bytes)}
        {length * 2 > bytes.length ? ` … ${say('bench.hid.cut', { length })}` : null}
      </p>
      <div className="exchange-side">
        <span className="quiet">{say('bench.latency.ms', { ms: shownMs(sinceMs, language) })}</span>
        <CopyButton text={spaced(bytes)} />
      </div>
    </li>
  )
}

export function Meaning({ meaning }: Pick<HidReportView, 'meaning'>) {
  const { say } = useTexts()
  switch (meaning.kind) {
    case 'code':
      return (
        <>
          <strong className="sw-ok">
            {say('bench.hid.code')} <span className="bytes">{meaning.code}</span>
          </strong>{' '}
          {meaning.symbology === null ? say('bench.hid.noSymbology') : symbologyName(meaning.symbology)}
        </>
      )
    case 'keys':
      return (
        <strong className="sw-ok">
          {say('bench.hid.keys')} <span className="bytes">{meaning.keys.join(' ')}</span>
        </strong>
      )
    case 'nothing':
      return <span>{say(nothingYet[meaning.why])}</span>
    case 'taken':
      return <strong className="sw-ok">{say('bench.hid.taken')}</strong>
    case 'malformed':
    case 'not-taken':
      return (
        <>
          <strong className="sw-other">
            {say(meaning.kind === 'malformed' ? 'bench.hid.malformed' : 'bench.hid.notTaken')}
          </strong>{' '}
          <span className="code">{meaning.detail}</span>
        </>
      )
  }
}

/** One command, its answer, and what the answer means. */
import {
  fromHex,
  meantAsTlv,
  statusMeaning,
  tlvLines,
  tlvTagName,
  toHex,
  type BenchExchange,
} from '../../contract/index.ts'
import { useTexts } from '../texts/use-texts.ts'
import { CopyButton } from './copy-button.tsx'
import { shownMs } from './shown-ms.ts'

export function ExchangeRow({ exchange }: { readonly exchange: BenchExchange }) {
  const { say, language } = useTexts()
  const { number, command, outcome, tookMs } = exchange
  return (
    <li className="exchange">
      <p className="bytes">
        <span className="quiet">{number}</span> <strong>&gt;</strong> {command}
      </p>
      {outcome.kind === 'answered' ? (
        <Answer response={outcome.response} />
      ) : (
        <p className="bench-warning">
          {say(`bench.console.${outcome.kind}`)}{' '}
          <span className="code">
            {outcome.reason}: {outcome.detail}
          </span>
        </p>
      )}
      <div className="exchange-side">
        <span className="quiet">{say('bench.latency.ms', { ms: shownMs(tookMs, language) })}</span>
        <CopyButton text={outcome.kind === 'answered' ? `${command}\n${outcome.response}` : command} />
      </div>
    </li>
  )
}

function Answer({ response }: { readonly response: string }) {
  const { say } = useTexts()
  const bytes = fromHex(response)
  const data = bytes.subarray(0, -2)
  const { name, source, number, own, isSuccess } = statusMeaning((bytes.at(-2) ?? 0) * 256 + (bytes.at(-1) ?? 0))
  const tree = meantAsTlv(data)
  return (
    <>
      <p className="bytes answer">
        <strong>&lt;</strong> {toHex(data)}{' '}
        <strong className={isSuccess ? 'sw-ok' : 'sw-other'}>{response.slice(-4)}</strong>
      </p>
      <p>
        {say(`bench.sw.${name}`, { number: number ?? 0, own: own ?? '' })} <span className="quiet">{source}</span>
      </p>
      {tree === null ? null : (
        <ul className="tlv">
          {tlvLines(tree).map(({ depth, tag, value, isTemplate }, index) => (
            <li key={index} data-depth={depth}>
              <span className="bytes">
                {tag.toString(16).toUpperCase().padStart(2, '0')} {value.length}
              </span>{' '}
              <TagName tag={tag} /> {isTemplate ? null : <span className="bytes">{shownValue(value)}</span>}
            </li>
          ))}
        </ul>
      )}
    </>
  )
}

function TagName({ tag }: { readonly tag: number }) {
  const { say } = useTexts()
  const known = tlvTagName(tag)
  return known === null ? null : say(`bench.tag.${known}`)
}

/** With its letters where all of it is letters. */
function shownValue(value: Uint8Array): string {
  const isText = value.length > 2 && value.every((byte) => byte >= 0x20 && byte < 0x7f)
  return isText ? `${toHex(value)} “${String.fromCharCode(...value)}”` : toHex(value)
}

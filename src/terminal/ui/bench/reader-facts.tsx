/** What a reader has said of itself, or why it has not. */
import type { BenchView } from '../../contract/index.ts'
import { useTexts } from '../texts/use-texts.ts'

type ReaderSetting = Exclude<BenchView['readerSettings'], undefined>[number]

export function ReaderFacts({ readerName: reader, firmware, pollingMs, trouble }: ReaderSetting) {
  const { say } = useTexts()
  const facts = [
    firmware === null ? null : say('bench.reader.firmware', { reader, firmware }),
    pollingMs === null ? null : say('bench.reader.polling', { ms: pollingMs }),
    trouble === null ? null : say(`bench.reader.${trouble}`, { reader, panel: say('bench.tab.doctor') }),
  ]
  return <p className="quiet">{facts.filter((fact) => fact !== null).join(' ')}</p>
}

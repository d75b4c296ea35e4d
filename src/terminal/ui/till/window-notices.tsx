/** What the window itself has to say: the core restarts, the connection is tried again, the session was refused. */
import type { BridgeView } from '../../contract/index.ts'
import { languages, type CommandFault } from '../../contract/index.ts'
import { formatTenge } from '../../contract/index.ts'
import { amountCap } from '../input/keypad.ts'
import type { Notice } from '../input/screen-state.ts'
import { texts } from '../texts/index.ts'
import { useTexts } from '../texts/use-texts.ts'
import { CommandButton, shownKey } from './command-button.tsx'

type Trouble = 'restarting' | 'connecting' | 'lost'

function troubleOf(connection: BridgeView['connection']): Trouble | null {
  if (connection === 'running') return null
  return connection === 'core_restarting' ? 'restarting' : connection
}

/** Over the last snapshot, which stays readable below: what it shows is old. */
export function ConnectionNotice({ connection }: { connection: BridgeView['connection'] }) {
  const { say } = useTexts()
  const trouble = troubleOf(connection)
  if (trouble === null) return null
  return (
    <section className="connection-notice" role="alert" data-trouble={trouble}>
      <strong>{say(`window.${trouble}.what`)}</strong>
      <p>{say(`window.${trouble}.todo`)}</p>
    </section>
  )
}

/** Before the first snapshot nobody knows the cashier's language: all three speak. */
export function FirstScreen({ connection }: { connection: BridgeView['connection'] }) {
  const trouble = troubleOf(connection) ?? 'connecting'
  return (
    <main className="first-screen" data-trouble={trouble}>
      {languages.map((language) => (
        <section key={language} lang={language}>
          <h1>{texts[language].words[`window.${trouble}.what`]}</h1>
          <p>{texts[language].words[`window.${trouble}.todo`]}</p>
        </section>
      ))}
    </main>
  )
}

/** What the last action could not do, or the drawer did not: stays until the next action, or Esc. */
export function NoticeBar({ notice, onClose }: { notice: Notice | null; onClose: () => void }) {
  const { say, codes } = useTexts()
  if (notice === null) return null
  const fault = (code: CommandFault): string => `${codes.faults[code].what} ${codes.faults[code].todo}`
  const text = ((): string => {
    switch (notice.kind) {
      case 'fault':
        return fault(notice.fault)
      case 'barcode_unknown':
        return say('notice.barcodeUnknown', { barcode: notice.barcode })
      case 'amount_above_cap':
        return say('notice.amountAboveCap', { cap: formatTenge(amountCap) })
      case 'scan_broken':
        return say('notice.scanBroken', { enter: 'Enter', tab: 'Tab' })
      case 'drawer_shut':
        return say('notice.drawerShut')
    }
  })()
  return (
    <div className="notice" role="alert">
      <p>{text}</p>
      <CommandButton keyShown={shownKey('Escape')} onPress={onClose}>
        {say('notice.close')}
      </CommandButton>
    </div>
  )
}

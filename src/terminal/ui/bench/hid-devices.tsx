/** The HID devices of the machine in words: what the till takes each for, or why it leaves it alone. */
import { usbIds, type HidBenchView, type HidDeviceView, type HidPlaceView } from '../../contract/index.ts'
import { useTexts } from '../texts/use-texts.ts'
import { LevelShape } from '../till/tap-shapes.tsx'
import { kindOf, notUsed, stateOf, usedAs } from './hid-words.ts'

interface HidDevicesProps {
  readonly listing: NonNullable<HidBenchView['listing']>
}

/** Each device, the till's own first, and behind them what is awaited and not plugged in. */
export function HidDevices({ listing: { devices, places } }: HidDevicesProps) {
  const { say } = useTexts()
  const awaited = places.filter((_, index) => !devices.some(({ place }) => place === index))
  const ownFirst = devices.toSorted((one, other) => Number(one.place === null) - Number(other.place === null))
  if (devices.length + awaited.length === 0) return null
  return (
    <table className="bench-table">
      <thead>
        <tr>
          <th scope="col">№</th>
          <th scope="col">{say('bench.hid.device')}</th>
          <th scope="col">{say('bench.hid.kind')}</th>
          <th scope="col">{say('bench.hid.path')}</th>
          <th scope="col">{say('bench.hid.takenFor')}</th>
        </tr>
      </thead>
      <tbody>
        {ownFirst.map((device) => (
          <tr key={device.id} data-device={device.id}>
            <td>{device.id}</td>
            <Named {...device} />
            <td>
              {say(kindOf(device))}{' '}
              <span className="quiet bytes">{`${hexOf(device.usagePage)}/${hexOf(device.usage)}`}</span>
            </td>
            <td className="bytes path">{device.path ?? '–'}</td>
            <TakenFor device={device} place={device.place === null ? undefined : places[device.place]} />
          </tr>
        ))}
        {awaited.map((place, index) => (
          <tr key={`awaited ${index}`}>
            <td>–</td>
            <Named {...place} />
            <td>–</td>
            <td>–</td>
            <TakenFor place={place} />
          </tr>
        ))}
      </tbody>
    </table>
  )
}

const hexOf = (number: number): string => number.toString(16).toUpperCase().padStart(2, '0')

function Named({ name, ...ids }: { readonly name: string; readonly vendorId: number; readonly productId: number }) {
  const text = usbIds(ids)
  return (
    <td>
      {/* What was never plugged in has no other name than its ids. */}
      {name === text ? null : `${name} `}
      <span className="bytes">{text}</span>
    </td>
  )
}

interface TakenForProps {
  readonly device?: HidDeviceView
  readonly place: HidPlaceView | undefined
}

function TakenFor({ device, place }: TakenForProps) {
  const { say } = useTexts()
  return place === undefined ? (
    <td className="quiet">{say(notUsed[device?.unused ?? 'untold'])}</td>
  ) : (
    <Used {...place} />
  )
}

function Used({ use, by, entry, trouble }: HidPlaceView) {
  const { say } = useTexts()
  return (
    <td data-state={trouble?.code ?? 'ok'}>
      <strong>{say(usedAs[use], { by: by ?? '' })}</strong>
      {', '}
      {entry === null ? say('bench.hid.found') : say('bench.hid.entry', { number: entry })}
      <br />
      <LevelShape level={trouble === null ? 'ok' : 'limited'} />{' '}
      {say(trouble === null ? 'bench.hid.state.works' : stateOf[trouble.code])}
      {trouble === null || trouble.detail === '' ? null : <span className="code"> {trouble.detail}</span>}
    </td>
  )
}

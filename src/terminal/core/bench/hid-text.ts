/** HID devices and their reports as a text file: remarks begin with `#`, what came with `<`, what was sent with `>`. */
import { usbIds, type HidBenchView, type HidDeviceView, type HidReportView } from '../../contract/bench-hid.ts'

interface HidTextHead {
  readonly terminalId: string
  /** Milliseconds since 1970. */
  readonly at: number
}

export function hidText({ terminalId, at }: HidTextHead, { listing, reports, skipped }: HidBenchView): string {
  const { devices = [], places = [] } = listing ?? {}
  const lines = [
    `# Tolem test bench, HID devices, ${terminalId}, ${new Date(at).toISOString()}`,
    '# What was scanned or typed may name somebody, or be a card’s number. Look through it before you hand it on.',
    '',
    ...devices.map((device) => `# device ${device.id}: ${deviceText(device)}: ${takenFor(device, places)}`),
    ...places.flatMap((place, index) =>
      devices.some((device) => device.place === index) ? [] : [`# not there: ${placeText(place)}`],
    ),
    ...(devices.length === 0 ? ['# no HID device'] : []),
    '',
    ...reports.map(reportText),
    ...(skipped === 0 ? [] : [`# ${skipped} more came too fast to be kept`]),
  ]
  return `${lines.map(asOneLine).join('\n')}\n`
}

type Place = NonNullable<HidBenchView['listing']>['places'][number]

function deviceText({ name, usagePage, usage, path, ...ids }: HidDeviceView): string {
  const usages = [usagePage, usage].map((number) => number.toString(16).toUpperCase().padStart(2, '0')).join('/')
  return [usbIds(ids), name, `usage ${usages}`, path ?? ''].filter(Boolean).join(', ')
}

function takenFor({ place, unused }: HidDeviceView, places: readonly Place[]): string {
  const taken = place === null ? undefined : places[place]
  return taken === undefined ? `not used, ${unused ?? ''}` : placeText(taken)
}

function placeText({ use, entry, by, trouble, ...ids }: Place): string {
  const settings = entry === null ? 'found' : `entry ${entry} of the settings, ${usbIds(ids)}`
  const state = trouble === null ? 'works' : `${trouble.code} ${trouble.detail}`.trim()
  return [use, settings, by ?? '', state].filter(Boolean).join(', ')
}

function reportText({ sinceMs, device, direction, bytes, length, meaning }: HidReportView): string {
  const isCut = length * 2 > bytes.length
  const way = direction === 'in' ? '<' : '>'
  return `${way} ${sinceMs} ms, device ${device}: ${bytes}${isCut ? `… (${length} bytes)` : ''}  # ${meant(meaning)}`
}

function meant(meaning: HidReportView['meaning']): string {
  switch (meaning.kind) {
    case 'code':
      return `code ${meaning.code}${meaning.symbology === null ? '' : `, ${meaning.symbology}`}`
    case 'keys':
      return `keys ${meaning.keys.join(' ')}`
    case 'nothing':
      return `nothing: ${meaning.why}`
    case 'malformed':
      return `not understood: ${meaning.detail}`
    case 'taken':
      return 'taken'
    case 'not-taken':
      return `not taken: ${meaning.detail}`
  }
}

/** A device names itself as it likes. */
function asOneLine(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ')
}

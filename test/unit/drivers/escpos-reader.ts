import kz1048 from '../../fixtures/kz1048.json' with { type: 'json' }

/** What a printer would do with a job: independent of the encoder, so that the two can disagree. */
export interface ReadJob {
  /** Lines as written, decoded with the code page that the job selected; null where a picture stands. */
  readonly lines: (string | null)[]
  readonly pictures: { width: number; height: number; bits: Uint8Array }[]
  readonly qrPayloads: string[]
  readonly codePages: number[]
  readonly cuts: number
  /** Text bytes as they are, over the whole job. */
  readonly textBytes: number[]
  /** Pictures followed by a line feed that moved the paper: a white gap. */
  readonly gaps: number
}

const differences = kz1048.map_diff_from_cp1251 as Record<string, string>
const windows1251 = new TextDecoder('windows-1251')
const decode = (bytes: number[]): string =>
  bytes
    .map(
      (byte) =>
        differences[byte.toString(16).toUpperCase().padStart(2, '0')] ?? windows1251.decode(Uint8Array.of(byte)),
    )
    .join('')

/** Reads the commands that receipts use. Throws on any other: an unknown command is a defect of the encoder. */
export function readJob(job: Uint8Array): ReadJob {
  const read: ReadJob & { cuts: number; gaps: number } = {
    lines: [],
    pictures: [],
    qrPayloads: [],
    codePages: [],
    cuts: 0,
    textBytes: [],
    gaps: 0,
  }
  let line: number[] = []
  let qrData = ''
  let lineSpacing: number | null = null
  let at = 0
  const byte = (offset: number) => {
    const value = job[at + offset]
    if (value === undefined) throw new Error(`the job ends inside a command at ${at}`)
    return value
  }
  const command = (offset: number, length: number) =>
    Buffer.from(job.subarray(at + offset, at + offset + length)).toString('hex')
  while (at < job.length) {
    const two = command(0, 2)
    if (two === '1b32') {
      lineSpacing = null
      at += 2
    } else if (two === '1b33') {
      lineSpacing = byte(2)
      at += 3
    } else if (two === '1b40' || two === '1c2e') at += 2
    else if (['1b4d', '1b45', '1d21', '1b61', '1d61'].includes(two)) at += 3
    else if (two === '1b74') {
      read.codePages.push(byte(2))
      at += 3
    } else if (two === '1b70') at += 5
    else if (two === '1d56') {
      read.cuts += 1
      at += 3
    } else if (two === '1d28' && byte(2) === 0x6b) {
      const length = byte(3) + byte(4) * 256
      if (byte(6) === 0x50) qrData = Buffer.from(job.subarray(at + 8, at + 5 + length)).toString('utf8')
      if (byte(6) === 0x51) read.qrPayloads.push(qrData)
      at += 5 + length
    } else if (command(0, 3) === '1d7630') {
      const widthBytes = byte(4) + byte(5) * 256
      const height = byte(6) + byte(7) * 256
      const bits = job.slice(at + 8, at + 8 + widthBytes * height)
      if (bits.length !== widthBytes * height) throw new Error('a picture is cut off')
      read.pictures.push({ width: widthBytes * 8, height, bits })
      read.lines.push(null)
      at += 8 + widthBytes * height
    } else if (byte(0) === 0x0a) {
      if (line.length === 0 && read.lines.at(-1) === null && lineSpacing !== 0) read.gaps += 1
      read.lines.push(decode(line))
      line = []
      at += 1
    } else if (byte(0) < 0x20 || byte(0) === 0x7f) {
      throw new Error(`unknown command ${command(0, 4)} at ${at}`)
    } else {
      line.push(byte(0))
      read.textBytes.push(byte(0))
      at += 1
    }
  }
  if (line.length > 0) throw new Error('the job ends inside a line')
  return read
}

/**
 * Keys pressed at the X server itself, as a keyboard does: for a till that lets no test look inside it, because it is
 * packaged or because a debugger would change what is tried. The protocol is spoken as "X Window System Protocol" (X11,
 * release 6.7) and "XTEST Extension Protocol" describe it.
 */
import { createConnection, type Socket } from 'node:net'

/** Names as in the page, and what X calls them (X11/keysymdef.h). */
const symbols: Readonly<Record<string, number>> = {
  ...{ Enter: 0xff0d, Escape: 0xff1b, Alt: 0xffe9 },
  ...{ F4: 0xffc1, F10: 0xffc7, F12: 0xffc9 },
}
const symbolOf = (key: string): number => {
  const symbol = symbols[key] ?? (key.length === 1 ? key.charCodeAt(0) : undefined)
  if (symbol === undefined) throw new Error(`no key ${key} is known here`)
  return symbol
}

const opcode = { queryExtension: 98, getKeyboardMapping: 101 } as const
const fakeInput = 2
const keyPress = 2
const keyRelease = 3
const betweenStrikesMs = 60

export class XKeyboard {
  readonly #socket: Socket
  readonly #codes: ReadonlyMap<number, number>
  readonly #testExtension: number

  private constructor(socket: Socket, codes: ReadonlyMap<number, number>, testExtension: number) {
    this.#socket = socket
    this.#codes = codes
    this.#testExtension = testExtension
  }

  /** @param display as in DISPLAY: ":7" */
  static async open(display: string): Promise<XKeyboard> {
    const socket = createConnection(`/tmp/.X11-unix/X${display.slice(1)}`)
    const read = reader(socket)
    socket.write(Buffer.from([0x6c, 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0]))
    const head = await read(8)
    const setup = await read(head.readUInt16LE(6) * 4)
    if (head[0] !== 1) throw new Error(`the X server refused: ${setup.toString()}`)
    const [first = 0, last = 0] = setup.subarray(26, 28)

    /** Writes a request and waits for its reply; nothing else was asked for on this connection. */
    const ask = async (request: Buffer): Promise<Buffer> => {
      socket.write(request)
      const reply = await read(32)
      if (reply[0] !== 1) throw new Error(`the X server answered ${reply[0]}, code ${reply[1]}`)
      return Buffer.concat([reply, await read(reply.readUInt32LE(4) * 4)])
    }
    const name = Buffer.from('XTEST\0\0\0')
    const extension = await ask(Buffer.concat([Buffer.from([opcode.queryExtension, 0, 4, 0, 5, 0, 0, 0]), name]))
    if (extension[8] !== 1) throw new Error('the X server has no XTEST')
    const count = last - first + 1
    const mapping = await ask(Buffer.from([opcode.getKeyboardMapping, 0, 2, 0, first, count, 0, 0]))
    const symbolsPerKey = mapping[1] as number
    const codes = Array.from({ length: count }, (_, place): [number, number] => [
      mapping.readUInt32LE(32 + place * symbolsPerKey * 4),
      first + place,
    ])
    return new XKeyboard(socket, new Map(codes), extension[9] as number)
  }

  /** Each key in turn, slowly enough for a person's: faster ones would be a scanner's. `Alt+l` holds one down. */
  async press(...keys: readonly string[]): Promise<void> {
    for (const chord of keys) {
      const codes = chord.split('+').map((key) => this.#codeOf(key))
      for (const code of codes) await this.#strike(keyPress, code)
      for (const code of codes.toReversed()) await this.#strike(keyRelease, code)
    }
  }

  #codeOf(key: string): number {
    const code = this.#codes.get(symbolOf(key))
    if (code === undefined) throw new Error(`this keyboard has no ${key}`)
    return code
  }

  async #strike(kind: number, code: number): Promise<void> {
    const request = Buffer.alloc(36)
    request.set([this.#testExtension, fakeInput, 9, 0, kind, code])
    this.#socket.write(request)
    await new Promise((resolve) => setTimeout(resolve, betweenStrikesMs))
  }

  close(): void {
    this.#socket.destroy()
  }
}

/** Reads exactly so many bytes. */
function reader(socket: Socket): (length: number) => Promise<Buffer> {
  return async (length) => {
    for (;;) {
      if (length === 0) return Buffer.alloc(0)
      const chunk = socket.read(length) as Buffer | null
      if (chunk !== null && chunk.length === length) return chunk
      if (chunk !== null) throw new Error('the X server ended the connection')
      await new Promise<void>((resolve, reject) => {
        socket.once('readable', resolve).once('error', reject)
      })
    }
  }
}

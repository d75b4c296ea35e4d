'use strict'

/**
 * Stand-in for the native binding `@pokusew/pcsclite` 0.6.0, so that nfc-pcsc works without a compiler on Node and
 * Electron alike. It offers exactly what nfc-pcsc 0.8.1 uses of the binding (`NFC.js`, `Reader.js`), on pcsc-mini.
 *
 * What pcsc-mini or PC/SC do unlike the binding, and what is done about it:
 * - the ATR of pcsc-mini's `change` event has the right length and wrong bytes: the card itself is asked;
 * - a second operation on a busy card throws at once: operations are queued for each reader;
 * - a transmit during which the card leaves succeeds with no bytes: fewer than two are an error (`ShortResponse`);
 * - nfc-pcsc swallows a failed connect: the reader's `error` event tells it;
 * - a card that left during a command and is back before the service looked has never left: where no removal follows a
 *   failed command, one is told, and the card is told anew;
 * - a client whose service died stays dead: a new one is tried four times a second.
 *
 * Beyond the binding's interface a reader has `escape`: a command for the reader itself, while it has no card, over a
 * connection of its own. It takes its turn among the reader's operations, so that a card laid down meanwhile is
 * connected right after.
 *
 * Beyond the binding's interface the object emits `service` (true: PC/SC answers, false: it does not), because without
 * readers nothing else would say that the service is back.
 */

const { EventEmitter } = require('node:events')
const pcsc = require('pcsc-mini')
const addon = require('pcsc-mini/build/addon.node')

/** Small: a till is back in service within two seconds, and pcscd itself takes up to half of one to see a card. */
const restartDelayMs = 250
/** A card held by another program, or one that did not answer, is tried again this often while it lies there. */
const probeDelayMs = 500
/** A removal that follows a failed command is told by then: pcscd looks at its readers every 400 ms. */
const removalDelayMs = 600
/** The longest extended response of ISO 7816-4, with its status word. pcsc-mini's own buffer ends at 264 bytes. */
const responseLengthMax = 65536 + 2

const shareModes = { 1: pcsc.CardMode.EXCLUSIVE, 2: pcsc.CardMode.SHARED, 3: pcsc.CardMode.DIRECT }
const dispositions = {
  0: pcsc.CardDisposition.LEAVE,
  1: pcsc.CardDisposition.RESET,
  2: pcsc.CardDisposition.UNPOWER,
  3: pcsc.CardDisposition.EJECT,
}

/**
 * What pcsc-mini's clients held of PC/SC when their service died. Never collected: the finalizer of each throws where
 * nobody can catch it, and none can be started again. A card that was connected then leaves more behind, which nothing
 * gives back either: pcsc-mini releases its context, a file, only after a disconnection that succeeded.
 */
const deadContexts = []

/** @returns a client, and what it holds of PC/SC: all that must be kept of it if its service dies */
function createClient() {
  const context = addon.newClient()
  const client = new pcsc.Client({
    newClient: () => ({
      connect: (readerName, mode, protocol) => context.connect(readerName, mode, protocol),
      start: (onStateChange, onError) => context.start(onStateChange, onError),
      stop: () => {
        try {
          context.stop()
        } catch {
          // It never started, or its service is gone. A throw would have the client keep its readers.
        }
      },
    }),
  })
  return { client, context }
}

const failure = (code, message) => Object.assign(new Error(message), { code })

/** PC/SC counts insertions and removals in the upper half of the state. */
const eventCount = (rawStatus) => rawStatus >>> 16

class CardReader extends EventEmitter {
  SCARD_SHARE_EXCLUSIVE = 1
  SCARD_SHARE_SHARED = 2
  SCARD_SHARE_DIRECT = 3
  SCARD_LEAVE_CARD = 0
  SCARD_RESET_CARD = 1
  SCARD_UNPOWER_CARD = 2
  SCARD_EJECT_CARD = 3
  SCARD_STATE_EMPTY = pcsc.ReaderStatus.EMPTY
  SCARD_STATE_PRESENT = pcsc.ReaderStatus.PRESENT
  IOCTL_CCID_ESCAPE = pcsc.controlCode(process.platform === 'win32' ? 3500 : 1)

  state = 0
  connected = false

  #device
  #card = null
  #shareMode = pcsc.CardMode.SHARED
  #ended = false
  #response = null
  #operations = Promise.resolve()
  #changes = []
  /** What PC/SC said last, told or not. */
  #rawStatus = 0
  #following = false
  #countAnnounced = 0
  #probeTimer = null
  /** The connection on which a command failed, and how it is to be ended. */
  #doubted = null
  #doubtTimer = null

  constructor(device) {
    super()
    this.#device = device
    this.name = device.name()
    device.on('change', (status) => {
      this.#rawStatus = status.raw
      this.#changed(status.raw)
    })
  }

  /** Answers with the protocol. A card that has just been asked for its ATR is already connected: that one is used. */
  connect(options, callback) {
    if (typeof options === 'function') [options, callback] = [{}, options]
    const mode = shareModes[options.share_mode ?? this.SCARD_SHARE_SHARED]
    this.#enqueue(async () => {
      if (this.#card !== null && mode !== this.#shareMode) await this.#release(pcsc.CardDisposition.LEAVE)
      if (this.#card === null) await this.#open(mode)
      this.connected = true
      return this.#card.protocol()
    }).then(
      (protocol) => callback(null, protocol),
      (error) => {
        callback(error)
        this.#report(error)
      },
    )
  }

  disconnect(disposition, callback) {
    if (typeof disposition === 'function') [disposition, callback] = [this.SCARD_UNPOWER_CARD, disposition]
    // Bound now: the queue may open the next card's connection before this one's turn comes.
    const card = this.#card
    this.connected = false
    this.#enqueue(async () => {
      if (card !== null && card === this.#card) await this.#release(dispositions[disposition])
    }).then(
      () => callback(null),
      (error) => callback(error),
    )
  }

  /** `responseLength` and `protocol` are the binding's; the buffer always has room for the longest response. */
  transmit(command, responseLength, protocol, callback) {
    const card = this.#card
    this.#enqueue(async () => {
      if (card === null || card !== this.#card)
        throw failure('CardWasReleased', 'The card of this command left before its turn')
      this.#response ??= new ArrayBuffer(responseLengthMax)
      let response
      try {
        response = await card.transmit(command, this.#response)
      } catch (error) {
        // The connection is worth nothing until it is renewed; the command's outcome stays an error.
        if (error.code === 'ResetCard') {
          await card.reconnect(this.#shareMode, pcsc.CardDisposition.LEAVE).catch(() => undefined)
        }
        throw error
      }
      if (response.byteLength < 2) {
        throw failure('ShortResponse', `The card answered ${response.byteLength} bytes, fewer than a status word`)
      }
      return Buffer.from(response)
    }).then(
      (response) => callback(null, response),
      (error) => {
        this.#doubt(card, error.code)
        callback(error)
      },
    )
  }

  control(command, code, responseLength, callback) {
    const card = this.#card
    this.#enqueue(async () => {
      if (card === null || card !== this.#card) throw failure('InvalidHandle', 'The reader is not connected')
      return Buffer.from(await card.control(code, command, new ArrayBuffer(Math.max(responseLength, 264))))
    }).then(
      (response) => callback(null, response),
      (error) => callback(error),
    )
  }

  /**
   * Sends it by SCardControl over a direct connection, closed again at once.
   *
   * @param isWanted asked when its turn has come; with false nothing is sent
   * @returns a promise of the answer; rejects with `CardIsThere` or `NotWanted` where nothing was sent
   */
  escape(command, isWanted) {
    return this.#enqueue(async () => {
      if (this.#ended) throw failure('UnknownReader', 'The reader is gone')
      if (this.#card !== null || (this.#rawStatus & this.SCARD_STATE_PRESENT) !== 0)
        throw failure('CardIsThere', 'A card lies on the reader')
      if (!isWanted()) throw failure('NotWanted', 'The time for it was over before its turn')
      // A protocol would have Windows look for a card; macOS takes no connection without one.
      const protocol = process.platform === 'darwin' ? pcsc.Protocol.ANY : pcsc.Protocol.UNSET
      const connection = await this.#device.connect(pcsc.CardMode.DIRECT, protocol)
      try {
        // The buffer is this command's alone.
        return Buffer.from(await connection.control(this.IOCTL_CCID_ESCAPE, command, new ArrayBuffer(264)))
      } finally {
        await connection.disconnect(pcsc.CardDisposition.LEAVE).catch(() => undefined)
      }
    })
  }

  close() {
    this.end()
  }

  /** The reader is gone, or its service is: nothing more comes from it. */
  end() {
    if (this.#ended) return
    this.#ended = true
    clearTimeout(this.#probeTimer)
    clearTimeout(this.#doubtTimer)
    this.#changes.length = 0
    // pcsc-mini keeps a connection beyond its client, and with it the card from every other program.
    void this.#enqueue(async () => this.#card !== null && this.#release(pcsc.CardDisposition.LEAVE))
    this.emit('end')
    this.removeAllListeners('status')
  }

  #enqueue(operation) {
    const done = this.#operations.then(operation)
    this.#operations = done.catch(() => undefined)
    return done
  }

  async #open(mode) {
    this.#card = await this.#device.connect(mode)
    this.#shareMode = mode
  }

  async #release(disposition) {
    const card = this.#card
    this.#card = null
    const how = this.#doubted?.card === card ? this.#doubted.disposition : disposition
    // A card that has left cannot be disconnected, and need not be.
    await card.disconnect(how).catch(() => undefined)
  }

  /** A reset wakes a card whose power was cut; after another program's reset it would only answer in kind. */
  #doubt(card, code) {
    if (card === null || card !== this.#card || this.#ended) return
    const disposition = code === 'ResetCard' ? pcsc.CardDisposition.LEAVE : pcsc.CardDisposition.RESET
    clearTimeout(this.#doubtTimer)
    this.#doubtTimer = setTimeout(() => {
      if (card !== this.#card) return
      this.#doubted = { card, disposition }
      this.#changed(this.state)
    }, removalDelayMs)
  }

  #changed(rawStatus) {
    if (this.#ended) return
    this.#changes.push(rawStatus)
    void this.#follow()
  }

  /** Changes are told one by one in their order: asking a card for its ATR takes a moment. */
  async #follow() {
    if (this.#following) return
    this.#following = true
    while (this.#changes.length > 0 && !this.#ended) await this.#tell(this.#changes.shift())
    this.#following = false
  }

  async #tell(rawStatus) {
    clearTimeout(this.#probeTimer)
    if ((rawStatus & this.SCARD_STATE_PRESENT) === 0) {
      this.#announce(rawStatus, undefined)
      // nfc-pcsc disconnects only what it connected.
      if (!this.connected)
        await this.#enqueue(async () => this.#card !== null && this.#release(pcsc.CardDisposition.LEAVE))
      return
    }
    const announced = (this.state & this.SCARD_STATE_PRESENT) !== 0
    const isDoubted = this.#card !== null && this.#card === this.#doubted?.card
    const sameCard = eventCount(rawStatus) === 0 || eventCount(rawStatus) === this.#countAnnounced
    if (announced && sameCard && !isDoubted) return
    this.emit('heard')
    if (announced) {
      // It left and came back between two looks at the reader: two events, not none.
      if (sameCard) this.emit('unseen')
      this.#announce(this.SCARD_STATE_EMPTY, undefined)
      await this.#enqueue(async () => this.#card !== null && this.#release(pcsc.CardDisposition.LEAVE))
    }
    try {
      const atr = await this.#enqueue(async () => {
        if (this.#card === null) await this.#open(pcsc.CardMode.SHARED)
        return Buffer.from((await this.#card.state()).atr)
      })
      if (this.#ended) return
      this.#countAnnounced = eventCount(rawStatus)
      this.#announce(rawStatus, atr)
    } catch (error) {
      await this.#enqueue(async () => this.#card !== null && this.#release(pcsc.CardDisposition.LEAVE))
      if (this.#ended) return
      if (error.code === 'NoSmartCard' || error.code === 'RemovedCard') {
        this.emit('left')
        return
      }
      this.#report(error)
      this.#probeTimer = setTimeout(() => this.#changes.length === 0 && this.#changed(rawStatus), probeDelayMs)
    }
  }

  /** nfc-pcsc compares the new state with `state`, which therefore changes after the event. */
  #announce(rawStatus, atr) {
    if (this.#ended) return
    this.emit('status', atr === undefined ? { state: rawStatus } : { state: rawStatus, atr })
    this.state = rawStatus
  }

  #report(error) {
    if (!this.#ended && this.listenerCount('error') > 0) this.emit('error', error)
  }
}

class PcscLite extends EventEmitter {
  readers = {}

  #client = null
  #context = null
  #closed = false
  #serviceUp = null
  #restartTimer = null

  constructor() {
    super()
    // The caller attaches its listeners first.
    process.nextTick(() => this.#start())
  }

  /** How often PC/SC died under this process: each time leaves something behind until the process ends. */
  get outages() {
    return deadContexts.length
  }

  close() {
    if (this.#closed) return
    this.#closed = true
    clearTimeout(this.#restartTimer)
    this.#stopClient()
    this.#endReaders()
  }

  #start() {
    if (this.#closed) return
    try {
      const { client, context } = createClient()
      client.on('reader', (device) => this.#attached(device))
      client.on('error', (error) => this.#failed(error))
      this.#client = client
      this.#context = context
      client.start()
    } catch (error) {
      this.#failed(error)
      return
    }
    this.#service(true)
  }

  #failed(error) {
    if (this.#closed) return
    if (this.#serviceUp === true && this.#context !== null) deadContexts.push(this.#context)
    this.#stopClient()
    this.#endReaders()
    clearTimeout(this.#restartTimer)
    this.#restartTimer = setTimeout(() => this.#start(), restartDelayMs)
    // One error for each outage, not one for each try.
    if (this.#serviceUp !== false) this.emit('error', error)
    this.#service(false)
  }

  #service(up) {
    if (this.#serviceUp === up) return
    this.#serviceUp = up
    this.emit('service', up)
  }

  #stopClient() {
    const client = this.#client
    this.#client = null
    this.#context = null
    if (client === null) return
    client.removeAllListeners()
    client.stop()
  }

  #attached(device) {
    const reader = new CardReader(device)
    this.readers[reader.name] = reader
    device.on('disconnect', () => {
      if (this.readers[reader.name] === reader) delete this.readers[reader.name]
      reader.end()
    })
    this.emit('reader', reader)
  }

  #endReaders() {
    for (const reader of Object.values(this.readers)) reader.end()
    this.readers = {}
  }
}

module.exports = () => new PcscLite()

/** Hands for the virtual hardware: lays cards, cuts the network, pays as a customer, by the panel's own interface. */

/** The panel answers at once; nothing that hangs is waited for without a word. */
const answerWithinMs = 60_000

/** What a customer's wallet says of its payment. */
export interface PaidByQr {
  readonly paymentId: string
  readonly state: 'held' | 'settled' | 'paid_back'
  /** Why it came back. */
  readonly reason: string | null
}

export class PanelClient {
  readonly #url: string

  constructor(url: string) {
    this.#url = new URL(url).origin
  }

  async lay(card: string, more: { pullAfterCommands?: number } = {}): Promise<void> {
    await this.tells('/api/reader/lay', { card, ...more })
  }

  async pull(): Promise<void> {
    await this.tells('/api/reader/pull', {})
  }

  /** Milliseconds for each command to a card. */
  async readerTakes(delayMs: number): Promise<void> {
    await this.tells('/api/reader', { delayMs })
  }

  /** The reader's cable. */
  async readerIsPlugged(plugged: boolean): Promise<void> {
    await this.tells('/api/reader', { plugged })
  }

  async network(change: { mode?: 'up' | 'cut' | 'black-hole'; loseNext?: number; path?: string }): Promise<void> {
    await this.tells('/api/network', change)
  }

  async printer(change: { paper?: 'present' | 'out'; paperEndsAfterLines?: number }): Promise<void> {
    await this.tells('/api/printer', change)
  }

  /** A customer reads the QR with their wallet and pays what the ledger says that it asks for. */
  async payQr(wallet: string, text: string): Promise<PaidByQr> {
    const { request } = (await this.tells('/api/wallet/read', { wallet, text })) as { request: { requestId: string } }
    const { payment } = (await this.tells('/api/wallet/pay', { wallet, requestId: request.requestId })) as {
      payment: PaidByQr
    }
    return payment
  }

  /** What the ledger says now of a payment that was made here. */
  async payment(paymentId: string): Promise<PaidByQr> {
    return ((await this.tells('/api/wallet/look', { paymentId })) as { payment: PaidByQr }).payment
  }

  /** Puts cards into the box from which `lay` takes them. */
  async addCards(cards: readonly object[]): Promise<void> {
    await this.tells('/api/cards', cards)
  }

  /** How many requests the till has sent to the ledger so far. */
  async requests(): Promise<number> {
    return ((await this.state()) as { network: { requests: number } }).network.requests
  }

  async state(): Promise<unknown> {
    return (await fetch(`${this.#url}/api/state`, { signal: AbortSignal.timeout(answerWithinMs) })).json()
  }

  /** Any of the panel's commands (docs/virtual-hardware.md). @throws with what it answered when it refuses */
  async tells(path: string, body: object): Promise<unknown> {
    const response = await fetch(`${this.#url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(answerWithinMs),
    })
    if (!response.ok) throw new Error(`the panel answered ${response.status} to ${path}: ${await response.text()}`)
    return response.json()
  }
}

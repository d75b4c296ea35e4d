/** Hands for the virtual hardware: lays cards, pulls them away, cuts the network, by the panel's own interface. */
export class PanelClient {
  readonly #url: string

  constructor(url: string) {
    this.#url = new URL(url).origin
  }

  async lay(card: string, more: { pullAfterCommands?: number } = {}): Promise<void> {
    await this.#post('/api/reader/lay', { card, ...more })
  }

  async pull(): Promise<void> {
    await this.#post('/api/reader/pull', {})
  }

  /** Milliseconds for each command to a card. */
  async readerTakes(delayMs: number): Promise<void> {
    await this.#post('/api/reader', { delayMs })
  }

  async network(change: { mode?: 'up' | 'cut' | 'black-hole'; loseNext?: number; path?: string }): Promise<void> {
    await this.#post('/api/network', change)
  }

  async printer(change: { paper?: 'present' | 'out'; paperEndsAfterLines?: number }): Promise<void> {
    await this.#post('/api/printer', change)
  }

  async state(): Promise<unknown> {
    return (await fetch(`${this.#url}/api/state`)).json()
  }

  async #post(path: string, body: object): Promise<void> {
    const response = await fetch(`${this.#url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`the panel answered ${response.status} to ${path}: ${await response.text()}`)
  }
}

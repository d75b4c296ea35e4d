/** What pcscd tells of its readers, to whoever has to wait for it. */
import pcsc from 'pcsc-mini'

/** pcscd looks at vpcd's readers each 400 ms. */
const looksMs = 5_000

/** A PC/SC client of this process's own: what pcscd tells everybody. */
export class Observer {
  readonly #client = new pcsc.Client()
  /** By the reader's name, which ends with the number of its slot. */
  readonly #present = new Map<string, boolean>()
  /** Of the same: how often a card was told as come. */
  readonly #arrivals = new Map<string, number>()
  #waiting: (() => void)[] = []

  static async of(readers: number): Promise<Observer> {
    const observer = new Observer()
    observer.#client.on('reader', (reader: InstanceType<typeof pcsc.Reader>) => {
      observer.#present.set(reader.name(), false)
      reader.on('change', (status) => {
        observer.#told(reader.name(), status.has(pcsc.ReaderStatus.PRESENT))
        observer.#look()
      })
      observer.#look()
    })
    observer.#client.start()
    await observer.#until(() => observer.#present.size === readers)
    return observer
  }

  isPresent(reader: number, wanted: boolean): Promise<void> {
    const name = this.#nameOf(reader)
    return this.#until(() => this.#present.get(name) === wanted)
  }

  /**
   * Asked before a card is laid down: what is returned resolves when pcscd has told one as come, and as gone. Where
   * only the end of a short stay is told, some looks of pcscd later an empty reader is one that the card has left.
   */
  comesAndGoes(reader: number): () => Promise<void> {
    const name = this.#nameOf(reader)
    const before = this.#arrivals.get(name) ?? 0
    return async () => {
      let isLate = false
      const late = setTimeout(() => {
        isLate = true
        this.#look()
      }, looksMs)
      await this.#until(() => this.#present.get(name) === false && (isLate || (this.#arrivals.get(name) ?? 0) > before))
      clearTimeout(late)
    }
  }

  #told(name: string, isPresent: boolean): void {
    if (isPresent && this.#present.get(name) === false) this.#arrivals.set(name, (this.#arrivals.get(name) ?? 0) + 1)
    this.#present.set(name, isPresent)
  }

  #nameOf(reader: number): string {
    return [...this.#present.keys()].toSorted()[reader] ?? ''
  }

  stop(): void {
    this.#client.stop()
  }

  async #until(look: () => boolean): Promise<void> {
    while (!look()) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  #look(): void {
    for (const wake of this.#waiting.splice(0)) wake()
  }
}

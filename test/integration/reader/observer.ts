/** What pcscd tells of its readers, to whoever has to wait for it. */
import pcsc from 'pcsc-mini'

/** A PC/SC client of this process's own: what pcscd tells everybody. */
export class Observer {
  readonly #client = new pcsc.Client()
  /** By the reader's name, which ends with the number of its slot. */
  readonly #present = new Map<string, boolean>()
  #waiting: (() => void)[] = []

  static async of(readers: number): Promise<Observer> {
    const observer = new Observer()
    observer.#client.on('reader', (reader: InstanceType<typeof pcsc.Reader>) => {
      observer.#present.set(reader.name(), false)
      reader.on('change', (status) => {
        observer.#present.set(reader.name(), status.has(pcsc.ReaderStatus.PRESENT))
        observer.#look()
      })
      observer.#look()
    })
    observer.#client.start()
    await observer.#until(() => observer.#present.size === readers)
    return observer
  }

  isPresent(reader: number, wanted: boolean): Promise<void> {
    const name = [...this.#present.keys()].toSorted()[reader] ?? ''
    return this.#until(() => this.#present.get(name) === wanted)
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

/**
 * Another program that uses the readers, as a process of its own: it says "ready", then does what it is told, one word
 * a line, and answers "done" or the failure's name. Knows nothing of our driver.
 */
import { createInterface } from 'node:readline'
import pcsc from 'pcsc-mini'

const readerName = process.argv[2] ?? ''
const client = new pcsc.Client()
type Reader = InstanceType<typeof pcsc.Reader>
type Card = Awaited<ReturnType<Reader['connect']>>

let card: Card | null = null
let isEmpty = false
const reader = await new Promise<Reader>((resolve, reject) => {
  client.on('error', reject)
  client.on('reader', (found: Reader) => {
    if (found.name() !== readerName) return
    // Told at once how it is: later would be too late.
    found.on('change', (status) => {
      isEmpty = !status.has(pcsc.ReaderStatus.PRESENT)
    })
    resolve(found)
  })
  client.start()
})

/** The card comes when pcscd has seen it. */
async function holdExclusively(): Promise<void> {
  for (;;) {
    try {
      card = await reader.connect(pcsc.CardMode.EXCLUSIVE)
      return
    } catch (error) {
      if (!['NoSmartCard', 'RemovedCard'].includes((error as { code?: string }).code ?? '')) throw error
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
}

const deeds: Readonly<Record<string, () => Promise<void>>> = {
  hold: holdExclusively,
  seesEmpty: async () => {
    while (!isEmpty) await new Promise((resolve) => setTimeout(resolve, 5))
  },
  release: async () => {
    await card?.disconnect(pcsc.CardDisposition.LEAVE)
    card = null
  },
  reset: async () => {
    const other = await reader.connect(pcsc.CardMode.SHARED)
    await other.disconnect(pcsc.CardDisposition.RESET)
  },
}

const say = (word: string): void => void process.stdout.write(`${word}\n`)
createInterface({ input: process.stdin }).on('line', (word) => {
  const deed = deeds[word]
  if (deed === undefined) return say(`no such deed: ${word}`)
  deed().then(
    () => say('done'),
    (error: { code?: string }) => say(error.code ?? String(error)),
  )
})
say('ready')

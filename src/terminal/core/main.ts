/** The core as the shells start it. */
import { runCore } from './core-process.ts'

await runCore()

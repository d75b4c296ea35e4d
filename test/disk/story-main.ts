/**
 * One story, as a process under faults.
 *
 *     node test/disk/story-main.ts FOLDER SEED [copied]
 */
import { tellStory } from './story.ts'

const [folder = '', seed = '', copied] = process.argv.slice(2)
await tellStory(folder, seed, copied === 'copied')
// The till's own timers are virtual, and what waits for a dead one never comes.
process.exit(0)

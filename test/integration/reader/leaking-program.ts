/**
 * Runs in a network namespace of its own (soak.test.ts): counts a program before and after it kept a file and a listener
 * a hundred times over, to see that the census sees it.
 */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { ProcessCensus } from './census.ts'

const leak = `
  const { openSync } = require('node:fs')
  const { EventEmitter } = require('node:events')
  const kept = []
  process.stdin.on('data', () => {
    for (let time = 0; time < 100; time += 1) {
      kept.push(openSync('/dev/null'), new EventEmitter().on('card', () => undefined))
    }
    console.log('leaked')
  })
  console.log('ready')
`
const child = spawn(process.execPath, ['-e', leak], { stdio: ['pipe', 'pipe', 'ignore'] })
const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
await lines.next()
const census = await ProcessCensus.open(child.pid as number)
const before = await census.count()
child.stdin.write('now\n')
await lines.next()
const after = await census.count()
census.close()
child.kill('SIGKILL')
process.stdout.write(`${JSON.stringify({ step: 'census', value: { before, after } })}\n`)
process.stdout.write(`${JSON.stringify({ step: 'end', value: true })}\n`)

/** One scan is one, whichever way it comes, and two of them are two. */
import { expect, test } from 'vitest'
import { echoMs, EchoFilter } from '../../../src/terminal/ui/input/devices.ts'

test.each([
  ['device', 'typed'],
  ['typed', 'device'],
] as const)('what came by %s first comes by %s as its echo', (first, second) => {
  const echoes = new EchoFilter()
  expect([echoes.isEcho(first, 'code 1', 0), echoes.isEcho(second, 'code 1', 10)]).toEqual([false, true])
  // The next scan of the same article.
  expect([echoes.isEcho(first, 'code 1', 900), echoes.isEcho(second, 'code 1', 910)]).toEqual([false, true])
})

test('each press has one echo: two quick presses are two, with two echoes', () => {
  const echoes = new EchoFilter()
  const heard = [
    echoes.isEcho('device', 'key 5', 0),
    echoes.isEcho('device', 'key 5', 60),
    echoes.isEcho('typed', 'key 5', 61),
    echoes.isEcho('typed', 'key 5', 62),
    echoes.isEcho('typed', 'key 5', 63),
  ]
  expect(heard).toEqual([false, false, true, true, false])
})

test('two by the same way, something else, and what comes later are no echoes', () => {
  const echoes = new EchoFilter()
  const heard = [
    echoes.isEcho('device', 'code 1', 0),
    echoes.isEcho('device', 'code 1', 10),
    echoes.isEcho('typed', 'code 2', 20),
    echoes.isEcho('typed', 'code 1', 10 + echoMs),
  ]
  expect(heard).toEqual([false, false, false, false])
})

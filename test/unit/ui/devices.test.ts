/**
 * One scan or press is one, whichever way it comes, and two of them are two; what comes late acts on nothing. Method:
 * the gate that everything passes, on times that the test says.
 */
import { describe, expect, test } from 'vitest'
import { DeviceGate, echoMs, EchoFilter, lateMs, pinTailMs } from '../../../src/terminal/ui/input/device-gate.ts'

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

/** What acts, in its order. Each step: where it comes from, the key, when it was pressed, when it is heard of. */
type Step = readonly ['device' | 'typed', string, number, number?]
function acted(gate: DeviceGate, steps: readonly Step[]): string {
  return steps
    .flatMap(([way, key, at, now = at]) => {
      const code = key === ',' ? 'NumpadDecimal' : /^\d$/.test(key) ? `Numpad${key}` : key
      const acts = way === 'device' ? gate.pressed(key, at, now) === 'take' : gate.typedKey({ key, code, at })
      return acts ? [`${way[0]}${key}`] : []
    })
    .join(' ')
}
const keys = (way: Step[0], text: string, from: number, gap = 150, late = 0): Step[] =>
  [...text].map((key, index) => [way, key === '\n' ? 'Enter' : key, from + index * gap, from + index * gap + late])

describe('a keypad that is late', () => {
  test('rings up no second line, however late it is: what it typed has acted already', () => {
    const both = [...keys('typed', '12\n', 0), ...keys('device', '12\n', 0, 150, 2_000)]
    expect(acted(new DeviceGate(), both)).toBe('t1 t2 tEnter')
  })

  test('does not double a PIN under a constant lag, and two equal digits stay two', () => {
    const typed = keys('typed', '4477', 0)
    const late = keys('device', '4477', 0, 150, 620)
    const both = [...typed, ...late].toSorted((one, other) => (one[3] ?? one[2]) - (other[3] ?? other[2]))
    expect(acted(new DeviceGate(), both)).toBe('t4 t4 t7 t7')
  })

  test('that types nothing says nothing any more, and the rest of its line neither', () => {
    const gate = new DeviceGate()
    const steps: Step[] = [['device', '1', 0, 900], ...keys('device', '2\n', 800), ...keys('device', '3\n', 1_500)]
    expect(acted(gate, steps)).toBe('d3 dEnter')
    expect([gate.pressed('7', 3_000, 3_000 + lateMs), gate.pressed('7', 4_000, 4_001 + lateMs)]).toEqual([
      'take',
      'late',
    ])
  })

  test('and is given up comes once by the keyboard', () => {
    expect(
      acted(new DeviceGate(), [
        ['device', '5', 0, 900],
        ['typed', '5', 1],
      ]),
    ).toBe('t5')
  })

  test('a late scan is no scan', () => {
    const gate = new DeviceGate()
    expect([gate.scanned('4870000000067', 0, 501), gate.scanned('4870000000067', 600, 700)]).toEqual(['late', 'take'])
  })
})

describe('the rest of a PIN that is asked for no more', () => {
  const asked = (): DeviceGate => {
    const gate = new DeviceGate()
    gate.asks(true, 0)
    return gate
  }

  test('is no amount: nothing of the keypad acts until Enter, and that neither', () => {
    const gate = asked()
    expect(acted(gate, keys('device', '40', 0))).toBe('d4 d0')
    gate.asks(false, 400)
    expect(acted(gate, [...keys('device', '71\n', 500), ...keys('device', '5\n', 1_200)])).toBe('d5 dEnter')
  })

  test('or until the keypad was quiet for three seconds', () => {
    const gate = asked()
    gate.asks(false, 0)
    expect(acted(gate, keys('device', '471', 2_000, 2_000))).toBe('')
    expect(acted(gate, keys('device', '5', 6_000 + pinTailMs))).toBe('d5')
  })

  test('does not come by the way of the keyboard either, where the keypad types as well', () => {
    const gate = asked()
    expect(acted(gate, [...keys('device', '4', 0), ...keys('typed', '4', 1)])).toBe('d4')
    gate.asks(false, 100)
    expect(acted(gate, [...keys('typed', '7\n', 200), ...keys('device', '7\n', 200), ...keys('typed', '8', 700)])).toBe(
      't8',
    )
  })

  test('and the next PIN is typed at once', () => {
    const gate = asked()
    gate.asks(false, 100)
    gate.asks(true, 200)
    expect(acted(gate, keys('device', '4071', 300))).toBe('d4 d0 d7 d1')
  })
})

describe('the echo of a keypad', () => {
  test.each([
    ['1', 'Numpad1', '1'],
    ['1', 'Numpad1', 'End'],
    [',', 'NumpadDecimal', '.'],
    [',', 'NumpadDecimal', 'Delete'],
    ['0', 'Numpad0', 'Insert'],
    ['2', 'Digit2', 'ә'],
    ['Enter', 'NumpadEnter', 'Enter'],
    ['Backspace', 'Backspace', 'Backspace'],
  ])('%s is known by its place: %s, as %s', (pressed, code, key) => {
    const gate = new DeviceGate()
    gate.pressed(pressed, 0, 0)
    expect(gate.typedKey({ key, code, at: 10 })).toBe(false)
  })

  test('takes no key out of a code that a scanner types just then', () => {
    const gate = new DeviceGate()
    acted(gate, keys('device', '4870', 0, 20))
    const scan = [...'9900487000'].map((digit, index) =>
      gate.typedKey({ key: digit, code: `Digit${digit}`, at: 100 + index * 10 }),
    )
    expect(scan).not.toContain(false)
    expect(gate.typedKey({ key: 'Enter', code: 'Enter', at: 205 })).toBe(true)
  })

  test('is each of the three that 000 types', () => {
    const steps: Step[] = [...keys('device', '000', 0, 0), ...keys('typed', '000', 2, 8)]
    expect(acted(new DeviceGate(), steps)).toBe('d0 d0 d0')
  })
})

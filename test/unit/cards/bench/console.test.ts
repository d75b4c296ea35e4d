/** What is typed on the console, what it can cost a card, and what answers mean. */
import { describe, expect, test } from 'vitest'
import { commandBytesMax, readScript, scriptCommandsMax } from '../../../../src/voucher/cards/bench/apdu-script.ts'
import { cardRiskOf } from '../../../../src/voucher/cards/bench/card-risk.ts'
import { statusMeaning } from '../../../../src/voucher/cards/bench/status-meaning.ts'
import { meantAsTlv, tlvLines, tlvTree, valuesOfTag } from '../../../../src/voucher/cards/bench/tlv-tree.ts'
import { asciiBytes, fromHex, toHex } from '../../../../src/voucher/cards/bytes.ts'

describe('a script', () => {
  const read = (text: string) => {
    const script = readScript(text)
    return script.kind === 'script' ? script.commands.map(toHex) : script
  }

  test('is one command on each line, in any spelling, with remarks; answers of an exported one are passed over', () => {
    const text = '# who is it\n> 00 a4 04 00\n< 6A82\n# 6A82 ISO_FILE_NOT_FOUND\n\n90:60:00:00:00  # version\n'
    expect(read(text)).toEqual(['00A40400', '9060000000'])
  })

  test.each([
    ['', 'empty', null],
    ['# nothing', 'empty', null],
    ['00A404', 'too_short', 1],
    ['00A40400\n00A4040', 'not_hex', 2],
    ['00A4040G', 'not_hex', 1],
    ['00'.repeat(commandBytesMax + 1), 'too_long', 1],
    ['00A40400\n'.repeat(scriptCommandsMax + 1), 'too_many', null],
  ])('that cannot be sent is refused: case %#', (text, fault, line) => {
    expect(read(text)).toEqual({ kind: 'fault', fault, line })
  })

  test('takes the longest command of an ACR122U', () => {
    expect(readScript('00'.repeat(commandBytesMax)).kind).toBe('script')
  })
})

describe('what a command can cost', () => {
  test.each([
    ['9071000002000000', 'authentication'],
    ['90AA0000010000', 'authentication'],
    ['FF860000050100046000', 'authentication'],
    // PWD_AUTH, and a native AuthenticateEV2First, handed on by a PN532.
    ['FF00000007D4421B01020304', 'authentication'],
    ['FF00000006D440017100FF', 'authentication'],
    ['842000000E0000', 'pin'],
    ['0020008004FFFFFFFF', 'pin'],
    ['90C40000', 'key_change'],
    ['90DF00000102', 'key_change'],
    ['80E60000', 'key_change'],
    ['FFD6000204FFFFFFFF', 'lock'],
    ['FFD6002904000000FF', 'lock'],
    ['FF00000008D442A202FFFFFFFF', 'lock'],
    // Handed on by a PN532: an APDU to a target, one behind a block's head, with the card's number in it.
    ['FF0000000BD44001002000010431323334', 'pin'],
    ['FF00000009D440019071000000', 'authentication'],
    ['FF0000000BD4420200200001043132', 'pin'],
    ['FF0000000CD4420A00002000010431323334', 'authentication'],
    ['FF0000000CD4420B0100200001043132', 'pin'],
    ['FF00000004D442C104', 'handed_on'],
    ['FF0000000DD44001C0', 'handed_on'],
    ['FF00000002D486', 'handed_on'],
    ['FF000000021234', 'handed_on'],
    ['FF00000010D440016007FFFFFFFFFFFF0A1B2C3D', 'authentication'],
    // MIFARE's WRITE: lock pages, and the keys of a sector.
    ['FF00000015D44001A002' + '00'.repeat(16), 'lock'],
    ['FF00000015D44001A007' + '00'.repeat(16), 'lock'],
    ['FFD6000710' + '00'.repeat(16), 'lock'],
    ['FFD6000620' + '00'.repeat(32), 'lock'],
    // The transparent session.
    ['FFC200011095022000', 'handed_on'],
    ['FFC200010D5F46040000271095050020000100', 'pin'],
    ['FFC200010C958200080220002000010431', 'handed_on'],
    ['FFEF000000', 'handed_on'],
    ['00E40000', 'key_change'],
    ['00E60000', 'key_change'],
    ['0CE80000', 'key_change'],
    ['00FE0000', 'key_change'],
    ['80D80000', 'key_change'],
    ['00C200000600200001023132', 'pin'],
  ])('%s: %s', (command, risk) => {
    expect(cardRiskOf(fromHex(command))).toBe(risk)
  })

  test.each([
    '00A4040007D276000085010100',
    '9060000000',
    '90AF000000',
    'FFCA000000',
    'FFB0000410',
    'FFD6000404DEADBEEF',
    'FF00000003D44260',
    'FF00000004D4423C00',
    '80100000',
    '00000000',
    'FF0000000AD4400100A4040003A00000',
    'FF00000009D4420200A4040000',
    'FF00000002D402',
    'FF00000004D44A0100',
    'FF00400F0401000000',
    'FFD6000810' + '00'.repeat(16),
    'FFC200000281008400',
    'FFC2000107950500A4040000',
    '903C0000010000',
    'FF0000000AD44001903C0000010000',
    '00C200000500A4040000',
  ])('%s: nothing', (command) => {
    expect(cardRiskOf(fromHex(command))).toBeNull()
  })
})

describe('a status word', () => {
  test.each([
    [0x9000, 'ISO_OK', true],
    [0x9100, 'OPERATION_OK', true],
    [0x9190, 'SIGNATURE_READ', true],
    [0x91af, 'ADDITIONAL_FRAME', true],
    [0x6110, 'ISO_MORE_DATA', true],
    [0x6a82, 'ISO_FILE_NOT_FOUND', false],
    [0x91ae, 'AUTHENTICATION_ERROR', false],
    [0x911c, 'ILLEGAL_COMMAND_CODE', false],
    [0x6283, 'ISO_FILE_DEACTIVATED', false],
    [0x6299, 'ISO_WARNING', false],
    [0x6499, 'ISO_EXECUTION_ERROR', false],
    [0x6b99, 'ISO_CHECKING_ERROR', false],
    [0x9199, 'NATIVE_UNKNOWN', false],
    [0x1234, 'UNKNOWN', false],
  ])('%i is %s', (code, name, isSuccess) => {
    expect(statusMeaning(code)).toMatchObject({ name, isSuccess })
  })

  test('has its number, its source, and the applet’s own name', () => {
    expect(statusMeaning(0x63c2)).toMatchObject({ name: 'ISO_TRIES_LEFT', number: 2 })
    expect(statusMeaning(0x6c00)).toMatchObject({ name: 'ISO_WRONG_EXPECTED_LENGTH', number: 256 })
    expect(statusMeaning(0x9a0a)).toMatchObject({ name: 'APPLET', own: 'PIN_NEEDED', source: /design\/22/ })
    expect(statusMeaning(0x6a82).source).toMatch(/7816-4/)
    expect(statusMeaning(0x919d).source).toMatch(/NT4H2421Gx/)
    expect(statusMeaning(0x9190).source).toMatch(/AN12196/)
    expect(statusMeaning(0x91de)).toMatchObject({ name: 'DUPLICATE_ERROR', source: /proxmark3/ })
  })
})

describe('TLV', () => {
  /** PPSE of EMV Contactless Book B, table 3-2, with one invented application. */
  const ppse = fromHex('6F23840E325041592E5359532E4444463031A511BF0C0E610C4F07F0000000031010870101')

  test('is read to every depth, and the applications of a directory are found', () => {
    const tree = tlvTree(ppse) ?? []
    expect(tlvLines(tree).map(({ depth, tag }) => [depth, tag.toString(16)])).toEqual([
      [0, '6f'],
      [1, '84'],
      [1, 'a5'],
      [2, 'bf0c'],
      [3, '61'],
      [4, '4f'],
      [4, '87'],
    ])
    expect(valuesOfTag(tree, 0x4f).map(toHex)).toEqual(['F0000000031010'])
    expect(valuesOfTag(tree, 0x84)[0]).toEqual(asciiBytes('2PAY.SYS.DDF01'))
  })

  test('is not seen where the bytes only happen to read as it', () => {
    expect(tlvTree(fromHex('0401AA'))).not.toBeNull()
    expect(meantAsTlv(fromHex('0401AA'))).toBeNull()
    expect(meantAsTlv(fromHex('04A1B2C3D4E5F6'))).toBeNull()
    expect(meantAsTlv(fromHex('6F03840100'))).not.toBeNull()
    expect(meantAsTlv(new Uint8Array(0))).toBeNull()
  })

  test('nested without end ends', () => {
    let bytes = fromHex('0400')
    for (let depth = 0; depth < 50; depth += 1) bytes = Uint8Array.of(0x6f, bytes.length, ...bytes)
    const lines = tlvLines(tlvTree(bytes) ?? [])
    expect(lines.at(-1)?.depth).toBe(7)
  })
})

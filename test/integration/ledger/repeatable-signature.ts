/**
 * ECDSA on P-256 with SHA-256 whose nonce follows from key and message (as in RFC 6979, with a plain HMAC), so that
 * what is recorded comes out the same again. Only for tests: nothing here hides its time.
 */
import { createECDH, createHash, createHmac } from 'node:crypto'

const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
const bytesOf = (number: bigint): Buffer => Buffer.from(number.toString(16).padStart(64, '0'), 'hex')

/** @returns 64 bytes r ‖ s */
export function signRepeatably(secret: Uint8Array, message: Uint8Array): Uint8Array {
  const drawn = createHmac('sha512', secret).update(message).digest()
  const nonce = (numberOf(drawn) % (order - 1n)) + 1n
  const curve = createECDH('prime256v1')
  curve.setPrivateKey(bytesOf(nonce))
  const r = numberOf(curve.getPublicKey().subarray(1, 33)) % order
  const hashed = numberOf(createHash('sha256').update(message).digest())
  const s = (inverse(nonce) * ((hashed + r * numberOf(secret)) % order)) % order
  return Buffer.concat([bytesOf(r), bytesOf(s)])
}

/** By Fermat: the order is prime. */
function inverse(number: bigint): bigint {
  let [result, base, exponent] = [1n, number, order - 2n]
  for (; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) % order
    base = (base * base) % order
  }
  return result
}

/**
 * NXP's originality signature: ECDSA over the UID itself, without a hash, on secp128r1 (NTAG21x, AN11350; MIFARE
 * Ultralight EV1, AN11341) or secp224r1 (NTAG 424 DNA, AN12196 §8.2; MIFARE DESFire). It says that NXP made a chip with
 * this UID. It does not say that this is that chip: the signature can be read out and written to a copy.
 *
 * Own arithmetic, since neither Node nor the crypto libraries at hand verify a digest as it is on secp128r1. Nothing
 * here is secret: it need not run in constant time.
 */

interface Curve {
  readonly bytes: number
  readonly p: bigint
  readonly a: bigint
  readonly b: bigint
  readonly n: bigint
  readonly g: Point
}

interface Point {
  readonly x: bigint
  readonly y: bigint
}

/** In Jacobian coordinates: x = X/Z², y = Y/Z³; Z = 0 is the point at infinity. */
interface ProjectivePoint {
  readonly x: bigint
  readonly y: bigint
  readonly z: bigint
}

/** SEC 2 version 1 §2.3.1. */
const secp128r1: Curve = {
  bytes: 16,
  p: 0xfffffffdffffffffffffffffffffffffn,
  a: 0xfffffffdfffffffffffffffffffffffcn,
  b: 0xe87579c11079f43dd824993c2cee5ed3n,
  n: 0xfffffffe0000000075a30d1b9038a115n,
  g: { x: 0x161ff7528b899b2d0c28607ca52c5b86n, y: 0xcf5ac8395bafeb13c02da292dded7a83n },
}

/** SEC 2 §2.6.2: NIST P-224. */
const secp224r1: Curve = {
  bytes: 28,
  p: 2n ** 224n - 2n ** 96n + 1n,
  a: 2n ** 224n - 2n ** 96n - 2n,
  b: 0xb4050a850c04b3abf54132565044b0b7d7bfd8ba270b39432355ffb4n,
  n: 0xffffffffffffffffffffffffffff16a2e0b8f03e13dd29455c5c2a3dn,
  g: {
    x: 0xb70e0cbd6bb4bf7f321390b94a03c1d356c21122343280d6115c1d21n,
    y: 0xbd376388b5f723fb4c22dfe6cd4375a05a07476444d5819985007e34n,
  },
}

interface Maker {
  readonly curve: Curve
  readonly key: Point
}

/** NXP's public keys by chip family: shared/facts/cards-and-readers.md §1.2, shared/vectors/cards-and-crypto.json. */
const makers = {
  ntag21x: {
    curve: secp128r1,
    key: { x: 0x494e1a386d3d3cfe3dc10e5de68a499bn, y: 0x1c202db5b132393e89ed19fe5be8bc61n },
  },
  ntag424: {
    curve: secp224r1,
    key: {
      x: 0x8a9b380af2ee1b98dc417fecc263f8449c7625cece82d9b916c992dan,
      y: 0x209d68422b81ec20b65a66b5102a61596af3379200599316a00a1410n,
    },
  },
  'desfire-ev2': {
    curve: secp224r1,
    key: {
      x: 0xb304dc4c615f5326fe9383ddec9aa892df3a57fa7ffb3276192bc0ean,
      y: 0xa252ed45a865e3b093a3d0dce5be29e92f1392ce7de321e3e5c52b3an,
    },
  },
  'desfire-ev3': {
    curve: secp224r1,
    key: {
      x: 0x1db46c145d0a36539c6544bd6d9b0aa62ff91ec48cbc6abae36e0089n,
      y: 0xa46f0d08c8a715ea40a63313b92e90ddc1730230e0458a33276fb743n,
    },
  },
} as const satisfies Readonly<Record<string, Maker>>

export type ChipFamily = keyof typeof makers

/**
 * Whether NXP has signed this UID for a chip of this family. Bytes of any content and length are answered, never thrown
 * at.
 *
 * @param signature r ‖ s: 32 bytes of secp128r1, 56 of secp224r1
 */
export function isOriginal(family: ChipFamily, uid: Uint8Array, signature: Uint8Array): boolean {
  const { curve, key }: Maker = makers[family]
  if (uid.length > curve.bytes || signature.length !== 2 * curve.bytes) return false
  const r = toNumber(signature.subarray(0, curve.bytes))
  const s = toNumber(signature.subarray(curve.bytes))
  if (r === 0n || r >= curve.n || s === 0n || s >= curve.n) return false
  const w = inverse(s, curve.n)
  const sum = sumOfProducts(curve, (toNumber(uid) * w) % curve.n, key, (r * w) % curve.n)
  if (sum.z === 0n) return false
  const zInverse = inverse(sum.z, curve.p)
  return modulo(sum.x * zInverse * zInverse, curve.p) % curve.n === r
}

/** u · G + v · Q, both multiplications in one pass from the highest bit down (Shamir's trick). */
function sumOfProducts(curve: Curve, u: bigint, q: Point, v: bigint): ProjectivePoint {
  const g = { ...curve.g, z: 1n }
  const other = { ...q, z: 1n }
  const both = add(curve, g, other)
  let sum: ProjectivePoint = { x: 1n, y: 1n, z: 0n }
  for (let bit = BigInt(8 * curve.bytes) - 1n; bit >= 0n; bit -= 1n) {
    sum = double(curve, sum)
    const inU = ((u >> bit) & 1n) === 1n
    const inV = ((v >> bit) & 1n) === 1n
    if (inU && inV) sum = add(curve, sum, both)
    else if (inU) sum = add(curve, sum, g)
    else if (inV) sum = add(curve, sum, other)
  }
  return sum
}

/** "dbl-2007-bl" of the Explicit-Formulas Database, for any a. */
function double({ p, a }: Curve, { x, y, z }: ProjectivePoint): ProjectivePoint {
  if (z === 0n || y === 0n) return { x: 1n, y: 1n, z: 0n }
  const xx = (x * x) % p
  const yy = (y * y) % p
  const zz = (z * z) % p
  const s = (4n * x * yy) % p
  const m = (3n * xx + a * zz * zz) % p
  const t = modulo(m * m - 2n * s, p)
  return { x: t, y: modulo(m * (s - t) - 8n * yy * yy, p), z: (2n * y * z) % p }
}

/** "add-2007-bl" of the same, with its exceptions: infinity, equal points, opposite points. */
function add(curve: Curve, left: ProjectivePoint, right: ProjectivePoint): ProjectivePoint {
  if (left.z === 0n) return right
  if (right.z === 0n) return left
  const { p } = curve
  const leftZz = (left.z * left.z) % p
  const rightZz = (right.z * right.z) % p
  const u = (left.x * rightZz) % p
  const h = modulo(right.x * leftZz - u, p)
  const s = (left.y * right.z * rightZz) % p
  const r = modulo(right.y * left.z * leftZz - s, p)
  if (h === 0n) return r === 0n ? double(curve, left) : { x: 1n, y: 1n, z: 0n }
  const hh = (h * h) % p
  const hhh = (h * hh) % p
  const v = (u * hh) % p
  const x = modulo(r * r - hhh - 2n * v, p)
  return { x, y: modulo(r * (v - x) - s * hhh, p), z: (left.z * right.z * h) % p }
}

function modulo(value: bigint, modulus: bigint): bigint {
  const rest = value % modulus
  return rest < 0n ? rest + modulus : rest
}

/** By the extended Euclidean algorithm; `modulus` is prime and `value` no multiple of it. */
function inverse(value: bigint, modulus: bigint): bigint {
  let [previous, current] = [modulo(value, modulus), modulus]
  let [previousFactor, factor] = [1n, 0n]
  while (current !== 0n) {
    const quotient = previous / current
    ;[previous, current] = [current, previous - quotient * current]
    ;[previousFactor, factor] = [factor, previousFactor - quotient * factor]
  }
  return modulo(previousFactor, modulus)
}

function toNumber(bytes: Uint8Array): bigint {
  let number = 0n
  for (const byte of bytes) number = number * 256n + BigInt(byte)
  return number
}

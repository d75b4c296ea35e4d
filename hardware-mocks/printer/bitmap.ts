/** Black dots on white paper, one byte per dot (1 = black), row by row. */
export interface Bitmap {
  readonly width: number
  readonly height: number
  readonly dots: Uint8Array
}

export function emptyBitmap(width: number, height: number): Bitmap {
  return { width, height, dots: new Uint8Array(width * height) }
}

/** Rows of packed bits, most significant first: `GS v 0` and `GS ( L`. Missing bytes are white. */
export function bitmapFromRows(bytesPerRow: number, rows: number, packed: Uint8Array, width = bytesPerRow * 8): Bitmap {
  const bitmap = emptyBitmap(width, rows)
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < width; x++) {
      const byte = packed[y * bytesPerRow + (x >> 3)] ?? 0
      bitmap.dots[y * width + x] = (byte >> (7 - (x & 7))) & 1
    }
  }
  return bitmap
}

/** Columns of packed bits, top dot first: `ESC *` and `ESC &`. */
export function bitmapFromColumns(columns: number, bytesPerColumn: number, packed: Uint8Array): Bitmap {
  const height = bytesPerColumn * 8
  const bitmap = emptyBitmap(columns, height)
  for (let x = 0; x < columns; x++) {
    for (let y = 0; y < height; y++) {
      const byte = packed[x * bytesPerColumn + (y >> 3)] ?? 0
      bitmap.dots[y * columns + x] = (byte >> (7 - (y & 7))) & 1
    }
  }
  return bitmap
}

export function scaled(bitmap: Bitmap, across: number, down: number): Bitmap {
  if (across === 1 && down === 1) return bitmap
  const larger = emptyBitmap(bitmap.width * across, bitmap.height * down)
  for (let y = 0; y < larger.height; y++) {
    for (let x = 0; x < larger.width; x++) {
      larger.dots[y * larger.width + x] = bitmap.dots[Math.floor(y / down) * bitmap.width + Math.floor(x / across)] ?? 0
    }
  }
  return larger
}

export function cropped(bitmap: Bitmap, width: number): Bitmap {
  if (width >= bitmap.width) return bitmap
  const smaller = emptyBitmap(width, bitmap.height)
  for (let y = 0; y < bitmap.height; y++) {
    smaller.dots.set(bitmap.dots.subarray(y * bitmap.width, y * bitmap.width + width), y * width)
  }
  return smaller
}

/** Rows of packed bits, each row padded to a whole byte: how a slip's record keeps a picture. */
export function packedRows(bitmap: Bitmap): Uint8Array {
  const bytesPerRow = (bitmap.width + 7) >> 3
  const packed = new Uint8Array(bytesPerRow * bitmap.height)
  for (let y = 0; y < bitmap.height; y++) {
    for (let x = 0; x < bitmap.width; x++) {
      if (bitmap.dots[y * bitmap.width + x] === 1) {
        const at = y * bytesPerRow + (x >> 3)
        packed[at] = (packed[at] ?? 0) | (0x80 >> (x & 7))
      }
    }
  }
  return packed
}

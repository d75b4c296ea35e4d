/** Every picture of the gallery: the till's, and the test bench's. */
import { benchPictures } from './bench-pictures.ts'
import type { Picture } from './picture.ts'
import { pictures } from './pictures.ts'

export const allPictures: readonly Picture[] = [...pictures, ...benchPictures]

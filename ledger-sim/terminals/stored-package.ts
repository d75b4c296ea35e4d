import type { z } from 'zod'
import type { terminalPackageSchema } from '../../src/voucher/package.ts'
import type { Work } from '../context.ts'
import { hotlistAt } from '../schemes/hotlist.ts'

export interface StoredContent {
  /** All but the hotlist: that is kept once for all packages. */
  readonly content: string
  /** Null for packages from before prefixes: their content is whole. */
  readonly hotlist_version: bigint | null
}

/** As it stands under the signature: amounts as text. */
export async function wholePackage(work: Work, stored: StoredContent): Promise<z.input<typeof terminalPackageSchema>> {
  const content = JSON.parse(stored.content) as z.input<typeof terminalPackageSchema>
  return stored.hotlist_version === null
    ? content
    : { ...content, hotlist: await hotlistAt(work, Number(stored.hotlist_version)) }
}

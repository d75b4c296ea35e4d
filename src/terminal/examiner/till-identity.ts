/** Who the till of a folder is, by the files that it would read at its start. Nothing is changed, no TPM is asked. */
import { existsSync } from 'node:fs'
import type { SigningKey } from '../../sync/protocol/keys.ts'
import type { Enrolment } from '../../sync/protocol/messages.ts'
import { EnrolmentError, loadEnrolment } from '../core/identity.ts'
import { keyFileIn, readTerminalKeys } from '../core/key-file.ts'

export type TillIdentity =
  | { readonly kind: 'none' }
  /** A till does not start on it (`IDENTITY_DAMAGED`), or its user may not read it. */
  | { readonly kind: 'damaged' }
  /** `signer` is undefined where the keys are sealed: a TPM takes its time and belongs to the till. */
  | { readonly kind: 'enrolled'; readonly enrolment: Enrolment; readonly signer: SigningKey | undefined }

export function tillIdentityIn(folder: string): TillIdentity {
  try {
    const enrolment = loadEnrolment(folder)
    if (enrolment === undefined && !existsSync(keyFileIn(folder))) return { kind: 'none' }
    const signer = openKeyIn(folder)
    return enrolment === undefined ? { kind: 'none' } : { kind: 'enrolled', enrolment, signer }
  } catch (error) {
    if (['IDENTITY_DAMAGED', 'EACCES', 'EPERM'].includes(codeOf(error))) return { kind: 'damaged' }
    throw error
  }
}

function openKeyIn(folder: string): SigningKey | undefined {
  try {
    return readTerminalKeys(folder, undefined).signing
  } catch (error) {
    if (error instanceof EnrolmentError && error.code === 'KEYS_SEALED') return undefined
    throw error
  }
}

const codeOf = (error: unknown): string => String((error as { code?: unknown } | null)?.code)

/** Which cards a scheme must not be published with: they and the way it sells cannot be safe together. */
import { activationOf } from './activation.ts'
import { capsSchema, type Caps } from './caps.ts'
import { cardRulesOf } from './card-rules.ts'
import { finding, type FaultCode, type Finding } from './scheme-lint.ts'
import type { AnyScheme } from './scheme.ts'

/** Money-rules.md, "Offline" (publishing refuses pairs that cannot be safe); architecture.md, "Cards". */
export function cardFaults(scheme: AnyScheme): readonly Finding<FaultCode>[] {
  const { accepts, uidOffline } = cardRulesOf(scheme)
  const sellsOffline = scheme.offline.policy !== 'deny'
  const provesNothing = accepts.some((profile) => profile !== 'ntag424')
  const above = uidOffline === undefined ? [] : capNames.filter((name) => uidOffline.caps[name] > scheme.caps[name])
  return [
    ...(activationOf(scheme) !== undefined && provesNothing
      ? [finding('ACTIVATION_WITHOUT_PROOF', ['cards', 'accepts'])]
      : []),
    ...(sellsOffline && accepts.includes('ntag21x') ? [finding('CARD_NEVER_OFFLINE', ['cards', 'accepts'])] : []),
    ...(sellsOffline && accepts.includes('uid') && uidOffline === undefined
      ? [finding('UID_RISK_NOT_ACCEPTED', ['cards', 'uidOffline'])]
      : []),
    ...above.map((name) => finding('UID_CAP_ABOVE_SCHEME', ['cards', 'uidOffline', 'caps', name], { cap: name })),
  ]
}

const capNames = Object.keys(capsSchema.shape) as (keyof Caps)[]

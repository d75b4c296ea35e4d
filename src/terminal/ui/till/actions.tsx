/** What the cashier may do now: the next step big, the rest beside it, the selected line's controls below. */
import type { SaleView } from '../../contract/index.ts'
import type { Offer, Offers } from '../input/offers.ts'
import { useTexts } from '../texts/use-texts.ts'
import { CommandButton, shownKey } from './command-button.tsx'

interface ActionsProps {
  readonly offers: Offers
  /** The line that − + and Del change. */
  readonly line: SaleView['lines'][number] | null
  readonly editable: boolean
  readonly readOnly: boolean
  /** Something is being typed: Enter belongs to it, and the next step's key is not shown. */
  readonly typing: boolean
  readonly onOffer: (offer: Offer) => void
  readonly onQuantity: (by: 1 | -1) => void
  readonly onRemove: () => void
}

export function Actions({ offers, line, editable, readOnly, typing, onOffer, onQuantity, onRemove }: ActionsProps) {
  const { say } = useTexts()
  if (readOnly) {
    return (
      <section className="actions read-only">
        <strong>{say('window.readOnly.what')}</strong>
        <p>{say('window.readOnly.todo')}</p>
      </section>
    )
  }
  const { primary, others } = offers
  return (
    <section className="actions">
      {primary === null ? null : (
        <CommandButton
          look={primary.action === 'cancel_payment' ? 'plain' : 'primary'}
          {...(typing && primary.key === 'Enter' ? {} : { keyShown: shownKey(primary.key) })}
          onPress={() => onOffer(primary)}
        >
          {say(`action.${primary.action}`)}
        </CommandButton>
      )}
      <div className="other-actions">
        {others.map((offer) => (
          <CommandButton
            key={offer.action}
            look={offer.action === 'cancel_sale' || offer.action === 'cancel_unknown' ? 'quiet' : 'plain'}
            keyShown={shownKey(offer.key)}
            onPress={() => onOffer(offer)}
          >
            {say(`action.${offer.action}`)}
          </CommandButton>
        ))}
      </div>
      {editable && line !== null ? (
        <div className="line-actions">
          <CommandButton label={say('line.less')} onPress={() => onQuantity(-1)}>
            −
          </CommandButton>
          <CommandButton label={say('line.more')} onPress={() => onQuantity(1)}>
            +
          </CommandButton>
          <CommandButton keyShown={shownKey('Delete')} onPress={onRemove}>
            {say('line.remove')}
          </CommandButton>
        </div>
      ) : null}
    </section>
  )
}

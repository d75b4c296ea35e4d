/** In the list of what is not over: sales that were paid while another was on the screen. Were their goods given? */
import type { Command, GoodsQuestion } from '../../contract/index.ts'
import { formatDateTime } from '../texts/time.ts'
import { useTexts } from '../texts/use-texts.ts'
import { Amount } from './amount.tsx'
import { CommandButton } from './command-button.tsx'
import { Row, rowKey, type ListProps } from './sheet-parts.tsx'

/** What was paid of it goes back: as a void in its own shift, later as a refund. */
export const moneyBack = ({ saleId, voidable }: GoodsQuestion): Command => ({
  command: voidable ? 'void_sale' : 'show_refund',
  saleId,
})

export function GoodsQuestions({ chosen, snapshot, readOnly, onCommand, onSheet }: ListProps) {
  const { say, name } = useTexts()
  const giveBack = (question: GoodsQuestion): void => {
    const { saleId } = question
    const command = moneyBack(question)
    if (command.command !== 'void_sale') return onCommand(command)
    onSheet({ kind: 'question', question: 'goods_not_given', command, behind: { kind: 'unresolved', chosen: saleId } })
  }
  return (
    <>
      <p>{say('goods.asked.detail')}</p>
      <p>{say('goods.asked.todo')}</p>
      <ul className="sheet-list">
        {snapshot.goodsAsked.map((question) => {
          const { saleId, saleNumber, at, total, goods } = question
          return (
            <Row
              key={saleId}
              chosen={saleId === chosen}
              buttons={
                <>
                  <CommandButton
                    {...rowKey(saleId === chosen, 'goods_given')}
                    isDisabled={readOnly}
                    onPress={() => onCommand({ command: 'goods_given', saleId })}
                  >
                    {say('action.goods_given')}
                  </CommandButton>
                  <CommandButton
                    look="quiet"
                    {...rowKey(saleId === chosen, 'goods_not_given')}
                    isDisabled={readOnly}
                    onPress={() => giveBack(question)}
                  >
                    {say('action.goods_not_given')}
                  </CommandButton>
                </>
              }
            >
              <p className="row">
                <span>
                  {formatDateTime(at)} · {say('discrepancies.sale', { saleNumber })}
                </span>
                <Amount value={total} />
              </p>
              <p>{goods.map((texts) => name(texts)).join(', ')}</p>
            </Row>
          )
        })}
      </ul>
    </>
  )
}

/** In the list of what is not over: sales that were paid while nobody saw it. Were their goods given? */
import type { Command, GoodsQuestion } from '../../contract/index.ts'
import { formatDateTime } from '../texts/time.ts'
import { useTexts } from '../texts/use-texts.ts'
import { Amount } from './amount.tsx'
import { CommandButton } from './command-button.tsx'
import { Row, rowKey, type ListProps } from './sheet-parts.tsx'

const commands = { void: 'void_sale', refund: 'show_refund', nothing: 'goods_not_given' } as const

/** What was paid of it goes back: as a void in its own shift, later as a refund, or there is nothing to give. */
export const notGiven = ({ saleId, back }: GoodsQuestion): Command => ({ command: commands[back], saleId })

export function GoodsQuestions({ chosen, snapshot, readOnly, onCommand, onSheet }: ListProps) {
  const { say, name } = useTexts()
  const answerNo = (question: GoodsQuestion): void => {
    const { saleId } = question
    const command = notGiven(question)
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
                    onPress={() => answerNo(question)}
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

/** Finds a sale by the number on its receipt, which has digits and the letters a to f; or by its code, scanned. */
import type { Command } from '../../contract/index.ts'
import { receiptCharacters, receiptNumberLength } from '../input/receipt-number.ts'
import { useTexts } from '../texts/use-texts.ts'
import { CommandButton } from './command-button.tsx'

interface ReceiptNumberSheetProps {
  readonly typed: string
  readonly readOnly: boolean
  readonly onTyped: (character: string) => void
  readonly onCommand: (command: Command) => void
}

export function ReceiptNumberSheet({ typed, readOnly, onTyped, onCommand }: ReceiptNumberSheetProps) {
  const { say } = useTexts()
  return (
    <>
      <p>{say('receiptNumber.how')}</p>
      <output className="receipt-number" aria-label={say('receiptNumber.title')}>
        {typed.padEnd(receiptNumberLength, '·')}
      </output>
      <div className="hex-pad">
        {receiptCharacters.map((character) => (
          <CommandButton key={character} onPress={() => onTyped(character)}>
            {character}
          </CommandButton>
        ))}
        <CommandButton label={say('keypad.backspace')} onPress={() => onTyped('Backspace')}>
          ⌫
        </CommandButton>
      </div>
      <div className="sheet-buttons">
        <CommandButton
          look="primary"
          keyShown="Enter"
          isDisabled={readOnly || typed.length < receiptNumberLength}
          onPress={() => onCommand({ command: 'find_receipt', receipt: typed })}
        >
          {say('action.find_receipt')}
        </CommandButton>
      </div>
    </>
  )
}

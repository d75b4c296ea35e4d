/** Copies bytes. By the old way: the till's window has no permission for the clipboard, and needs none for this. */
import { Button } from 'react-aria-components'
import { useTexts } from '../texts/use-texts.ts'

export function CopyButton({ text }: { readonly text: string }) {
  const { say } = useTexts()
  return (
    <Button className="small-button copy-button" preventFocusOnPress onPress={() => copy(text)}>
      {say('bench.copy')}
    </Button>
  )
}

function copy(text: string): void {
  const field = document.createElement('textarea')
  field.value = text
  field.className = 'said-only'
  document.body.append(field)
  field.select()
  document.execCommand('copy')
  field.remove()
}

/** A list that may be longer than its place: then Tab stops at it, and the arrow keys move it. */
import { useEffect, useRef, useState, type ReactNode } from 'react'

interface ScrollAreaProps {
  readonly className: string
  readonly label: string
  readonly children: ReactNode
}

export function ScrollArea({ className, label, children }: ScrollAreaProps) {
  const area = useRef<HTMLDivElement>(null)
  const [longer, setLonger] = useState(false)
  useEffect(() => {
    const { scrollHeight = 0, clientHeight = 0 } = area.current ?? {}
    setLonger(scrollHeight > clientHeight)
  }, [children])
  return (
    <div className={className} ref={area} {...(longer ? { tabIndex: 0, role: 'group', 'aria-label': label } : {})}>
      {children}
    </div>
  )
}

/** The one way an amount is shown: tabular digits, narrow groups, ₸ after the number, never broken or cut. */
import { formatTenge, type Tiyn } from '../../contract/index.ts'

export function Amount({ value, look = 'middle' }: { value: Tiyn; look?: 'small' | 'middle' | 'large' }) {
  return <span className={`amount amount-${look}`}>{formatTenge(value)}</span>
}

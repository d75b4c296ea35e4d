/** English: the bench's panel "Doctor". */
import type { DoctorWordKey } from './doctor-keys.ts'

export const doctorWords: Readonly<Record<DoctorWordKey, string>> = {
  'bench.tab.doctor': 'Doctor',
  'bench.doctor.what':
    'Looks at this computer, its readers and cables, the till’s data and the ledger. It changes nothing, touches no ' +
    'card and leaves the printer alone.',
  'bench.doctor.examine': 'Examine',
  'bench.doctor.bundle': 'Write a file for support',
  'bench.doctor.examining': 'Examining this computer … half a minute at most.',
  'bench.doctor.bundling':
    'Examining this computer and writing the file … with a long journal a minute and a half at most.',
  'bench.doctor.took': 'Examined at {time}, in {seconds} s.',
  'bench.doctor.late':
    'Something did not answer within {seconds} s, and the examination was ended. Look whether the disk of the home ' +
    'folder is there, most of all one in the network, then examine once more.',
  'bench.doctor.ended':
    'The examination broke off. Examine once more; if it stays so, start the till anew, then call support.',
  'bench.doctor.earlier': 'Below is what was found before that.',
  'bench.doctor.written': 'The file for support is written, {kilobytes} kB:',
  'bench.doctor.inside':
    'In it: what was found here, versions, settings without secrets, and of the journal counts, states and ages.',
  'bench.doctor.outside':
    'Not in it: anybody’s card, name or basket, any key, receipt, PIN or code. Names of the home folder and the user ' +
    'are replaced.',
  'bench.doctor.look': 'Open it and look, then send it.',
  'bench.doctor.none': 'No file is known to be whole: send none of this time.',
  'bench.doctor.not.disk_full': 'No file was written: the disk is full. Make room on it, then write it once more.',
  'bench.doctor.not.no_rights':
    'No file was written: the till may not write there. Give the folder back to the till’s user, then write it once ' +
    'more.',
  'bench.doctor.not.exists': 'No file was written: one of this name is there and stays as it is. Write it once more.',
  'bench.doctor.not.folder_silent':
    'No file was written: the folder does not answer. Look whether its disk is there, then write it once more.',
  'bench.doctor.not.not_written':
    'No file was written: the system refused it with the code below. Write it once more; if it stays so, tell ' +
    'support the code.',
}

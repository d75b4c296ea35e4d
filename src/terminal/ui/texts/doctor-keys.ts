/** Which texts there are on the bench's panel "Doctor" (`keys.ts` has the rest). Findings have texts of their own. */
export const doctorWordKeys = [
  'bench.tab.doctor',
  'bench.doctor.what',
  'bench.doctor.examine',
  'bench.doctor.bundle',
  'bench.doctor.examining',
  'bench.doctor.bundling',
  'bench.doctor.took',
  'bench.doctor.late',
  'bench.doctor.ended',
  'bench.doctor.earlier',
  'bench.doctor.written',
  'bench.doctor.inside',
  'bench.doctor.outside',
  'bench.doctor.look',
  'bench.doctor.none',
  'bench.doctor.not.disk_full',
  'bench.doctor.not.no_rights',
  'bench.doctor.not.exists',
  'bench.doctor.not.folder_silent',
  'bench.doctor.not.not_written',
] as const
export type DoctorWordKey = (typeof doctorWordKeys)[number]

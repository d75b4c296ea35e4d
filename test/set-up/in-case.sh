# Runs inside the namespaces of one case (machine.ts): makes the machine what the case wants, runs the command, asks the
# till whether it answers, stops it, and says what is left running. The first process here, so that all of it ends with it.
#
# in-case.sh UPPER PACKAGES CUT DISK DATA USER NODE RESULT COMMAND...
#   UPPER   prepared upper layers, one for each of /usr, /etc, /var, and one for the npm packages where the case has them;
#           what lies below them is never written to
#   RESULT  folder for what was found out: "answered" and "left"
# Descriptor 3 brings an address to ask, or its end: both mean stop.
set -u
upper=$1 packages=$2 cut=$3 disk=$4 data=$5 user=$6 node=$7 result=$8
shift 8
wrong() { echo "set-up check: $1" >&2; exit 97; }

layer() {
  mount -t overlay overlay -o "lowerdir=$1,upperdir=$upper/$2,workdir=$upper/.work-$2" "$3" || wrong "no layer over $1"
}
# A mount of its own, which may then become read-only; entered anew, because this shell still stands below it.
mount --bind . . && cd "$PWD" || wrong 'no mount for the checkout'
for part in usr etc var; do layer "/$part" $part "/$part"; done
[ ! -d "$upper/packages" ] || layer "$packages" packages node_modules
if [ "$cut" = yes ]; then
  ip link set lo up || wrong 'no loopback'
  # Cut off, apt would still install from what this machine downloaded before.
  [ ! -d /var/cache/apt/archives ] || mount -t tmpfs tmpfs /var/cache/apt/archives || wrong 'no empty archives'
fi
case $disk in
  full) mkdir -p node_modules && mount -t tmpfs -o size=50m tmpfs node_modules || wrong 'no full disk' ;;
  fullData) mkdir -p "$data" && mount -t tmpfs -o size=64k tmpfs "$data" || wrong 'no full disk' ;;
  readOnly)
    mount -o remount,bind,ro . || wrong 'no read-only checkout'
    [ ! -d "$upper/packages" ] || mount -o remount,ro node_modules || wrong 'no read-only packages'
    ;;
esac

exec 4<&0
if [ "$user" = plain ]; then
  setpriv --reuid=4242 --regid=4242 --clear-groups "$@" <&4 3<&- &
else
  "$@" <&4 3<&- &
fi
command=$!
{
  read -r address <&3
  [ -z "$address" ] || "$node" -e 'fetch(process.argv[1]).then((a) => console.log(a.status), console.log)' "$address" \
    >"$result/answered"
  kill -TERM $command
} &
asker=$!
wait $command
code=$?
kill $asker 2>/dev/null

tries=0
while :; do
  : >"$result/left"
  for process in /proc/[0-9]*; do
    [ "$process" = /proc/$$ ] || tr '\0' ' ' 2>/dev/null <"$process/cmdline" >>"$result/left"
  done
  [ -s "$result/left" ] && [ $tries -lt 60 ] || break
  tries=$((tries + 1))
  sleep 0.25
done
exit $code

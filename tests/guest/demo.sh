#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `make demo`: what the program is for, on a real kernel with a real containerd, told as it happens.
# limit: 300
: >/host/tap
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
trap - EXIT
set -euo pipefail

say() {
	printf '\n== %s\n' "$*"
}

# show COMMAND...: as typed, then what it says
show() {
	printf '$ %s\n' "$*"
	"$@" 2>&1 | sed 's/^/  /'
}

fail() {
	say "demo: FAILED: $*"
	exit 1
}

start_udev
start_syslog
# shellcheck disable=SC2119
pool_up
containerd_up
oci_layout /t/oci.tar
ctr image import --snapshotter devmapper --base-name local/bb /t/oci.tar >/run/null

# Notes how long the device is at the moment when containerd calls the runtime; then goes on to the wrapper.
cat >/run/runtime-with-a-look <<'END'
#!/bin/bash
case " $* " in *" create "*) dmsetup table "$(findmnt -no SOURCE "$PWD/rootfs")" >/run/table-before ;; esac
exec /usr/sbin/oci-thin-grow-runtime "$@"
END
chmod +x /run/runtime-with-a-look

run() {
	local id=$1
	shift
	echo "(The runtime is called through a script that notes the dm table first.)"
	echo "\$ ctr run -d --snapshotter devmapper --runc-binary oci-thin-grow-runtime ${*:+$* }local/bb:latest $id sleep 1000"
	ctr run -d --snapshotter devmapper --runc-binary /run/runtime-with-a-look "$@" --null-io local/bb:latest "$id" sleep 1000
}

device_of() {
	findmnt -no SOURCE "/run/containerd/io.containerd.runtime.v2.task/default/$1/rootfs"
}

say "A guest with Linux $(uname -r), $(containerd --version | cut -d ' ' -f 2,3), and its devmapper snapshotter:"
show grep -E 'pool_name|base_image_size|fs_type' /run/containerd.toml

say "A container that asks for nothing gets what all get:"
run plain
show ctr task exec --exec-id x plain df -h /
show dmsetup table "$(device_of plain)"

say "One that is annotated io.oci-thin-grow.size=4G has 4 GiB before its first process starts:"
run four --annotation io.oci-thin-grow.size=4G
show ctr task exec --exec-id x four df -h /
echo "dm table before:  $(cat /run/table-before)"
echo "dm table after:   $(dmsetup table "$(device_of four)")"
log=$(grep -o 'action=grow.*' /run/messages) || fail "no line in the log"
echo "log:              $log"

plain=$(dmsetup table "$(device_of plain)" | cut -d ' ' -f 2)
four=$(dmsetup table "$(device_of four)" | cut -d ' ' -f 2)
seen=$(ctr task exec --exec-id df4 four df -m / | awk 'END { print $(NF-4) }')
[ "$plain" = 2097152 ] || fail "the container without a request has $plain sectors"
[ "$four" = 8388608 ] || fail "the annotated container has $four sectors"
[ "$seen" -gt 3800 ] || fail "the annotated container sees $seen MiB"
say "demo: OK: 1 GiB became 4 GiB in ${log##*took_ms=} ms, before the container started; the other was not touched"

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `make demo`: what the program is for, on a real kernel with a real Docker, told as it happens.
# limit: 300
[ -e /host/tap ] || : >/host/tap
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

# run NAME [OPTION...]
run() {
	local name=$1
	shift
	echo "\$ docker run -d --name $name ${*:+$* }bb sleep 1000"
	docker run -d --name "$name" --net none "$@" bb sleep 1000 >/run/null
}

device_of() {
	docker inspect -f '{{.GraphDriver.Data.DeviceName}}' "$1"
}

# show_disk NAME: as the container and as the kernel see it
show_disk() {
	show docker exec "$1" df -h /
	show dmsetup table "$(device_of "$1")"
}

# expect NAME SECTORS MIB: the length of its device, and at least how large it sees its disk
expect() {
	local sectors mib
	sectors=$(table_sectors "$(device_of "$1")")
	mib=$(docker exec "$1" df -m / | awk 'END { print $(NF-4) }')
	[ "$sectors" = "$2" ] || fail "$1 has $sectors sectors, not $2"
	[ "$mib" -gt "$3" ] || fail "$1 sees $mib MiB"
}

expect_data() {
	[ "$(docker exec four sha256sum /data)" = "$(cat /host/sum)" ] || fail "the data of four"
	echo "(its 64 MiB of random data are what they were)"
}

# log ACTION: the last such line
log() {
	grep -o "action=$1.*" /run/messages | tail -n 1 || fail "no $1 in the log"
}

# What outlives a reboot of this guest: Docker's data, the ledger, the pool
start_syslog
start_udev
data_up
mkdir -p /data/ledger /var/lib/oci-thin-grow
mount --bind /data/ledger /var/lib/oci-thin-grow
pool_up /host
# Notes how long the device is at the moment when Docker calls the runtime; then goes on to the wrapper.
cat >/run/runtime-with-a-look <<'END'
#!/bin/bash
case " $* " in *" create "*) dmsetup table "$(findmnt -no SOURCE -T "$(jq -r .root.path config.json)")" >/run/table-before ;; esac
exec /usr/sbin/oci-thin-grow-runtime "$@"
END
chmod +x /run/runtime-with-a-look
docker_up --add-runtime grow=/run/runtime-with-a-look --default-runtime grow

if [ "$PHASE" = 1 ]; then
	bb_tar /t/bb.tar
	docker import /t/bb.tar bb >/run/null
	say "A guest with Linux $(uname -r), Docker $(docker version -f '{{.Server.Version}}') and its devicemapper driver:"
	show sh -c "docker info 2>/run/null | grep -E 'Storage Driver|Base Device Size|Backing Filesystem|Udev Sync|Default Runtime'"
	echo "(The runtime is oci-thin-grow-runtime, called through a script that notes the dm table first.)"

	say "A container that asks for nothing gets what all get:"
	run plain
	show_disk plain
	expect plain 2097152 900

	say "One that is labelled io.oci-thin-grow.size=4G has 4 GiB before its first process starts:"
	run four --label io.oci-thin-grow.size=4G
	docker exec four dd if=/dev/urandom of=/data bs=1M count=64 2>/run/null
	docker exec four sha256sum /data >/host/sum
	echo "dm table before:  $(cat /run/table-before)"
	show_disk four
	log grow
	expect four 8388608 3800
	log grow | sed 's/.*took_ms=//' >/host/took

	say "Stopped and started. Docker makes its device again as small as it was; that is healed before Docker mounts it:"
	show docker stop -t 1 four
	show docker start four
	log heal
	show_disk four
	expect four 8388608 3800
	expect_data
	show docker stop -t 1 four plain
	docker_down
	say "And now the machine is switched off, and on again."
	next_boot
fi

say "After the reboot:"
show docker start four
log heal
show_disk four
expect four 8388608 3800
expect_data
say "demo: OK: 1 GiB became 4 GiB in $(cat /host/took) ms, before the container started, and stayed 4 GiB; the other was not touched"

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `make demo`: what the program does, on a real kernel with a real Docker, step by step. doc/demo.svg is its output.
# limit: 300
[ -e /host/tap ] || : >/host/tap
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
trap - EXIT
set -euo pipefail

say() {
	printf '\n== %s\n' "$*"
}

# show COMMAND...: prints the command as typed, then its output
show() {
	printf '$ %s\n' "$*"
	"$@" 2>&1 | sed 's/^/  /'
}

fail() {
	say "demo: FAILED: $*"
	exit 1
}

# quietly COMMAND...: prints the command as typed, without its output
quietly() {
	printf '$ %s\n' "$*"
	"$@" >/run/null
}

# run NAME [OPTION...]: docker run, printed as typed
run() {
	local name=$1
	shift
	echo "\$ docker run -d --name $name ${*:+$* }bb sleep 1000"
	docker run -d --name "$name" --net none "$@" bb sleep 1000 >/run/null
}

device_of() {
	docker inspect -f '{{.GraphDriver.Data.DeviceName}}' "$1"
}

# show_disk NAME: its disk, as the container sees it
show_disk() {
	show docker exec "$1" df -h /
}

# expect NAME SECTORS MIB: the length of its device, and the least size that the container sees
expect() {
	local sectors mib
	sectors=$(table_sectors "$(device_of "$1")")
	mib=$(docker exec "$1" df -m / | awk 'END { print $(NF-4) }')
	[ "$sectors" = "$2" ] || fail "$1 has $sectors sectors, not $2"
	[ "$mib" -gt "$3" ] || fail "$1 sees $mib MiB"
}

expect_data() {
	[ "$(docker exec four sha256sum /data)" = "$(cat /host/sum)" ] || fail "the data of four"
	echo "(its 64 MiB of random data are unchanged)"
}

# log ACTION: prints the last log line with this action
log() {
	grep -o "action=$1.*" /run/messages | tail -n 1 || fail "no $1 in the log"
}

# Docker's data, the ledger and the pool survive a reboot of this guest.
start_syslog
start_udev
data_up
mkdir -p /data/ledger /var/lib/oci-thin-grow
mount --bind /data/ledger /var/lib/oci-thin-grow
pool_up /host
# A runtime that notes the device's table when Docker calls it, and then executes the wrapper
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
	say "Linux $(uname -r), Docker $(docker version -f '{{.Server.Version}}'), devicemapper: every container gets 1 GiB"
	run plain
	show_disk plain
	expect plain 2097152 900

	say "With the label io.oci-thin-grow.size=4G it has 4 GiB before its first process starts"
	run four --label io.oci-thin-grow.size=4G
	docker exec four dd if=/dev/urandom of=/data bs=1M count=64 2>/run/null
	docker exec four sha256sum /data >/host/sum
	log grow
	show_disk four
	echo "dm table before:  $(cat /run/table-before)"
	echo "dm table now:     $(dmsetup table "$(device_of four)")"
	expect four 8388608 3800
	log grow | sed 's/.*took_ms=//' >/host/took

	say "Stop and start: Docker re-creates the device with 1 GiB; it is extended before Docker mounts it"
	quietly docker stop -t 1 four
	quietly docker start four
	log heal
	show_disk four
	expect four 8388608 3800
	expect_data
	docker stop -t 1 four plain >/run/null
	docker_down
	next_boot
fi

say "After a reboot"
quietly docker start four
log heal
show_disk four
expect four 8388608 3800
expect_data
say "demo: OK: 1 GiB became 4 GiB in $(cat /host/took) ms, before the container started, and stayed 4 GiB; the other container was not touched"

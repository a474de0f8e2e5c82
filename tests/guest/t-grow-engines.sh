#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `grow` and `list` with every engine but Docker (t-grow.sh), each with unusual directories that are found
# without options: containerd, podman, and runc and crun without an engine. Containers write meanwhile; then stop and start.
# kernel: bookworm:forky trixie:forky
# suites: bookworm trixie
# matrix: FS=ext4
# soak: FS=ext4 FS=xfs
# limit: 900
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh
# shellcheck source=tests/guest/growing.sh
. /src/tests/guest/growing.sh

MIB_2G='^(19|20)[0-9][0-9]$'
MIB_3G='^(28|29|30)[0-9][0-9]$'

# all_ways ENGINE NAME ID: 2 GiB by name, 3 GiB by the beginning of the id, 4 GiB by the id, while the container writes
all_ways() {
	local engine=$1 name=$2 id=$3
	ok "$engine: data is written" put_data "$name"
	ok "$engine: grow by name succeeds" otg grow "$engine:$name" 2G
	like "$engine: grow reports the sizes and the time" "$(cat /run/out)" "^$engine:$name: grown from 1 GiB to 2 GiB in [0-9]+ ms$"
	like "$engine: it has 2 GiB" "$(df_in "$name")" "$MIB_2G"
	ok "$engine: grow by the beginning of the id succeeds" otg grow "${id:0:10}" 3G
	like "$engine: it has 3 GiB" "$(df_in "$name")" "$MIB_3G"
	ok "$engine: grow by the id succeeds" otg grow "$id" +1G
	like "$engine: it has 4 GiB" "$(df_in "$name")" "$MIB_4G"
	ok "$engine: grow --dry-run succeeds" otg grow --dry-run "$id" 5G
	still_writes "$engine" "$name"
	whole "$engine" "$name"
	is "$engine: list has engine, state and size" "$(field "$id" '"\(.engine) \(.running) \(.device_bytes)"')" "$engine true $((4 * GIB))"
}

# again ENGINE NAME: after stop and start it is as large as before, and writes
again() {
	like "$1: it has 4 GiB after stop and start" "$(df_in "$2")" "$MIB_4G"
	whole "$1: after stop and start" "$2"
	still_writes "$1: after stop and start" "$2"
}

## containerd

# The ids, which ctr needs, by the names that the functions above use
declare -A ctr_id=([web]=first [db-0/postgres]=0123456789abcdef)

# ctr_run NAME [OPTION...]: a container that writes
ctr_run() {
	local name=$1
	shift
	ctr run -d --snapshotter devmapper --null-io "$@" local/bb:latest "${ctr_id[$name]}" sh -c "$WRITER" && ctr_pid "$name"
}

ctr_start() {
	ctr task start -d --null-io "${ctr_id[$1]}" && ctr_pid "$1"
}

ctr_pid() {
	pid_of[$1]=$(cat "/run/containerd/io.containerd.runtime.v2.task/default/${ctr_id[$1]}/init.pid")
}

ctr_stop() {
	ctr task kill -s KILL "$1" && wait_for ctr task rm "$1"
}

containerd_test() {
	ok "containerd starts" containerd_up
	ok "an OCI image is built" oci_layout /t/oci.tar
	ok "the image is imported" image_import local/bb /t/oci.tar
	ok "containerd: web runs" ctr_run web --label nerdctl/name=web --label tier=gold
	all_ways containerd web first
	is "containerd: list has namespace, name, id, image and device" \
		"$(field web '"\(.namespace) \(.name) \(.id) \(.image) \(.engine_bytes) \(.device)"')" \
		"default web first local/bb:latest $GIB $(field web .device)"
	like "containerd: the device is one of the snapshotter" "$(field web .device)" '^pool-snap-[0-9]+$'

	ok "containerd, pod: a container of a pod runs" ctr_run db-0/postgres --annotation io.kubernetes.cri.sandbox-name=db-0 \
		--annotation io.kubernetes.cri.sandbox-namespace=prod --annotation io.kubernetes.cri.container-name=postgres \
		--annotation io.kubernetes.cri.image-name=postgres:16
	ok "containerd, pod: grow POD/CONTAINER succeeds" otg grow db-0/postgres 2G
	like "containerd, pod: it has 2 GiB" "$(df_in db-0/postgres)" "$MIB_2G"
	is "containerd, pod: list has namespace and image of the pod" "$(field db-0/postgres '"\(.namespace) \(.image)"')" "prod postgres:16"

	rest web
	ok "containerd: web stops" ctr_stop first
	is "containerd: list shows a stopped container" "$(field web '"\(.running) \(.pid) \(.engine_bytes)"')" "false null $GIB"
	ok "containerd: grow of a stopped container fails" exits 4 grow web 5G
	like "containerd: grow says that it must be started first" "$(cat /run/err)" 'containerd:web is stopped. Start it'
	ok "containerd: web starts" ctr_start web
	again containerd web
	changes_meanwhile
	rest web db-0/postgres
	ok "containerd: web stops again" ctr_stop first
	ok "containerd: the container of the pod stops" ctr_stop 0123456789abcdef
	ok "containerd stops" containerd_down
	is "containerd: without a running containerd its unusual data root is remembered" "$(field web .engine_bytes)" "$GIB"
	rm -r /var/lib/oci-thin-grow/roots
	is "containerd: without that note nothing shows its data root" "$(row web)" ""
	is "containerd: with --data-root list finds the container" "$(/usr/sbin/oci-thin-grow list --json --data-root "$DATA/containerd" \
		--data-root "$DATA/devmapper" | jq -r '.containers[] | select(.name == "web") | .engine_bytes')" "$GIB"
}

# containerd's database is read without its lock while containerd writes to it.
changes_meanwhile() {
	local n=0 bad=0
	(for i in 1 2 3 4 5 6 7 8; do
		ctr namespace create "n$i" && ctr namespace label "n$i" "a=$i" && ctr namespace rm "n$i"
	done >/run/namespaces.out 2>&1; touch /run/changed) &
	until [ -e /run/changed ] && [ $n -ge 20 ]; do
		otg list --json >/run/null || bad=$((bad + 1))
		[ "$(jq '.containers | length' /run/out)" = 2 ] && [ ! -s /run/err ] || bad=$((bad + 1))
		n=$((n + 1))
	done
	is "containerd: list is right while the database changes" $bad 0
}

## podman

pm_pid() {
	pid_of[$1]=$(pm inspect -f '{{.State.Pid}}' "$1")
}

podman_test() {
	ok "podman imports the image" pm import /t/bb.tar bb
	ok "podman: web runs" pm run -d --name web --label tier=gold bb sh -c "$WRITER"
	ok "podman: its process is found" pm_pid web
	all_ways podman web "$(pm inspect -f '{{.Id}}' web)"
	is "podman: list has its name and first size" "$(field web '"\(.name) \(.engine_bytes)"')" "web $GIB"
	rest web
	ok "podman: web stops" pm stop -t 0 web
	# Nothing runs that would show where podman's files are.
	ok "podman: list --data-root succeeds" otg list --data-root "$DATA/podman"
	like "podman: list shows a stopped container" "$(cat /run/out)" 'podman +web .* stopped$'
	ok "podman: web starts" pm start web
	ok "podman: its new process is found" pm_pid web
	again podman web
	rest web
	ok "podman: web stops before it is removed" pm stop -t 0 web
	ok "podman: web is removed" pm rm web
}

## runc and crun

# bare_start RUNTIME: runs the container without an engine
bare_start() {
	"$1" run -d --pid-file /run/bare.pid --bundle "/run/bundle/$1" "bare-$1" >/run/bare.out 2>&1 </dev/null &&
		pid_of[bare-$1]=$(cat /run/bare.pid)
}

bare_test() {
	local runtime=$1 disk=$1-snap-1
	ok "$runtime: a disk is created" new_disk "$disk" 1G
	# shellcheck disable=SC2016
	ok "$runtime: config.json is written" spec "/run/bundle/$runtime" "/run/disk/$disk" \
		'.process.args = ["sh", "-c", $writer]' --arg writer "$WRITER"
	ok "$runtime: the container runs" bare_start "$runtime"
	all_ways "$runtime" "bare-$runtime" "bare-$runtime"
	rest "bare-$runtime"
	ok "$runtime: the container is stopped" "$runtime" delete -f "bare-$runtime"
	# As an engine would do it: the device is removed, and re-created at its original size.
	ok "$runtime: the disk is unmounted" umount "/run/disk/$disk"
	ok "$runtime: the device is removed" dmsetup remove --retry "$disk"
	ok "$runtime: the device is re-created too short" thin_on "$disk" $((next_thin_id - 1)) 1G
	ok "$runtime: the disk mounts" mount "/dev/mapper/$disk" "/run/disk/$disk"
	ok "$runtime: the container runs again" bare_start "$runtime"
	again "$runtime" "bare-$runtime"
	rest "bare-$runtime"
	ok "$runtime: the container is removed" "$runtime" delete -f "bare-$runtime"
	ok "$runtime: the disk is removed" drop_disk "$disk"
}

ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up
ok "a tar image is built" bb_tar /t/bb.tar
containerd_test
# Each engine numbers its thin devices from 1, so each needs a pool of its own.
ok "the pool of containerd is removed" remove_devices
mkdir /t/podman-pool /t/bare-pool
if [ "$SUITE" = bookworm ]; then
	ok "a pool for podman comes up" pool_up /t/podman-pool
	podman_test
	ok "the pool of podman is removed" remove_devices
fi
ok "a pool for runc and crun comes up" pool_up /t/bare-pool
bare_test runc
bare_test crun
finish

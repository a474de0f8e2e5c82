#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The main job without an engine: runc and crun call the hook at each stage, on each filesystem.
# suites: bullseye bookworm forky
# matrix: bullseye:FS=ext4 bookworm:FS=ext4 bookworm:FS=btrfs forky:FS=xfs
# soak: FS=ext4 FS=xfs FS=btrfs
# limit: 600
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh

B=/run/bundle/b

# run_in RUNTIME [ID]: the container of $B; what it and the hook say in /run/out and /run/err
run_in() {
	timeout 300 "$1" --root "/run/$1" run --bundle "$B" "${2:-c1}" >/run/out 2>/run/err && return
	cat /run/err
	return 1
}

# grown_by_hook RUNTIME STAGE: a container of 1 GiB that asks for 4
grown_by_hook() {
	local what="$1 $2" filter
	filter="$(ask 4G) | $(hook_at "$2")"
	ok "$what: a disk" new_disk disk 1G
	dd if=/dev/urandom of=/run/disk/disk/data bs=1M count=32 status=none
	sum=$(sha256sum </run/disk/disk/data)
	# The hook of poststart runs beside the container, which waits for what it does.
	# shellcheck disable=SC2016
	[ "$2" != poststart ] || filter+=' | .process.args = ["sh", "-c",
		"until set -- $(df -m / | busybox tail -n 1); [ $2 -gt 2000 ]; do sleep .1; done; df -m /"]'
	ok "$what: a spec" spec $B /run/disk/disk "$filter"
	ok "$what: runs" run_in "$1"
	like "$what: df says 4 GiB" "$(df_mib </run/out)" "$MIB_4G"
	is "$what: the table, too" "$(device_bytes disk)" $((4 * GIB))
	is "$what: the data is whole" "$(sha256sum </run/disk/disk/data)" "$sum"
	ok "$what: the node in /dev/mapper stays" test -b /dev/mapper/disk
	ok "$what: not suspended" not is_suspended disk
	ok "$what: again" run_in "$1"
	is "$what: and nothing changes" "$(device_bytes disk)" $((4 * GIB))
	ok "$what: the disk goes" drop_disk disk
}

# refused_stage RUNTIME STAGE
refused_stage() {
	local what="$1 $2"
	ok "$what: a disk" new_disk disk 1G
	# A startContainer hook is looked for inside the container.
	ok "$what: a spec" spec $B /run/disk/disk "$(ask 4G) | $(hook_at "$2")"'
		| .mounts += (["/usr", "/lib", "/lib64"] | map({ destination: ., source: ., type: "bind", options: ["bind", "ro"] }))
		| .process.args = ["/bin/sleep", "0"]'
	"$1" --root "/run/$1" delete -f c1 2>/run/null
	: >/run/messages
	ok "$what: the container does not start" not run_in "$1"
	if [ "$2" = createContainer ]; then
		like "$what: the log says why" "$(cat /run/messages)" "runs in the container's namespaces"
	fi
	[ "$1" != runc ] || like "$what: so does runc" "$(cat /run/err)" "runs in the container's namespaces"
	is "$what: the device is untouched" "$(device_bytes disk)" $GIB
	"$1" --root "/run/$1" delete -f c1 2>/run/null
	ok "$what: the disk goes" drop_disk disk
}

ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up

for runtime in runc crun; do
	for stage in createRuntime prestart poststart; do
		grown_by_hook $runtime $stage
	done
	for stage in createContainer startContainer; do
		refused_stage $runtime $stage
	done
done

## crun with a spec that is not the bundle's config.json

ok "another spec: a disk" new_disk disk 1G
spec $B /run/disk/disk "$(ask 4G) | $(hook_at createRuntime)"
mv $B/config.json /run/other.json
ok "another spec: runs" sh -c "timeout 300 crun --root /run/crun run --bundle $B -f /run/other.json c1 >/run/out 2>&1"
like "another spec: df says 4 GiB" "$(df_mib </run/out)" "$MIB_4G"
# What config.json asks for is another container's
spec $B /run/disk/disk "$(ask 8G)"
jq 'del(.annotations)' /run/other.json >/run/silent.json
: >/run/messages
ok "another spec that asks for nothing: runs" timeout 300 crun --root /run/crun run --bundle $B -f /run/silent.json c1
is "another spec that asks for nothing: not a word" "$(cat /run/messages)" ""
is "another spec that asks for nothing: nothing is done" "$(device_bytes disk)" $((4 * GIB))
ok "another spec: the disk goes" drop_disk disk

## A read-only root, from outside: its mount is in the container's namespace, and read-only there

ok "--pid: a disk" new_disk pool-snap-74 1G
ok "--pid: a spec" spec $B /run/disk/pool-snap-74 '.root.readonly = true | .process.args = ["sleep", "1000"]'
ok "--pid: runs" runc --root /run/runc run -d --pid-file /run/c1.pid -b $B c1 </dev/null >/run/out 2>/run/err
pid=$(cat /run/c1.pid)
ok "--pid: grows" /usr/sbin/oci-thin-grow grow --pid "$pid" 2G
is "--pid: the device" "$(device_bytes pool-snap-74)" $((2 * GIB))
like "--pid: and the filesystem" "$(df -m /run/disk/pool-snap-74 | df_mib)" '^(1[89]..|20..)$'
ok "--pid: only here it is writable" not runc --root /run/runc exec c1 touch /x
# With no mount but the container's there is nothing to grow it by
umount /run/disk/pool-snap-74
ok "--pid, mounted nowhere else: fails" not sh -c "/usr/sbin/oci-thin-grow grow --pid $pid 3G >/run/out 2>&1"
like "--pid, mounted nowhere else: says why" "$(cat /run/out)" 'read-only in another mount namespace'
is "--pid, mounted nowhere else: untouched" "$(device_bytes pool-snap-74)" $((2 * GIB))
ok "--pid: goes" runc --root /run/runc delete -f c1
ok "--pid: the disk goes" dmsetup remove --retry pool-snap-74
: >/run/messages

## Wherever the root is

# where NAME ROOT_PATH: the disk "disk" is already arranged; the container must find 4 GiB
where() {
	ok "$1: a spec" spec $B "$2" "$(ask 4G) | $(hook_at createRuntime) ${3:-}"
	ok "$1: runs" run_in runc
	like "$1: df says 4 GiB" "$(df_mib </run/out)" "$MIB_4G"
	is "$1: the table, too" "$(device_bytes disk)" $((4 * GIB))
}

ok "a disk" new_disk disk
mkdir -p $B/rootfs
mount --bind /run/disk/disk $B/rootfs
where "relative root.path, bind mount" rootfs
umount $B/rootfs
ok "the disk goes" drop_disk disk

ok "a disk" new_disk disk
mkdir /run/disk/disk/rootfs
mv /run/disk/disk/[!rl]* /run/disk/disk/rootfs/
where "root.path below the mount point" /run/disk/disk/rootfs
ok "the disk goes" drop_disk disk

ok "a disk" new_disk disk
where "a read-only root" /run/disk/disk "| .root.readonly = true"
ok "the disk goes" drop_disk disk

ok "a disk" new_disk disk
mkdir -p /run/ro
mount --bind /run/disk/disk /run/ro
mount -o remount,bind,ro /run/ro
where "a read-only mount" /run/ro "| .root.readonly = true"
ok "it is read-only still" not touch /run/ro/file
umount /run/ro
ok "the disk goes" drop_disk disk

ok "a disk" new_disk disk
where "several stages" /run/disk/disk "| $(hook_at prestart) | $(hook_at poststart)"
is "several stages: grown once" "$(grep -c 'action=grow.*took_ms' /run/messages)" "$(
	grep 'action=grow' /run/messages | grep -c 'from=1073741824 to=4294967296')"
ok "the disk goes" drop_disk disk
finish

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Growing without an engine: runc and crun call the hook at each stage, on each filesystem.
# suites: bullseye bookworm trixie forky
# matrix: bullseye:FS=ext4 bookworm:FS=ext4 trixie:FS=btrfs forky:FS=xfs
# soak: FS=ext4 FS=xfs FS=btrfs
# limit: 600
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh

B=/run/bundle/b

# run_in RUNTIME [ID]: runs the container of $B; its output in /run/out, the hook's messages in /run/err
run_in() {
	timeout 300 "$1" --root "/run/$1" run --bundle "$B" "${2:-c1}" >/run/out 2>/run/err && return
	cat /run/err
	return 1
}

# grown_by_hook RUNTIME STAGE: a container of 1 GiB requests 4 GiB
grown_by_hook() {
	local what="$1 $2" filter
	filter="$(ask 4G) | $(hook_at "$2")"
	ok "$what: a disk is created" new_disk disk 1G
	dd if=/dev/urandom of=/run/disk/disk/data bs=1M count=32 status=none
	sum=$(sha256sum </run/disk/disk/data)
	# A poststart hook runs while the container does: the container waits for the new size.
	# shellcheck disable=SC2016
	[ "$2" != poststart ] || filter+=' | .process.args = ["sh", "-c",
		"until set -- $(df -m / | busybox tail -n 1); [ $2 -gt 2000 ]; do sleep .1; done; df -m /"]'
	ok "$what: config.json is written" spec $B /run/disk/disk "$filter"
	ok "$what: the container runs" run_in "$1"
	like "$what: the container sees 4 GiB" "$(df_mib </run/out)" "$MIB_4G"
	is "$what: the device has 4 GiB" "$(device_bytes disk)" $((4 * GIB))
	is "$what: the data is unchanged" "$(sha256sum </run/disk/disk/data)" "$sum"
	ok "$what: the node in /dev/mapper is still there" test -b /dev/mapper/disk
	ok "$what: the device is not suspended" not is_suspended disk
	ok "$what: the container runs again" run_in "$1"
	is "$what: the second run changes nothing" "$(device_bytes disk)" $((4 * GIB))
	ok "$what: the disk is removed" drop_disk disk
}

# refused_stage RUNTIME STAGE: the hook refuses to run at this stage
refused_stage() {
	local what="$1 $2"
	ok "$what: a disk is created" new_disk disk 1G
	# The path of a startContainer hook is resolved inside the container.
	ok "$what: config.json is written" spec $B /run/disk/disk "$(ask 4G) | $(hook_at "$2")"'
		| .mounts += (["/usr", "/lib", "/lib64"] | map({ destination: ., source: ., type: "bind", options: ["bind", "ro"] }))
		| .process.args = ["/bin/sleep", "0"]'
	"$1" --root "/run/$1" delete -f c1 2>/run/null
	: >/run/messages
	ok "$what: the container does not start" not run_in "$1"
	if [ "$2" = createContainer ]; then
		like "$what: the log has the reason" "$(cat /run/messages)" "runs in the container's namespaces"
	fi
	[ "$1" != runc ] || like "$what: runc reports the reason" "$(cat /run/err)" "runs in the container's namespaces"
	is "$what: the device is untouched" "$(device_bytes disk)" $GIB
	"$1" --root "/run/$1" delete -f c1 2>/run/null
	ok "$what: the disk is removed" drop_disk disk
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

## crun with a configuration that is not the bundle's config.json

ok "crun -f: a disk is created" new_disk disk 1G
spec $B /run/disk/disk "$(ask 4G) | $(hook_at createRuntime)"
mv $B/config.json /run/other.json
ok "crun -f: the container runs" sh -c "timeout 300 crun --root /run/crun run --bundle $B -f /run/other.json c1 >/run/out 2>&1"
like "crun -f: the container sees the 4 GiB that this file requests" "$(df_mib </run/out)" "$MIB_4G"
# The request in config.json belongs to another container.
spec $B /run/disk/disk "$(ask 8G)"
jq 'del(.annotations)' /run/other.json >/run/silent.json
: >/run/messages
ok "crun -f without a request: the container runs" timeout 300 crun --root /run/crun run --bundle $B -f /run/silent.json c1
is "crun -f without a request: nothing is logged" "$(cat /run/messages)" ""
is "crun -f without a request: the device keeps its size" "$(device_bytes disk)" $((4 * GIB))
ok "crun -f: the disk is removed" drop_disk disk

## grow --pid with a read-only root: the mount in the container's namespace is read-only, the one of the host is not

ok "--pid: a disk is created" new_disk pool-snap-74 1G
ok "--pid: config.json is written" spec $B /run/disk/pool-snap-74 '.root.readonly = true | .process.args = ["sleep", "1000"]'
ok "--pid: a container with a read-only root runs" runc --root /run/runc run -d --pid-file /run/c1.pid -b $B c1 </dev/null >/run/out 2>/run/err
pid=$(cat /run/c1.pid)
ok "--pid: grow succeeds" /usr/sbin/oci-thin-grow grow --pid "$pid" 2G
is "--pid: the device has 2 GiB" "$(device_bytes pool-snap-74)" $((2 * GIB))
like "--pid: the filesystem has 2 GiB" "$(df -m /run/disk/pool-snap-74 | df_mib)" '^(1[89]..|20..)$'
ok "--pid: the container still cannot write to its root" not runc --root /run/runc exec c1 touch /x
# If the container's read-only mount is the only one, nothing can grow the filesystem.
umount /run/disk/pool-snap-74
ok "--pid, no writable mount: grow fails" not sh -c "/usr/sbin/oci-thin-grow grow --pid $pid 3G >/run/out 2>&1"
like "--pid, no writable mount: grow reports the reason" "$(cat /run/out)" 'read-only in another mount namespace'
is "--pid, no writable mount: the device is untouched" "$(device_bytes pool-snap-74)" $((2 * GIB))
ok "--pid: the container is removed" runc --root /run/runc delete -f c1
ok "--pid: the disk is removed" dmsetup remove --retry pool-snap-74
: >/run/messages

## Kinds of root directories

# where NAME ROOT_PATH: with the disk "disk" prepared, the container sees 4 GiB
where() {
	ok "$1: config.json is written" spec $B "$2" "$(ask 4G) | $(hook_at createRuntime) ${3:-}"
	ok "$1: the container runs" run_in runc
	like "$1: the container sees 4 GiB" "$(df_mib </run/out)" "$MIB_4G"
	is "$1: the device has 4 GiB" "$(device_bytes disk)" $((4 * GIB))
}

ok "relative root.path, bind mount: a disk is created" new_disk disk
mkdir -p $B/rootfs
mount --bind /run/disk/disk $B/rootfs
where "relative root.path, bind mount" rootfs
umount $B/rootfs
ok "relative root.path, bind mount: the disk is removed" drop_disk disk

ok "root.path below the mount point: a disk is created" new_disk disk
mkdir /run/disk/disk/rootfs
mv /run/disk/disk/[!rl]* /run/disk/disk/rootfs/
where "root.path below the mount point" /run/disk/disk/rootfs
ok "root.path below the mount point: the disk is removed" drop_disk disk

ok "a read-only root: a disk is created" new_disk disk
where "a read-only root" /run/disk/disk "| .root.readonly = true"
ok "a read-only root: the disk is removed" drop_disk disk

ok "a read-only mount: a disk is created" new_disk disk
mkdir -p /run/ro
mount --bind /run/disk/disk /run/ro
mount -o remount,bind,ro /run/ro
where "a read-only mount" /run/ro "| .root.readonly = true"
ok "a read-only mount: it is still read-only" not touch /run/ro/file
umount /run/ro
ok "a read-only mount: the disk is removed" drop_disk disk

ok "several stages: a disk is created" new_disk disk
where "several stages" /run/disk/disk "| $(hook_at prestart) | $(hook_at poststart)"
is "several stages: only the first hook grows the disk" "$(grep -c 'action=grow.*took_ms' /run/messages)" "$(
	grep 'action=grow' /run/messages | grep -c 'from=1073741824 to=4294967296')"
ok "several stages: the disk is removed" drop_disk disk
finish

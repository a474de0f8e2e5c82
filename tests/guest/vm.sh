# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Sourced after lib.sh and bundle.sh: containers of containerd's whose device is given to a virtual machine, which vm-shim/ stands
# in for (README.md).

# shellcheck disable=SC2034
BARE=io.containerd.stub.v2
# shellcheck disable=SC2034
OURS=io.containerd.oci-thin-grow-stub.v2
REAL_SHIM=/usr/local/bin/containerd-shim-stub-v2
SHIM=/usr/local/bin/containerd-shim-oci-thin-grow-stub-v2
NOTES=/run/vm-shim

# The real shim, and ours before it
shims_up() {
	install -m 755 /build/vm-shim $REAL_SHIM && ln -s /usr/sbin/oci-thin-grow $SHIM
}

# vm_create ID RUNTIME [OPTION...]: a container that would sleep
vm_create() {
	local id=$1 runtime=$2
	shift 2
	timeout 300 ctr container create --snapshotter devmapper --runtime "$runtime" "$@" local/bb:latest "$id" sleep 100000
}

asking() {
	echo "--annotation=io.oci-thin-grow.size=$1"
}

# Its words in /run/out and /run/err
vm_start() {
	timeout 300 ctr task start -d --null-io "$1" >/run/out 2>/run/err && return
	cat /run/err
	return 1
}

# Its mount namespace, and with it the disk, is let go of after its end.
vm_stop() {
	ctr task kill -s KILL "$1" && wait_for ctr task rm "$1" && wait_for is_closed "$(vm_device "$1")"
}

vm_device() {
	ctr snapshot --snapshotter devmapper mounts /x "$1" | grep -o 'pool-snap-[0-9]*'
}

# The device's length when the machine got it, in bytes
vm_saw() {
	cat "$NOTES/$1"
}

# As the workload sees it, in MiB
vm_df() {
	ctr_out "$1" df -m / | awk 'END { print $(NF-4) }'
}

opens_of() {
	dmsetup info -c --noheadings -o open "$1"
}

# How often ext4 was mounted
mounts_of() {
	dumpe2fs -h "/dev/mapper/$1" 2>/run/null | awk '/^Mount count/ { print $3 }'
}

# opens_are DEVICE N, is_closed DEVICE: for wait_for, as udev may have it open for a moment
opens_are() {
	[ "$(opens_of "$1")" = "$2" ]
}

is_closed() {
	opens_are "$1" 0
}

# in_mount_tables DEVICE: lines in the mount tables of all processes
in_mount_tables() {
	local number
	number=$(dmsetup info -c --noheadings -o major,minor --separator : "$1")
	cat /proc/[0-9]*/mountinfo 2>/run/null | awk -v number="$number" '$3 == number'
}

# As the superblock says
fs_bytes() {
	case $FS in
	ext4) dumpe2fs -h "/dev/mapper/$1" 2>/run/null | awk '/^Block count/ { b = $3 } /^Block size/ { printf "%.0f\n", b * $3 }' ;;
	xfs) xfs_db -r -c 'sb 0' -c 'p dblocks blocksize' "/dev/mapper/$1" | awk '{ n = n ? n * $3 : $3 } END { printf "%.0f\n", n }' ;;
	esac
}

# fs_fills DEVICE BYTES: but for a part of an XFS allocation group that is too small
fs_fills() {
	[ "$(fs_bytes "$1")" -gt $(($2 - 8 * 1024 * 1024)) ]
}

is_clean() {
	case $FS in
	ext4) e2fsck -fn "/dev/mapper/$1" ;;
	xfs) xfs_repair -n "/dev/mapper/$1" ;;
	esac
}

# bundle_up ID: a bundle of a container, as containerd makes one for a start; its path in $bundle
bundle_up() {
	local task=io.containerd.runtime.v2.task/${CONTAINERD_NAMESPACE:-default}/$1
	bundle=/run/bundle/$task
	mkdir -p "$bundle/rootfs" && ctr container info --spec "$1" >"$bundle/config.json" && ln -sfn "$DATA/containerd/$task" "$bundle/work"
}

# by_hand ID COMMAND...: COMMAND, then what containerd would give to the shim of container ID for its `start`, in its bundle
by_hand() {
	local id=$1 bundle
	shift
	bundle_up "$id" || return
	(cd "$bundle" && exec "$@" $SHIM -namespace default -address /run/containerd/containerd.sock -publish-binary \
		/usr/bin/containerd -id "$id" start) </dev/null
}

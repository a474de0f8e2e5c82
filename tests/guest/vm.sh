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

vm_stop() {
	ctr task kill -s KILL "$1" && wait_for ctr task rm "$1"
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

is_clean() {
	case $FS in
	ext4) e2fsck -fn "/dev/mapper/$1" ;;
	xfs) xfs_repair -n "/dev/mapper/$1" ;;
	esac
}

# by_hand ID COMMAND...: COMMAND, then what containerd would give to the shim of container ID for its `start`, in its bundle
by_hand() {
	local id=$1 bundle=/run/bundle/$1
	shift
	mkdir -p "$bundle" && ctr container info --spec "$id" >"$bundle/config.json" || return
	ln -sfn "$DATA/containerd/io.containerd.runtime.v2.task/default/$id" "$bundle/work" || return
	(cd "$bundle" && exec "$@" $SHIM -namespace default -address /run/containerd/containerd.sock -publish-binary \
		/usr/bin/containerd -id "$id" start) </dev/null
}

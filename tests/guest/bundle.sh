# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Sourced after lib.sh: OCI bundles on thin devices, for runc and crun without an engine, and our hook called by hand.

# shellcheck disable=SC2034
GIB=$((1024 * 1024 * 1024))
HOOK=/usr/libexec/oci/hooks.d/oci-thin-grow
next_thin_id=1

# new_disk NAME [SIZE] [MKFS OPTION...]: a thin device with filesystem $FS and busybox, mounted at /run/disk/NAME
new_disk() {
	local name=$1 size=${2:-1G}
	shift; [ $# = 0 ] || shift
	thin_new "$name" "$next_thin_id" "$size" || return
	next_thin_id=$((next_thin_id + 1))
	mkfs_on "$FS" "/dev/mapper/$name" "$@" || return
	mkdir -p "/run/disk/$name" || return
	mount "/dev/mapper/$name" "/run/disk/$name" || return
	busybox_rootfs "/run/disk/$name"
}

drop_disk() {
	umount -R "/run/disk/$1" && dmsetup remove --retry "$1"
}

# spec BUNDLE ROOT_PATH [JQ_FILTER [ARG...]]: writes config.json; the filter changes the small spec below
spec() {
	local bundle=$1 root=$2 filter=${3:-.}
	shift 2; [ $# = 0 ] || shift
	mkdir -p "$bundle" || return
	jq -n --arg root "$root" "$@" '{
		ociVersion: "1.0.2",
		process: { terminal: false, user: { uid: 0, gid: 0 }, args: ["df", "-m", "/"], cwd: "/", env: ["PATH=/bin"] },
		root: { path: $root },
		mounts: [
			{ destination: "/proc", type: "proc", source: "proc" },
			{ destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["mode=755"] }
		],
		annotations: {},
		linux: { namespaces: [{ type: "pid" }, { type: "mount" }] }
	} | '"$filter" >"$bundle/config.json"
}

ask() {
	echo ".annotations[\"io.oci-thin-grow.size\"] = \"$1\""
}

# hook_at STAGE: a filter for spec that adds our hook
hook_at() {
	echo ".hooks.$1 += [{ path: \"$HOOK\", args: [\"oci-thin-grow\", \"hook\"] }]"
}

# state BUNDLE [ID]: the state that a runtime passes to a hook; $STATE is a jq filter that changes it
state() {
	jq -nc --arg bundle "$1" --arg id "${2:-c1}" \
		'{ ociVersion: "1.0.2", id: $id, status: "creating", bundle: $bundle } | '"${STATE:-.}"
}

# call_hook BUNDLE [ID]: runs the hook by hand; its messages in /run/hook.err
call_hook() {
	state "$@" | "$HOOK" hook 2>/run/hook.err
}

# grow_disk NAME SIZE: runs the hook by hand for a container on the disk that requests SIZE
grow_disk() {
	spec "/run/bundle/$1" "/run/disk/$1" "$(ask "$2")" && call_hook "/run/bundle/$1" "$1"
}

# df_mib: the size of / from the output of df -m on stdin
df_mib() {
	awk 'END { print $2 }'
}

# Regular expressions for the size in MiB that df shows for a filesystem of 1 or 4 GiB
# shellcheck disable=SC2034
MIB_1G='^(9[0-9][0-9]|10[0-2][0-9])$'
# shellcheck disable=SC2034
MIB_4G='^(39[0-9][0-9]|40[0-9][0-9]|38[5-9][0-9])$'

device_bytes() {
	echo $(($(table_sectors "$1") * 512))
}

is_suspended() {
	dmsetup info -c --noheadings -o suspended "$1" | grep -q '^Suspended'
}

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Run by tests/bench/run in a guest. Its results are lines that begin with "@":
#   @ spec BYTES
#   @ time WHAT WHO NANOSECONDS CPU_MICROSECONDS     one run
#   @ calls WHAT WHO SYSTEM_CALLS DM_IOCTLS          one run under strace
#   @ trace WHAT WHO LINE_OF_STRACE                  all of these, with TRACE=1
# limit: 1200
# mem: 3G
: >>/host/tap
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh
set -euo pipefail

STARTS=${STARTS:-100}
GROWS=${GROWS:-20}
PARTS=${PARTS:-start+shim+ext4+xfs}
export POOL_GB=60
SECTORS_42G=$((42 * GIB / 512))
BLOCKS_42G=$((42 * GIB / 4096))

BIN=/run/bench
BUNDLE=/run/bundle/bench
MNT=/run/disk/bench
STATE=/run/state.json

# The hook's own flags, but not "as needed": the empty program must load the same libraries, and uses none of them.
# shellcheck disable=SC2016
build() {
	local flags libs
	flags=$(make -sC /src --eval 'show: ; @echo $(ALL_CFLAGS) $(ALL_LDFLAGS)' show)
	libs=$(make -sC /src --eval 'show: ; @echo $(LIB_LIBS)' show)
	mkdir -p $BIN
	cd /src/tests/bench
	# shellcheck disable=SC2086
	{
		gcc $flags -o $BIN/unavoidable unavoidable.c -Wl,--no-as-needed $libs
		gcc $flags -o $BIN/empty empty.c -Wl,--no-as-needed $libs
		gcc $flags -o $BIN/empty-yajl empty.c -Wl,--no-as-needed -lyajl
		gcc $flags -o $BIN/empty-libc empty.c
	}
	gcc -O2 -static -o $BIN/empty-static empty.c
	gcc -O2 -static -o $BIN/timed timed.c
	cd /t
}

# The config.json that an engine writes for a container with the default profile and a few volumes: compact, about 20 KB
bundle() {
	mkdir -p $BUNDLE/rootfs
	cd $BUNDLE
	runc spec
	jq -c --slurpfile seccomp /usr/share/containers/seccomp.json --arg root $MNT '
		def used: ((.includes.arches // ["amd64"]) | index("amd64")) and (.includes.caps // [] | length == 0);
		.root = { path: $root }
		| .process.env += [range(60) | "SERVICE_\(.)_PORT_TCP_ADDR=10.96.0.\(.)"]
		| .annotations = ([range(12) | { key: "io.kubernetes.cri.some-annotation-\(.)", value: "value \(.)" }] | from_entries)
		| .mounts += [range(32) | { destination: "/var/volumes/volume-\(.)", type: "bind", options: ["rbind", "rprivate", "rw"],
			source: "/var/lib/kubelet/pods/0f1c6d0e-0000-4000-8000-00000000000\(. % 10)/volumes/kubernetes.io~empty-dir/\(.)" }]
		| .linux.seccomp = {
			defaultAction: $seccomp[0].defaultAction,
			architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
			syscalls: [$seccomp[0].syscalls[] | select(used) | { names, action, args, errnoRet } | del(.[] | nulls)]
		}' config.json >small.json
	cd /t
	jq -c "$(ask 42G)" $BUNDLE/small.json >$BUNDLE/asking.json
	ask_for nothing
	echo "@ spec $(stat -c %s $BUNDLE/config.json)"
	# A process in a mount namespace of its own, as the container's process is when a hook is called
	unshare -m sleep infinity &
	jq -nc --arg bundle $BUNDLE --argjson pid $! '{ ociVersion: "1.0.2", pid: $pid, status: "creating", bundle: $bundle,
		id: "5f3c9a1e7b2d4086a1c3e5f7091b2d4f5f3c9a1e7b2d4086a1c3e5f7091b2d4f" }' >$STATE
	wait_for namespace_of $!
}

namespace_of() {
	[ "$(readlink /proc/self/ns/mnt)" != "$(readlink "/proc/$1/ns/mnt")" ]
}

ask_for() {
	if [ "$1" = nothing ]; then
		cp $BUNDLE/small.json $BUNDLE/config.json
	else
		cp $BUNDLE/asking.json $BUNDLE/config.json
	fi
}

# command_of WHAT WHO: sets the array "command"
command_of() {
	local told=("$MNT" "${dm_major:-}" "${dm_minor:-}" "${dm_params:-}" "$SECTORS_42G" "$1" "$BLOCKS_42G")
	local script="dmsetup load bench --table \"0 $SECTORS_42G thin ${dm_params:-}\" && dmsetup resume bench"
	case $1-$2 in
	*-hook) command=("$HOOK" hook) ;;
	start-*) command=("$BIN/$2") ;;
	shim-bare) command=(/usr/local/bin/containerd-shim-stub-v2 "${shim_args[@]}") ;;
	shim-wrapper) command=(/usr/local/bin/containerd-shim-oci-thin-grow-stub-v2 "${shim_args[@]}") ;;
	*-fresh) command=(/usr/sbin/oci-thin-grow grow --device bench --unmounted 42G) ;;
	*-unavoidable) command=("$BIN/unavoidable" "${told[@]}") ;;
	*-unavoidable-settled) command=("$BIN/unavoidable" "${told[@]}" settle) ;;
	ext4-dmsetup) command=(sh -c "$script && resize2fs /dev/mapper/bench >/dev/null 2>&1") ;;
	xfs-dmsetup) command=(sh -c "$script && xfs_growfs $MNT >/dev/null") ;;
	*) return 2 ;;
	esac
}

# timed_run WHAT WHO, traced_run WHAT WHO: one run, measured or under strace
timed_run() {
	local command
	command_of "$@"
	"$BIN/timed" $STATE "${command[@]}" >/run/timed 2>/run/timed.err || { cat /run/timed.err; return 1; }
	echo "@ time $* $(tail -n 1 /run/timed)"
}

traced_run() {
	local command
	command_of "$@"
	strace -f ${TRACE:+-r -T} -o /run/trace "${command[@]}" <$STATE >/run/traced 2>&1
	echo "@ calls $* $(awk '
		/^[0-9]+ .*[a-z_0-9]+\(.*\) += / || /exit_group\(/ { calls++ }
		/ioctl\([0-9]+, DM_/ { dm++ }
		END { print calls, dm + 0 }' /run/trace)"
	[ -z "${TRACE:-}" ] || sed "s/^/@ trace $* /" /run/trace
}

# on_disk RUN FS WHO: one run on a new disk of 10 GiB, which must have 42 GiB afterwards
on_disk() {
	local run=$1 fs=$2 who=$3 lazy=()
	[ "$fs" != ext4 ] || lazy=(-E "lazy_itable_init=1,lazy_journal_init=1")
	thin_new bench 1 10G
	mkfs_on "$fs" /dev/mapper/bench "${lazy[@]}"
	mkdir -p $MNT
	mount /dev/mapper/bench $MNT
	read -r dm_major dm_minor < <(dmsetup info -c --noheadings --separator ' ' -o major,minor bench)
	dm_params=$(dmsetup table bench | cut -d ' ' -f 4-)
	rm -f /var/lib/oci-thin-grow/ledger/bench
	[ "$who" != fresh ] || umount $MNT

	"$run" "$fs" "$who"

	[ "$who" != fresh ] || mount /dev/mapper/bench $MNT

	[ "$(table_sectors bench)" = "$SECTORS_42G" ]
	[ "$(stat -f -c '%b' $MNT)" -gt $((41 * GIB / 4096)) ]
	umount $MNT
	# The pool keeps blocks in memory that are only deleted.
	blkdiscard -f /dev/mapper/bench 2>/run/blkdiscard.log
	dmsetup remove bench
	dmsetup message pool 0 "delete 1"
}

starts() {
	local who all=(hook empty empty-yajl empty-libc empty-static)
	ask_for nothing
	for who in "${all[@]}"; do
		timed_run start "$who" >/dev/null
		traced_run start "$who"
	done
	for _ in $(seq "$STARTS"); do
		for who in $(shuf -e "${all[@]}"); do
			timed_run start "$who"
		done
	done
}

# A start of a container of ctr's, which asks for nothing, in its bundle
shims() {
	local who all=(wrapper bare) shim_args=(-namespace default -id bench start)
	install -m 755 $BIN/empty-static /usr/local/bin/containerd-shim-stub-v2
	ln -s /usr/sbin/oci-thin-grow /usr/local/bin/containerd-shim-oci-thin-grow-stub-v2
	ask_for nothing
	cd $BUNDLE
	for who in "${all[@]}"; do
		timed_run shim "$who" >/dev/null
		traced_run shim "$who"
	done
	for _ in $(seq "$STARTS"); do
		for who in $(shuf -e "${all[@]}"); do
			timed_run shim "$who"
		done
	done
	cd /t
}

# grows FS WHO...: rounds of grows, each program once in each round
grows() {
	local fs=$1 who
	shift
	ask_for 42G
	for who; do
		on_disk timed_run "$fs" "$who" >/dev/null
		on_disk traced_run "$fs" "$who"
	done
	for _ in $(seq "$GROWS"); do
		# In random order: a run may be affected by what the one before it left behind.
		for who in $(shuf -e "$@"); do
			on_disk timed_run "$fs" "$who"
		done
	done
}

build
bundle
start_syslog
pool_up /t
[[ $PARTS != *start* ]] || starts
[[ $PARTS != *shim* ]] || shims
[[ $PARTS != *ext4* ]] || grows ext4 hook fresh unavoidable dmsetup
[[ $PARTS != *xfs* ]] || grows xfs hook fresh unavoidable-settled unavoidable dmsetup
echo "@ end $(uname -r)"
finish

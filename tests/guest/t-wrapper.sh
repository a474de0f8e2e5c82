#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The runtime wrapper in front of runc and of crun, as engines call it.
# suites: bookworm trixie
# matrix: bookworm:RUNTIME=runc trixie:RUNTIME=crun
# soak: RUNTIME=runc RUNTIME=crun
# limit: 600
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh

B=/run/bundle/b
W=/usr/sbin/oci-thin-grow-runtime
root=(--root /run/rt)

# The built-in runtime is runc's path; what stands there is this test's choice.
[ "$RUNTIME" = runc ] || cp "/usr/bin/$RUNTIME" /usr/bin/runc

wrapped() {
	timeout 60 "$W" "$@" >/run/out 2>/run/err && return
	cat /run/err
	return 1
}

fresh() {
	ok "$1: a disk" new_disk disk
	ok "$1: a spec" spec $B /run/disk/disk "$(ask 4G)"
}

found() {
	like "$1: df says 4 GiB" "$(df_mib </run/out)" "$MIB_4G"
	is "$1: the table, too" "$(device_bytes disk)" $((4 * GIB))
	is "$1: grown once" "$(grep -c 'action=grow' /run/messages)" 1
	: >/run/messages
	ok "$1: the disk goes" drop_disk disk
}

ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up

fresh "run --bundle"
ok "run --bundle: runs" wrapped "${root[@]}" run --bundle $B c1
found "run --bundle"

fresh "run in the bundle"
cd $B || exit
ok "run in the bundle: runs" wrapped "${root[@]}" --log /run/rt.log --log-format json run c1
cd /
found "run in the bundle"

fresh "create and start"
ok "create and start: creates" wrapped "${root[@]}" --log=/run/rt.log create -b $B --pid-file /run/rt.pid c1
is "create and start: grown before the start" "$(device_bytes disk)" $((4 * GIB))
ok "create and start: the runtime's own exit status" not wrapped "${root[@]}" start nosuch
ok "create and start: starts" "$W" "${root[@]}" start c1
sleep 1
ok "create and start: state passes through" wrapped "${root[@]}" state c1
like "create and start: with the runtime's answer" "$(cat /run/out)" '"id": *"c1"'
ok "create and start: deletes" wrapped "${root[@]}" delete -f c1
: >/run/messages
ok "create and start: the disk goes" drop_disk disk

fresh "hook and wrapper"
spec $B /run/disk/disk "$(ask 4G) | $(hook_at createRuntime)"
ok "hook and wrapper: runs" wrapped "${root[@]}" run -b $B c1
found "hook and wrapper"

ok "environment: a disk" new_disk disk
spec $B /run/disk/disk
LIBDM_DUMMY=1 OTG_X=y strace -f -o /run/strace -e trace=execve -v -s 4096 "$W" "${root[@]}" run -b $B c1 >/run/out 2>&1
like "environment: the runtime gets its own" "$(grep 'execve("/usr/bin/runc"' /run/strace)" 'OTG_X=y'
like "environment: and its arguments untouched" "$(grep 'execve("/usr/bin/runc"' /run/strace | head -n 1)" \
	'\["/usr/sbin/oci-thin-grow-runtime", "--root", "/run/rt", "run", "-b", "/run/bundle/b", "c1"\]'
is "environment: nothing asked, nothing said" "$(cat /run/messages)" ""

spec $B /run/disk/disk "$(ask 2T)"
rm -f /run/rt.log
ok "refused: does not run" not wrapped "${root[@]}" --log /run/rt.log --log-format json run -b $B c1
like "refused: says why" "$(cat /run/err)" 'container "c1" cannot have 2 TiB .*no more than 1 TiB'
like "refused: and in the engine's log" "$(jq -r 'select(.level == "error").msg' /run/rt.log)" \
	'^oci-thin-grow: container "c1" cannot have 2 TiB'
rm /run/rt.log
ok "refused: again" not wrapped "${root[@]}" --log /run/rt.log run -b $B c1
like "refused: as text" "$(cat /run/rt.log)" '^time=.* level=error msg="oci-thin-grow: container .*2 TiB'
ok "refused: there is no container" not wrapped "${root[@]}" state c1

echo '{' >$B/config.json
ok "a broken spec is the runtime's affair" not wrapped "${root[@]}" run -b $B c1
like "with our warning" "$(cat /run/err)" 'oci-thin-grow: .*ends in the middle'
isnt "and its own error" "$(grep -vc oci-thin-grow /run/err)" 0
finish

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Rootless runc and crun with the hook and with the wrapper: a container without a request is not touched, and one with a
# request gets the message that only root can grow a disk.
# suites: bookworm trixie
# matrix: FS=none
# limit: 300
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh

B=/run/rootless/b
ROOT=/run/rootless/state
# shellcheck disable=SC2016
ID_MAP='.linux.namespaces += [{ type: "user" }]
	| .linux.uidMappings = [{ containerID: 0, hostID: $host, size: 1 }]
	| .linux.gidMappings = [{ containerID: 0, hostID: $host, size: 1 }]
	| .mounts = [{ destination: "/proc", type: "proc", source: "proc" }]
	| .process.args = ["echo", "it runs"]'

# as_user COMMAND...: as user 1000, as after a login
as_user() {
	setpriv --reuid 1000 --regid 1000 --clear-groups env -C / XDG_RUNTIME_DIR="$ROOT" "$@"
}

# as_podman COMMAND...: as user 1000, who is root in a user namespace
as_podman() {
	as_user unshare -U -m --map-root-user "$@"
}

# container HOST_ID JQ_FILTER: writes config.json to $B
container() {
	spec $B rootfs "$ID_MAP | $2" --argjson host "$1" && chown -R 1000:1000 $B
}

# runs AS COMMAND...: runs the container of $B
runs() {
	local as=$1
	shift
	: >/run/messages
	$as timeout 300 "$@" run -b "$B" c1 </dev/null >/run/out 2>/run/err && return
	cat /run/err
	return 1
}

# left_alone TEXT AS HOST_ID COMMAND...: with the hook, or with the wrapper if COMMAND is the wrapper
left_alone() {
	local what=$1 as=$2 host=$3 hook
	shift 3
	hook=$(hook_at createRuntime)
	[ "$1" != /usr/sbin/oci-thin-grow-runtime ] || hook=.
	container "$host" "$hook"
	ok "$what, no request: the container runs" runs "$as" "$@"
	is "$what, no request: its output is complete" "$(cat /run/out)" "it runs"
	is "$what, no request: nothing is reported or logged" "$(cat /run/err /run/messages)" ""
	container "$host" "$hook | $(ask 4G)"
	ok "$what, 4G: the container runs nevertheless" runs "$as" "$@"
	is "$what, 4G: its output is complete" "$(cat /run/out)" "it runs"
	like "$what, 4G: the log says that only root can grow a disk" "$(cat /run/messages)" \
		'action=skip container=c1 .*(only root can|only the host.s root can)'
	is "$what, 4G: one line is logged" "$(grep -c action= /run/messages)" 1
}

ok "syslog starts" start_syslog
mkdir -p $B/rootfs $ROOT
busybox_rootfs $B/rootfs
chown -R 1000:1000 /run/rootless
# In a user namespace, files of root belong to nobody.
mkdir -p /etc/oci-thin-grow
echo '{ "default_size": null }' >/etc/oci-thin-grow/config.json

for runtime in runc crun; do
	left_alone "$runtime" as_user 1000 $runtime --root $ROOT/$runtime
	left_alone "$runtime as podman calls it" as_podman 0 $runtime --root $ROOT/p$runtime
done
left_alone "the wrapper" as_user 1000 /usr/sbin/oci-thin-grow-runtime --root $ROOT/w
left_alone "the wrapper as podman calls it" as_podman 0 /usr/sbin/oci-thin-grow-runtime --root $ROOT/pw
finish

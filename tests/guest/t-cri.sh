#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Pods, requested from containerd as a kubelet does, with each way to hook in: the wrapper as BinaryName, our hook in a
# base_runtime_spec, the daemon through NRI, our hooks.d file through another NRI plugin. A pod's annotation applies to its
# containers, not to its sandbox.
# kernel: bookworm:forky trixie:forky
# suites: bookworm trixie forky
# matrix: FS=ext4
# soak: FS=ext4 FS=xfs
# limit: 600
# drivers: cri nri
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh
# shellcheck source=tests/guest/pod.sh
. /src/tests/guest/pod.sh

MIB_3G='^(28|29|30)..$'

base_spec() {
	ctr oci spec | jq --slurpfile shipped /usr/share/containers/oci/hooks.d/50-oci-thin-grow.json \
		'.hooks.createRuntime = [$shipped[0].hook]' >/run/base-spec.json
}

handlers() {
	cri_toml
	cat <<-'END'
		[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.wrapper]
			runtime_type = "io.containerd.runc.v2"
			pod_annotations = ["io.oci-thin-grow.*", "containerd.io/snapshot/max-size"]
			[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.wrapper.options]
				BinaryName = "/usr/sbin/oci-thin-grow-runtime"
		[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.base-spec]
			runtime_type = "io.containerd.runc.v2"
			pod_annotations = ["io.oci-thin-grow.*"]
			base_runtime_spec = "/run/base-spec.json"
		[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.annotated]
			runtime_type = "io.containerd.runc.v2"
			pod_annotations = ["io.oci-thin-grow.*"]
		[plugins."io.containerd.nri.v1.nri"]
			disable = false
			socket_path = "/run/nri.sock"
			# By default containerd goes on without a plugin that takes longer than two seconds.
			plugin_registration_timeout = "5m"
			plugin_request_timeout = "5m"
	END
}

# way NAME HANDLER: a pod that requests 4G, and one that requests too much
way() {
	local name=$1 handler=$2 asking
	: >/run/messages
	ok "$name, 4G: the sandbox runs" run_pod "$handler" prod io.oci-thin-grow.size=4G
	asking=$pod
	like "$name, 4G: the sandbox has 1 GiB" "$(sandbox_size "$pod")" "$MIB_1G"
	is "$name, 4G: nothing is logged about the sandbox" "$(grep oci-thin-grow /run/messages)" ""
	ok "$name, 4G: the container runs" run_container one
	like "$name, 4G: the container has 4 GiB" "$(size_in "$container")" "$MIB_4G"
	like "$name, 4G: the growth is logged" "$(grep oci-thin-grow /run/messages)" \
		"action=grow container=$container engine=containerd device=pool-snap-[0-9]+ from=1073741824 to=4294967296 .*fs=$FS source=annotation:io.oci-thin-grow.size"
	ok "$name, 4G: the container is removed" rm_container "$container"
	ok "$name, 4G: another container runs in its place" run_container one
	like "$name, 4G: that container has 4 GiB, too" "$(size_in "$container")" "$MIB_4G"
	like "$name, 4G: the sandbox still has 1 GiB" "$(sandbox_size "$asking")" "$MIB_1G"

	ok "$name, 2T: the sandbox runs" run_pod "$handler" prod io.oci-thin-grow.size=2T
	ok "$name, 2T: the container does not start" not run_container two
	like "$name, 2T: the CRI error has the reason" "$(cat /run/cri.err)" \
		'cannot have 2 TiB \(annotation io.oci-thin-grow.size\): max_size is 1 TiB'
	ok "$name, 2T: the pod is removed" rm_pod "$pod"

	ok "$name, 4G: the pod is removed while its container runs" rm_pod "$asking"
}

# nothing_asked NAME HANDLER: a pod without a request
nothing_asked() {
	local name=$1 handler=$2
	: >/run/messages
	ok "$name, no request: the sandbox runs" run_pod "$handler" prod
	ok "$name, no request: the container runs" run_container three
	like "$name, no request: the container has 1 GiB" "$(size_in "$container")" "$MIB_1G"
	is "$name, no request: nothing is logged" "$(grep oci-thin-grow /run/messages)" ""
	ok "$name, no request: the pod is removed" rm_pod "$pod"
}

# own_size: two containers of one pod with two sizes; the annotation for one does not apply to the other
own_size() {
	local pod_of_three
	: >/run/messages
	ok "per-container annotation: the sandbox runs" run_pod wrapper prod io.oci-thin-grow.size=2G io.oci-thin-grow.size.db=4G \
		io.oci-thin-grow.size.nobody=2T
	pod_of_three=$pod
	ok "per-container annotation: db runs" run_container db
	like "per-container annotation: db has 4 GiB" "$(size_in "$container")" "$MIB_4G"
	like "per-container annotation: the log names the annotation of db" "$(grep "container=$container" /run/messages)" 'source=annotation:io.oci-thin-grow.size.db '
	ok "per-container annotation: explain db succeeds" otg explain "$container"
	like "per-container annotation: explain names the annotation of db" "$(cat /run/out)" 'request +4 GiB, from annotation io.oci-thin-grow.size.db'
	ok "per-container annotation: web runs" run_container web
	like "per-container annotation: web has the 2 GiB of the pod's annotation" "$(size_in "$container")" '^(19..|20..)$'
	ok "per-container annotation: explain web succeeds" otg explain "$container"
	like "per-container annotation: explain names the pod's annotation" "$(cat /run/out)" 'request +2 GiB, from annotation io.oci-thin-grow.size[^.]'
	ok "per-container annotation: the pod is removed" rm_pod "$pod_of_three"
}

# env_of VARIABLE VALUE COMMAND...
env_of() {
	local -x "$1=$2"
	shift 2
	"$@"
}

names() {
	/usr/sbin/oci-thin-grow list --names | cut -f 1
}

# containerd logs when the plugin has connected. The plugin ends if that takes longer than two seconds.
nri_up() {
	until /build/nri /run/nri.sock /usr/share/containers/oci/hooks.d/50-oci-thin-grow.json; do
		sleep .1
	done >/run/nri.log 2>&1 &
	up nri grep -q 'plugin .*10-hooks.* connected' /run/containerd.log
}

growd_asked() {
	jq -e '.nri == "containerd"' /run/oci-thin-grow/growd.json
}

growd_up() {
	echo '{ "nri": "/run/nri.sock" }' >/etc/oci-thin-grow/config.d/nri.json
	/usr/sbin/oci-thin-growd >/run/growd.log 2>&1 &
	growd_pid=$!
	up growd growd_asked
}

growd_down() {
	kill "$growd_pid" && wait "$growd_pid"
}

containerd_again() {
	containerd_run && up containerd devmapper_ready
}

ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up
ok "the base runtime spec is written" base_spec
ok "containerd starts" containerd_up "$(handlers)"
ok "an OCI image is built" image_up
like "the CRI answers" "$(cri version)" '^containerd '

way BinaryName wrapper
nothing_asked BinaryName wrapper
own_size
way base_runtime_spec base-spec

# enabled: `enable` adds its handler to the configuration in use, and containerd restarts
enabled() {
	local snapshotter=''
	# containerd 1.6 has no snapshotter setting for each handler.
	[ "$SUITE" = bookworm ] || snapshotter='--snapshotter devmapper'
	# shellcheck disable=SC2086
	otg enable $snapshotter --file /run/containerd.toml containerd && containerd_down || return
	containerd_run && up containerd devmapper_ready
}

ok "containerd starts with the handler that enable added" enabled
way enable oci-thin-grow

## Names: a restarted container, and a pod with the same name in another namespace

ok "names: a sandbox runs" run_pod wrapper prod
first=$pod name=pod$pods
ok "names: a container runs" run_container app
attempt=$container
ok "names: it is stopped" cri stop "$attempt"
ok "names: its next attempt runs" env_of CONTAINER_FILTER '.metadata.attempt = 1' run_container app
ok "names: grow POD/CONTAINER succeeds" otg grow "$name/app" 2G
like "names: grow has grown the attempt that runs" "$(size_in "$container")" '^(19|20)..$'
is "names: completion offers the name for the attempt that runs, the id for the other" "$(names | grep -e app -e "$attempt" | sort)" "$(printf '%s\n' "$attempt" "$name/app" | sort)"
ok "names: explain POD/CONTAINER succeeds" otg explain "$name/app"
ok "names: a pod with the same name runs in another namespace" env_of POD_FILTER ".metadata.name = \"$name\"" run_pod wrapper test
ok "names: a container with the same name runs in it" run_container app
ok "names: grow refuses the ambiguous name" exits 2 grow "$name/app" 3G
like "names: grow lists the names that are not ambiguous" "$(cat /run/err)" "may be any of .*\"prod/$name/app\".*\"test/$name/app\"|may be any of .*\"test/$name/app\""
ok "names: grow NAMESPACE/POD/CONTAINER succeeds" otg grow "test/$name/app" 3G
like "names: the container in that namespace has 3 GiB" "$(size_in "$container")" "$MIB_3G"
mv /usr/lib/udev/rules.d/94-oci-thin-grow.rules /run/
ok "names: without the udev rule, grow --pid succeeds: a pod's container gets a new disk" \
	otg grow --json --pid "$(cat "$(bundle_of "$container")/init.pid")" +64M
is "names: grow --pid names the container" "$(jq -r .container /run/out)" "containerd:$name/app"
ok "names: grow --device succeeds, too" otg grow --device "$(jq -r .device /run/out)" +64M
mv /run/94-oci-thin-grow.rules /usr/lib/udev/rules.d/
ok "names: apply takes NAMESPACE/POD/CONTAINER, too" otg apply --dry-run "containerd:prod/$name/app"
is "names: completion offers names with the namespace" "$(names | grep /app | sort)" "$(printf '%s\n' "prod/$name/app" "test/$name/app")"
ok "names: the second pod is removed" rm_pod "$pod"
ok "names: the first pod is removed" rm_pod "$first"

# fleet: a policy for all pods
fleet() {
	echo '{ "default_size": "2G", "rules": [
		{ "name": "dev", "match": { "namespace": "dev-*" }, "max_size": "3G" } ] }' >/etc/oci-thin-grow/config.d/fleet.json
	oci-thin-grow config check
}

ok "the policy is valid" fleet
: >/run/messages
ok "default size: the sandbox runs" run_pod wrapper dev-1
like "default size: the sandbox has 1 GiB" "$(sandbox_size "$pod")" "$MIB_1G"
ok "default size: the container runs" run_container default
like "default size: the container has 2 GiB" "$(size_in "$container")" '^(19..|20..)$'
like "default size: the growth is logged" "$(grep oci-thin-grow /run/messages)" "action=grow container=$container .*to=2147483648 "
ok "default size: the pod is removed" rm_pod "$pod"
ok "rule for a namespace: the sandbox runs" run_pod wrapper dev-1 io.oci-thin-grow.size=4G
ok "rule for a namespace: a container that requests more does not start" not run_container denied
like "rule for a namespace: the CRI error names the rule" "$(cat /run/cri.err)" 'cannot have 4 GiB .*max_size of rule .{1,2}dev.{1,2} .*is 3 GiB'
ok "rule for a namespace: a sandbox in another namespace runs" run_pod wrapper prod io.oci-thin-grow.size=4G
ok "rule for a namespace: a container in another namespace starts" run_container allowed
like "rule for a namespace: that container has 4 GiB" "$(size_in "$container")" "$MIB_4G"
rm /etc/oci-thin-grow/config.d/fleet.json

# containerd 1.6 has no NRI that takes hooks.
if [ "$SUITE" != bookworm ]; then
	ok "nri: the daemon connects" growd_up
	way nri runc
	: >/run/messages
	ok "nri, no request: the sandbox runs" run_pod runc prod
	ok "nri, no request: the container runs" run_container three
	like "nri, no request: the container has 1 GiB" "$(size_in "$container")" "$MIB_1G"
	is "nri, no request: the container has no hook" "$(jq .hooks "$(bundle_of "$container")/config.json")" null
	is "nri, no request: nothing is logged" "$(grep oci-thin-grow /run/messages)" ""
	ok "nri: containerd is killed" containerd_kill9
	ok "nri: the daemon sees it" wait_for not growd_asked
	ok "nri: containerd starts again" containerd_again
	ok "nri: the daemon connects again" wait_for growd_asked
	is "nri: the log has one line for each" "$(grep -oE 'action=(dis)?connect' /run/messages)" "action=disconnect
action=connect"
	like "nri: doctor agrees" "$(oci-thin-grow doctor --verbose)" 'containerd asks oci-thin-growd about pods, by NRI'
	ok "nri, per-container annotation: the sandbox runs" run_pod runc prod io.oci-thin-grow.size.app=4G io.oci-thin-grow.size=2G
	ok "nri, per-container annotation: the container runs" run_container app
	like "nri, per-container annotation: the container has 4 GiB" "$(size_in "$container")" "$MIB_4G"
	ok "nri: the daemon stops" growd_down
	ok "nri, no daemon: a container of that pod runs" run_container late
	like "nri, no daemon: it has 1 GiB" "$(size_in "$container")" "$MIB_1G"

	ok "the NRI plugin connects" nri_up
	ok "NRI plugin, 4G: the sandbox runs" run_pod annotated prod io.oci-thin-grow.size=4G
	ok "NRI plugin, 4G: the container runs" run_container one
	like "NRI plugin, 4G: the container has 4 GiB" "$(size_in "$container")" "$MIB_4G"
	ok "NRI and BinaryName: the sandbox runs" run_pod wrapper prod io.oci-thin-grow.size=4G
	ok "NRI and BinaryName: the container runs" run_container twice
	like "NRI and BinaryName: it has 4 GiB" "$(size_in "$container")" "$MIB_4G"
	is "NRI and BinaryName: it is grown once" "$(grep -c "action=.*container=$container" /run/messages)" 1
fi
finish

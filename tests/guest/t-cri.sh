#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Pods, as a kubelet asks containerd for them, by each way in that containerd has: the wrapper as BinaryName, our hook in a
# base_runtime_spec, our hooks.d file through NRI. A pod's annotation counts for its containers, not for its sandbox.
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
	END
}

# way NAME HANDLER: a pod that asks for 4G, and one that asks for too much
way() {
	local name=$1 handler=$2 asking
	: >/run/messages
	ok "$name, 4G: the sandbox runs" run_pod "$handler" prod io.oci-thin-grow.size=4G
	asking=$pod
	like "$name, 4G: the sandbox has 1 GiB" "$(sandbox_size "$pod")" "$MIB_1G"
	is "$name, 4G: nothing is said of the sandbox" "$(grep oci-thin-grow /run/messages)" ""
	ok "$name, 4G: a container runs" run_container one
	like "$name, 4G: it has 4 GiB" "$(size_in "$container")" "$MIB_4G"
	like "$name, 4G: the log" "$(grep oci-thin-grow /run/messages)" \
		"action=grow container=$container engine=containerd device=pool-snap-[0-9]+ from=1073741824 to=4294967296 .*fs=$FS source=annotation:io.oci-thin-grow.size"
	ok "$name, 4G: it stops and goes" rm_container "$container"
	ok "$name, 4G: another runs in its place" run_container one
	like "$name, 4G: it has 4 GiB, too" "$(size_in "$container")" "$MIB_4G"
	like "$name, 4G: the sandbox has 1 GiB still" "$(sandbox_size "$asking")" "$MIB_1G"

	ok "$name, 2T: the sandbox runs" run_pod "$handler" prod io.oci-thin-grow.size=2T
	ok "$name, 2T: no container runs" not run_container two
	like "$name, 2T: the CRI says why" "$(cat /run/cri.err)" \
		'cannot have 2 TiB \(annotation io.oci-thin-grow.size\): max_size is 1 TiB'
	ok "$name, 2T: the pod goes" rm_pod "$pod"

	ok "$name, 4G: the pod goes, with what runs in it" rm_pod "$asking"
}

# nothing_asked NAME HANDLER: a pod that asks for nothing
nothing_asked() {
	local name=$1 handler=$2
	: >/run/messages
	ok "$name, nothing asked: the sandbox runs" run_pod "$handler" prod
	ok "$name, nothing asked: a container runs" run_container three
	like "$name, nothing asked: 1 GiB" "$(size_in "$container")" "$MIB_1G"
	is "$name, nothing asked: not a word" "$(grep oci-thin-grow /run/messages)" ""
	ok "$name, nothing asked: the pod goes" rm_pod "$pod"
}

# own_size: two containers of one pod with two sizes, and one that the pod's key for another does not touch
own_size() {
	local pod_of_three
	: >/run/messages
	ok "its own size: the sandbox runs" run_pod wrapper prod io.oci-thin-grow.size=2G io.oci-thin-grow.size.db=4G \
		io.oci-thin-grow.size.nobody=2T
	pod_of_three=$pod
	ok "its own size: db runs" run_container db
	like "its own size: db has 4 GiB" "$(size_in "$container")" "$MIB_4G"
	like "its own size: the log" "$(grep "container=$container" /run/messages)" 'source=annotation:io.oci-thin-grow.size.db '
	ok "its own size: explain" otg explain "$container"
	like "its own size: explain says which one" "$(cat /run/out)" 'request +4 GiB, from annotation io.oci-thin-grow.size.db'
	ok "its own size: web runs" run_container web
	like "its own size: web has 2 GiB, as the pod asks" "$(size_in "$container")" '^(19..|20..)$'
	ok "its own size: explain" otg explain "$container"
	like "its own size: explain says that" "$(cat /run/out)" 'request +2 GiB, from annotation io.oci-thin-grow.size[^.]'
	ok "its own size: the pod goes" rm_pod "$pod_of_three"
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

# The plugin connects from outside; containerd says so.
nri_up() {
	/build/nri /run/nri.sock /usr/share/containers/oci/hooks.d/50-oci-thin-grow.json >/run/nri.log 2>&1 &
	up nri grep -q 'plugin .*10-hooks.* connected' /run/containerd.log
}

ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up
ok "the base spec is written" base_spec
ok "containerd starts" containerd_up "$(handlers)"
ok "an image is made" image_up
like "the CRI answers" "$(cri version)" '^containerd '

way BinaryName wrapper
nothing_asked BinaryName wrapper
own_size
way base_runtime_spec base-spec

# enabled: the handler that enable makes, of the configuration that runs
enabled() {
	local snapshotter=''
	# containerd 1.6 has none for each handler.
	[ "$SUITE" = bookworm ] || snapshotter='--snapshotter devmapper'
	# shellcheck disable=SC2086
	otg enable $snapshotter --file /run/containerd.toml containerd && containerd_down || return
	containerd_run && up containerd devmapper_ready
}

ok "enable: containerd starts with that" enabled
way enable oci-thin-grow

## Names: a container that was started again, and a pod of that name in another namespace

ok "names: a sandbox runs" run_pod wrapper prod
first=$pod name=pod$pods
ok "names: a container runs" run_container app
attempt=$container
ok "names: it stops" cri stop "$attempt"
ok "names: the next attempt runs" env_of CONTAINER_FILTER '.metadata.attempt = 1' run_container app
ok "names: grow means that" otg grow "$name/app" 2G
like "names: it has 2 GiB" "$(size_in "$container")" '^(19|20)..$'
is "names: completion knows it" "$(names | grep -e app -e "$attempt" | sort)" "$(printf '%s\n' "$attempt" "$name/app" | sort)"
ok "names: explain" otg explain "$name/app"
ok "names: a sandbox of that name runs elsewhere" env_of POD_FILTER ".metadata.name = \"$name\"" run_pod wrapper test
ok "names: with such a container" run_container app
ok "names: grow does not guess" exits 2 grow "$name/app" 3G
like "names: it says what to say" "$(cat /run/err)" "may be any of .*\"prod/$name/app\".*\"test/$name/app\"|may be any of .*\"test/$name/app\""
ok "names: grow by namespace" otg grow "test/$name/app" 3G
like "names: that has 3 GiB" "$(size_in "$container")" "$MIB_3G"
ok "names: apply, too" otg apply --dry-run "containerd:prod/$name/app"
is "names: completion tells them apart" "$(names | grep /app | sort)" "$(printf '%s\n' "prod/$name/app" "test/$name/app")"
ok "names: the pods go" rm_pod "$pod"
ok "names: both" rm_pod "$first"

# fleet: a policy for all pods
fleet() {
	echo '{ "default_size": "2G", "rules": [
		{ "name": "dev", "match": { "namespace": "dev-*" }, "max_size": "3G" } ] }' >/etc/oci-thin-grow/config.d/fleet.json
	oci-thin-grow config check
}

ok "a fleet's policy" fleet
: >/run/messages
ok "default: the sandbox runs" run_pod wrapper dev-1
like "default: the sandbox has 1 GiB" "$(sandbox_size "$pod")" "$MIB_1G"
ok "default: a container runs" run_container default
like "default: it has 2 GiB" "$(size_in "$container")" '^(19..|20..)$'
like "default: the log" "$(grep oci-thin-grow /run/messages)" "action=grow container=$container .*to=2147483648 "
ok "default: the pod goes" rm_pod "$pod"
ok "rule: the sandbox runs" run_pod wrapper dev-1 io.oci-thin-grow.size=4G
ok "rule: no container runs" not run_container denied
like "rule: the CRI says why" "$(cat /run/cri.err)" 'cannot have 4 GiB .*max_size of rule .{1,2}dev.{1,2} .*is 3 GiB'
ok "rule: elsewhere the sandbox runs" run_pod wrapper prod io.oci-thin-grow.size=4G
ok "rule: elsewhere a container runs" run_container allowed
like "rule: elsewhere it has 4 GiB" "$(size_in "$container")" "$MIB_4G"
rm /etc/oci-thin-grow/config.d/fleet.json

# containerd 1.6 has no NRI of this kind.
if [ "$SUITE" != bookworm ]; then
	ok "the NRI plugin connects" nri_up
	way NRI annotated
	nothing_asked NRI annotated
	ok "NRI and BinaryName: the sandbox runs" run_pod wrapper prod io.oci-thin-grow.size=4G
	ok "NRI and BinaryName: a container runs" run_container twice
	like "NRI and BinaryName: 4 GiB" "$(size_in "$container")" "$MIB_4G"
	is "NRI and BinaryName: grown once" "$(grep -c "action=.*container=$container" /run/messages)" 1
fi
finish

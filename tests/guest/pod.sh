# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Sourced after lib.sh and bundle.sh: pods of a containerd that has our image, requested as a kubelet would do (cri/).

IMAGE=docker.io/local/bb:latest
pods=0

cri() {
	/build/cri /run/containerd/containerd.sock "$@" 2>/run/cri.err && return
	local status=$?
	cat /run/cri.err >&2
	return $status
}

# cri_toml: the part of containerd's configuration with which it serves pods from our image
cri_toml() {
	cat <<-END
		[plugins."io.containerd.grpc.v1.cri"]
			sandbox_image = "$IMAGE"
		[plugins."io.containerd.grpc.v1.cri".containerd]
			snapshotter = "devmapper"
		[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
			runtime_type = "io.containerd.runc.v2"
	END
}

image_up() {
	oci_layout /t/oci.tar && CONTAINERD_NAMESPACE=k8s.io image_import "${IMAGE%:*}" /t/oci.tar
}

# run_pod HANDLER NAMESPACE [KEY=VALUE...]: a sandbox of a pod with these annotations; its id in $pod, its description in
# $pod.json. POD_FILTER, for jq, changes the description, CONTAINER_FILTER that of a container.
run_pod() {
	local handler=$1 namespace=$2
	shift 2
	pods=$((pods + 1))
	# The host's network, because there is no other here.
	jq -n --arg name "pod$pods" --arg namespace "$namespace" '{
		metadata: { name: $name, uid: $name, namespace: $namespace },
		annotations: ($ARGS.positional | map(capture("(?<key>[^=]*)=(?<value>.*)")) | from_entries),
		log_directory: ("/run/pods/" + $name),
		linux: { security_context: { namespace_options: { network: 2 } } }
	} | '"${POD_FILTER:-.}" --args "$@" >"/run/pod$pods.json" || return
	pod=$(cri pod "/run/pod$pods.json" "$handler") && cp "/run/pod$pods.json" "/run/$pod.json"
}

# run_container NAME [POD]: a container that keeps running in the pod; its id in $container
run_container() {
	local name=$1 in=${2:-$pod}
	jq -n --arg name "$name" --arg image "$IMAGE" '{
		metadata: { name: $name },
		image: { image: $image },
		command: ["/bin/sleep", "100000"],
		log_path: ($name + ".log"),
		linux: { security_context: { namespace_options: { network: 2, pid: 1 } } }
	} | '"${CONTAINER_FILTER:-.}" >/run/container.json || return
	container=$(cri create "$in" /run/container.json "/run/$in.json") && cri start "$container"
}

# size_in CONTAINER: the size of its / in MiB, as it sees it; sandbox_size: of a sandbox, seen from outside
size_in() {
	cri exec "$1" /bin/df -m / | awk 'END { print $(NF-4) }'
}

bundle_of() {
	echo "/run/containerd/io.containerd.runtime.v2.task/k8s.io/$1"
}

sandbox_size() {
	df -m "$(bundle_of "$1")/rootfs" | df_mib
}

rm_container() {
	cri stop "$1" && cri rm "$1"
}

rm_pod() {
	cri stop-pod "$1" && cri rm-pod "$1"
}

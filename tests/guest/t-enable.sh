#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# enable and disable with the real engines: Docker, containerd and podman (bookworm's) accept what enable writes, containers
# grow, and disable restores the files. CRI-O is not in Debian.
# kernel: bookworm:forky trixie:forky
# suites: bookworm trixie
# matrix: FS=ext4
# limit: 600
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh
# shellcheck source=tests/guest/docker.sh
. /src/tests/guest/docker.sh

G=/usr/sbin/oci-thin-grow
JSON=/etc/docker/daemon.json
TOML=/etc/containerd/config.toml
HOOK=/usr/share/containers/oci/hooks.d/50-oci-thin-grow.json

# said COMMAND...: its output is also in /run/said
said() {
	"$@" >/run/said 2>&1 || {
		cat /run/said
		return 1
	}
}

same() {
	cmp "$1" "$2" && [ ! -e "/etc/oci-thin-grow/backup$1" ]
}

# A file as people write them: odd blanks, no newline at its end, keys that are not ours
odd_json() {
	mkdir -p /etc/docker
	printf '{\n\t"labels" : ["a=b","c={,}"] , "max-concurrent-downloads":5,\n\n\t"runtimes":{\n\t\t"other":{"path":"runc"}},\r\n' >$JSON
	[ "$SUITE" = bookworm ] ||
		printf '\t"features": { "containerd-snapshotter" : true }, "storage-driver":"devmapper",\n' >>$JSON
	printf '\t"shutdown-timeout":5}' >>$JSON
	cp $JSON /t/daemon.json
}

dockerd_up() {
	docker_up --config-file "$JSON"
}

# What `systemctl reload docker` does
reload() {
	local before
	before=$(reloads)
	kill -HUP "$docker_pid" && wait_for test_reloads "$before"
}

reloads() {
	grep -cE 'Reloaded configuration|Error reconfiguring' /run/dockerd.log
}

test_reloads() {
	[ "$(reloads)" -gt "$1" ]
}

default_runtime() {
	docker info -f '{{.DefaultRuntime}}'
}

default_is() {
	[ "$(default_runtime)" = "$1" ]
}

# Only our keys are new, and the others are in their old order.
only_ours() {
	jq 'del(.runtimes["oci-thin-grow"], .["default-runtime"])' "$JSON" >/t/left && jq . /t/daemon.json | cmp - /t/left
}

cri_ok() {
	ctr plugin ls | grep -q 'cri .* ok'
}

# podman does not accept a pool that another engine has used.
new_pool() {
	local left
	for left in $(dmsetup ls | cut -f 1 | grep -vx pool); do
		dmsetup remove --retry "$left" || return
	done
	dmsetup remove --retry pool && mkdir /t/new && pool_up /t/new
}

ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up
ok "a tar image is built" bb_tar /t/bb.tar

## Docker
odd_json
ok "dockerd starts" dockerd_up
ok "the image is imported" docker import /t/bb.tar bb
ok "docker, before enable: a container runs" docker_run before "${LABEL_4G[@]}"
like "docker, before enable: the container has 1 GiB" "$(df_in before)" "$MIB_1G"

ok "docker, enable --print: succeeds" said $G enable --print docker
like "docker, enable --print: shows the runtime to add" "$(cat /run/said)" '\+.*"oci-thin-grow": \{ "path": "/usr/sbin/oci-thin-grow-runtime" \}'
ok "docker, enable --print: changes nothing" same $JSON /t/daemon.json
ok "docker, enable: succeeds" said $G enable docker
like "docker, enable: prints how to reload" "$(cat /run/said)" 'then: systemctl reload docker'
ok "docker, enable: only our keys differ" only_ours
[ "$SUITE" = bookworm ] || ok "docker, enable: dockerd validates the file" dockerd --validate --config-file $JSON
ok "docker, second enable: succeeds" said $G enable docker
like "docker, second enable: reports that it is enabled" "$(cat /run/said)" 'docker: enabled already'
reload
ok "docker, reload: the wrapper is the default runtime" wait_for default_is oci-thin-grow
ok "docker, after enable: a container runs" docker_run after "${LABEL_4G[@]}"
like "docker, after enable: the container has 4 GiB" "$(df_in after)" "$MIB_4G"

ok "docker, disable: succeeds" said $G disable docker
ok "docker, disable: restores the file byte for byte" same $JSON /t/daemon.json
like "docker, disable: names the container that needs the runtime" "$(cat /run/said)" "note: 1 container created with this runtime \($(docker inspect -f '{{.Id}}' after | cut -c 1-12)\)"
# dockerd 20.10 crashes if a reload removes its default runtime.
if [ "$SUITE" != bookworm ]; then
	ok "docker, disable: dockerd reloads" reload
	is "docker, disable: the wrapper is the default until a restart" "$(default_runtime)" oci-thin-grow
fi
ok "docker, disable: dockerd stops" docker_down
ok "docker, disable: dockerd starts" dockerd_up
is "docker, disable: after a restart runc is the default" "$(default_runtime)" runc
ok "docker, disable: the container that needs the runtime does not start" not docker start after
ok "docker, enable --no-default: succeeds" $G enable --no-default docker
reload
ok "docker, enable --no-default: the container starts after a reload" wait_for docker start after
like "docker, enable --no-default: the container has 4 GiB" "$(df_in after)" "$MIB_4G"
is "docker, enable --no-default: runc is the default" "$(default_runtime)" runc
ok "docker: the containers are removed" docker rm -f before after
ok "docker, second disable: succeeds" said $G disable docker
ok "docker, second disable: restores the file byte for byte" same $JSON /t/daemon.json
is "docker, second disable: no container needs the runtime" "$(grep note /run/said)" ""
ok "docker: dockerd stops" docker_down

# Files as users have them. No dockerd runs: it would have to be the one that uses the file.
cp /src/tests/data/engines/docker/exec-opts.json /t/data.json
ok "exec-opts: enable succeeds" said $G enable --file /t/data.json docker
[ "$SUITE" = bookworm ] || ok "exec-opts: dockerd validates the file" dockerd --validate --config-file /t/data.json
ok "exec-opts: disable succeeds" said $G disable --file /t/data.json docker
ok "exec-opts: disable restores the file byte for byte" same /t/data.json /src/tests/data/engines/docker/exec-opts.json

# A default runtime that calls runc, as nvidia's does: ours then calls that one.
cp /src/tests/data/engines/docker/nvidia.json /t/nvidia.before
jq --slurpfile odd /t/daemon.json '$odd[0] + . | del(.["exec-opts"])' /t/nvidia.before >$JSON
cp $JSON /t/nvidia.json
printf '#!/bin/sh\necho "$@" >>/run/nvidia\nexec runc "$@"\n' >/usr/bin/nvidia-container-runtime
chmod 755 /usr/bin/nvidia-container-runtime
ok "nvidia: enable is refused" not said $G enable docker
like "nvidia: the refusal names --force" "$(cat /run/said)" 'its default runtime is "nvidia".*use --force'
ok "nvidia: enable --force succeeds" said $G enable --force docker
like "nvidia: enable --force reports what our runtime will call" "$(cat /run/said)" 'note: our runtime becomes /usr/bin/nvidia-container-runtime'
ok "nvidia: dockerd starts" dockerd_up
is "nvidia: the wrapper is the default runtime" "$(default_runtime)" oci-thin-grow
ok "nvidia: a container runs" docker_run nvidia "${LABEL_4G[@]}"
like "nvidia: the container has 4 GiB" "$(df_in nvidia)" "$MIB_4G"
like "nvidia: the wrapper called the runtime of nvidia" "$(cat /run/nvidia)" create
ok "nvidia: the container is removed" docker rm -f nvidia
ok "nvidia: disable succeeds" said $G disable docker
ok "nvidia: disable restores the file byte for byte" same $JSON /t/nvidia.json
ok "nvidia: dockerd stops" docker_down
rm /etc/oci-thin-grow/config.d/60-docker.json
cp /t/daemon.json $JSON

# dockerd validates the new text before the file changes.
echo '{ "debugx": true }' >/t/unknown.json
cp /t/unknown.json /t/unknown.before
if [ "$SUITE" = bookworm ]; then
	# dockerd 20.10 has no --validate.
	ok "an unknown key: enable succeeds" said $G enable --file /t/unknown.json docker
	ok "an unknown key: disable succeeds" said $G disable --file /t/unknown.json docker
else
	ok "an unknown key: enable is refused" not said $G enable --file /t/unknown.json docker
	like "an unknown key: the refusal has the error of dockerd" "$(cat /run/said)" \
		"dockerd would not start with it: .*don't match any configuration option: debugx"
	ok "an unknown key: the refusal changes nothing" same /t/unknown.json /t/unknown.before
	ok "an unknown key: enable --no-check succeeds" said $G enable --no-check --file /t/unknown.json docker
	ok "an unknown key: disable --no-check succeeds" said $G disable --no-check --file /t/unknown.json docker
fi
ok "an unknown key: the file is restored byte for byte" same /t/unknown.json /t/unknown.before
is "the temporary files that dockerd validated are removed" "$(ls -d /tmp/oci-thin-grow-* 2>/dev/null)" ""

# As on Red Hat: dockerd has options on its command line that it does not accept in the file as well.
ok "--add-runtime: dockerd starts with this option" docker_up --config-file "$JSON" --add-runtime oci=/usr/bin/runc
if [ "$SUITE" = bookworm ]; then
	ok "--add-runtime: enable is refused" not said $G enable docker
	like "--add-runtime: the refusal says where to move the option" "$(cat /run/said)" '--add-runtime \(process [0-9]+\).*move the option from there'
	ok "--add-runtime: the refusal changes nothing" same $JSON /t/daemon.json
else
	ok "--add-runtime: enable succeeds, because dockerd accepts both" said $G enable docker
	ok "--add-runtime: dockerd stops for a restart" docker_down
	ok "--add-runtime: dockerd starts again" docker_up --config-file "$JSON" --add-runtime oci=/usr/bin/runc
	is "--add-runtime: the wrapper is the default runtime" "$(default_runtime)" oci-thin-grow
	ok "--add-runtime: disable succeeds" said $G disable docker
fi
ok "--add-runtime: dockerd stops" docker_down
ok "--default-runtime: dockerd starts with this option" \
	docker_up --config-file "$JSON" --add-runtime oci=/usr/bin/runc --default-runtime oci
ok "--default-runtime: enable is refused" not said $G enable docker
like "--default-runtime: the refusal names the option" "$(cat /run/said)" 'default-runtime'
ok "--default-runtime: the refusal changes nothing" same $JSON /t/daemon.json
ok "--default-runtime: dockerd stops" docker_down
ok "--default-runtime: dockerd starts with the unchanged file" docker_up --config-file "$JSON" --add-runtime oci=/usr/bin/runc --default-runtime oci
ok "--default-runtime: dockerd stops at the end" docker_down

## containerd
ok "containerd: stops" containerd_down
cat >$TOML <<-END
	# a configuration
	version = 2
	[plugins."io.containerd.grpc.v1.cri".containerd]
	  snapshotter = "native"
	[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
	  runtime_type = 'io.containerd.runc.v2'
	[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
	  SystemdCgroup = false
END
cp $TOML /t/config.toml
containerd config dump >/t/dump
ok "containerd, enable: succeeds" said $G enable --default containerd
containerd config dump >/t/dump.enabled
is "containerd, enable: containerd sees one more handler, and the new default" \
	"$(diff /t/dump /t/dump.enabled | grep -cE '^> +(\[plugins.*runtimes.oci-thin-grow(.options)?\]|BinaryName = "/usr/sbin/oci-thin-grow-runtime"|SystemdCgroup = false|default_runtime_name = "oci-thin-grow"|pod_annotations = \["io.oci-thin-grow.\*".*)$')" 6
is "containerd, enable: containerd sees all other settings" "$(diff /t/dump /t/dump.enabled | grep '^<' | tr -d ' ')" '<default_runtime_name="runc"'
containerd >>/run/containerd.log 2>&1 &
containerd_pid=$!
ok "containerd, enable: containerd starts" up containerd ctr --connect-timeout 1s version
ok "containerd, enable: the CRI plugin loads" wait_for cri_ok
ok "containerd, enable: containerd stops" containerd_down
ok "containerd, disable: succeeds" $G disable containerd
ok "containerd, disable: restores the file byte for byte" same $TOML /t/config.toml
rm $TOML
ok "containerd without a configuration, enable: succeeds" $G enable containerd
like "containerd without a configuration, enable: the handler runc is still there" "$(containerd config dump)" 'containerd.runtimes.oci-thin-grow\].*containerd.runtimes.runc\]'
ok "containerd without a configuration, disable: succeeds" $G disable containerd
ok "containerd without a configuration, disable: removes the file" not test -e $TOML

## podman
if [ "$SUITE" = bookworm ]; then
	# size_of_4g: the size of the disk of a container that requests 4G
	size_of_4g() {
		pm run --rm --annotation io.oci-thin-grow.size=4G bb df -m / | awk 'END { print $(NF-4) }'
	}

	cp $HOOK /t/hook.json
	ok "podman: a new pool comes up" new_pool
	ok "podman imports the image" pm import /t/bb.tar bb
	ok "podman, enable: succeeds" said $G enable podman
	like "podman, enable: reports that the installation has enabled it" "$(cat /run/said)" 'podman: enabled already'
	like "podman, enabled by the installation: a container has 4 GiB" "$(size_of_4g)" "$MIB_4G"
	ok "podman, disable: succeeds" $G disable podman
	like "podman, disable: a container has 1 GiB" "$(size_of_4g)" "$MIB_1G"
	mkdir -p /etc/containers/oci/hooks.d
	cp /t/hook.json /etc/containers/oci/hooks.d/50-oci-thin-grow.json
	like "podman: hook files below /etc are not read by default" "$(size_of_4g)" "$MIB_1G"
	rm /etc/containers/oci/hooks.d/50-oci-thin-grow.json
	ok "podman, enable after disable: succeeds" $G enable podman
	ok "podman, enable after disable: restores the hook file" same $HOOK /t/hook.json
	like "podman, enable after disable: a container has 4 GiB" "$(size_of_4g)" "$MIB_4G"
else
	# podman 5 has no devicemapper driver: the log shows whether it calls the hook.
	hook_calls() {
		podman --root /t/podman --runroot /run/podman --storage-driver vfs --cgroup-manager cgroupfs --runtime runc \
			--events-backend file run --rm --network none --log-driver none --annotation io.oci-thin-grow.size=4G bb df / \
			>/run/out 2>&1 || cat /run/out
		grep -c 'action=skip.*engine=storage' /run/messages
	}

	mkdir -p /etc/containers/containers.conf.d
	cp /src/tests/data/engines/podman/containers.conf /etc/containers/
	cp /src/tests/data/engines/podman/containers.conf.d/* /etc/containers/containers.conf.d/
	ok "podman imports the image" podman --root /t/podman --runroot /run/podman --storage-driver vfs import /t/bb.tar bb
	ok "podman, arrays that append: enable succeeds" said $G enable podman
	is "podman, arrays that append: the hook is called" "$(hook_calls)" 1
	ok "podman, arrays that append: disable succeeds" $G disable podman
	is "podman, arrays that append: the hook is not called after disable" "$(hook_calls)" 1
	printf '[engine]\nhooks_dir = ["/etc/site/hooks.d", {append=false}]\n' >/etc/containers/containers.conf.d/40-last.conf
	ok "podman, an array that replaces: enable succeeds" said $G enable podman
	ok "podman, an array that replaces: the hook file is in its directory" test -e /etc/site/hooks.d/50-oci-thin-grow.json
	is "podman, an array that replaces: the hook is called" "$(hook_calls)" 2
	ok "podman, an array that replaces: disable succeeds" $G disable podman
	ok "podman: containers.conf is unchanged" same /etc/containers/containers.conf /src/tests/data/engines/podman/containers.conf
fi
finish

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# enable and disable with the real engines: Docker, containerd and podman (bookworm's) accept what enable writes, containers
# grow, and disable restores the files. CRI-O is not in Debian.
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

# said COMMAND...: what it says is in /run/said, too
said() {
	"$@" >/run/said 2>&1 || {
		cat /run/said
		return 1
	}
}

same() {
	cmp "$1" "$2" && [ ! -e "$1.oci-thin-grow-backup" ]
}

# A file as people write them: odd blanks, no end of line, keys that are none of our business
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

# what `systemctl reload docker` does
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

# Nothing but ours is new, and the rest is in its old order.
only_ours() {
	jq 'del(.runtimes["oci-thin-grow"], .["default-runtime"])' "$JSON" >/t/left && jq . /t/daemon.json | cmp - /t/left
}

cri_ok() {
	ctr plugin ls | grep -q 'cri .* ok'
}

# podman takes none that another engine has used.
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
ok "a tar is made" bb_tar /t/bb.tar

## Docker
odd_json
ok "dockerd starts" dockerd_up
ok "it imports" docker import /t/bb.tar bb
ok "before: runs" docker_run before "${LABEL_4G[@]}"
like "before: 1 GiB" "$(df_in before)" "$MIB_1G"

ok "docker --print" said $G enable --print docker
like "--print: what" "$(cat /run/said)" '\+.*"oci-thin-grow": \{ "path": "/usr/sbin/oci-thin-grow-runtime" \}'
ok "--print: changes nothing" same $JSON /t/daemon.json
ok "enable docker" said $G enable docker
like "enable docker: what then" "$(cat /run/said)" 'then: systemctl reload docker'
ok "enable docker: only our keys differ" only_ours
[ "$SUITE" = bookworm ] || ok "dockerd finds it valid" dockerd --validate --config-file $JSON
ok "again" said $G enable docker
like "again: already" "$(cat /run/said)" 'docker: enabled already'
reload
ok "reload: it is the default" wait_for default_is oci-thin-grow
ok "after: runs" docker_run after "${LABEL_4G[@]}"
like "after: 4 GiB" "$(df_in after)" "$MIB_4G"

ok "disable docker" said $G disable docker
ok "disable docker: byte for byte" same $JSON /t/daemon.json
like "disable docker: who needs it" "$(cat /run/said)" "note: 1 container created with this runtime \($(docker inspect -f '{{.Id}}' after | cut -c 1-12)\)"
# dockerd 20.10 dies of a reload that takes its default runtime away.
if [ "$SUITE" != bookworm ]; then
	ok "it is reloaded" reload
	is "a reload does not forget it" "$(default_runtime)" oci-thin-grow
fi
ok "dockerd stops" docker_down
ok "dockerd starts again" dockerd_up
is "a restart does" "$(default_runtime)" runc
ok "without its runtime a container does not start" not docker start after
ok "enable by name" $G enable --no-default docker
reload
ok "reload: it starts" wait_for docker start after
like "reload: 4 GiB" "$(df_in after)" "$MIB_4G"
is "the default is runc's" "$(default_runtime)" runc
ok "all go" docker rm -f before after
ok "disable" said $G disable docker
ok "disable: byte for byte" same $JSON /t/daemon.json
is "disable: nobody needs it" "$(grep note /run/said)" ""
ok "dockerd stops for good" docker_down

# What people have; no dockerd runs, whose file it would have to be.
cp /src/tests/data/engines/docker/exec-opts.json /t/data.json
ok "exec-opts: enable" said $G enable --file /t/data.json docker
[ "$SUITE" = bookworm ] || ok "exec-opts: dockerd finds it valid" dockerd --validate --config-file /t/data.json
ok "exec-opts: disable" said $G disable --file /t/data.json docker
ok "exec-opts: byte for byte" same /t/data.json /src/tests/data/engines/docker/exec-opts.json

# A default runtime that calls runc, as nvidia's does: our runtime becomes that one.
cp /src/tests/data/engines/docker/nvidia.json /t/nvidia.before
jq --slurpfile odd /t/daemon.json '$odd[0] + . | del(.["exec-opts"])' /t/nvidia.before >$JSON
cp $JSON /t/nvidia.json
printf '#!/bin/sh\necho "$@" >>/run/nvidia\nexec runc "$@"\n' >/usr/bin/nvidia-container-runtime
chmod 755 /usr/bin/nvidia-container-runtime
ok "nvidia: refused" not said $G enable docker
like "nvidia: says what to do" "$(cat /run/said)" 'its default runtime is "nvidia".*say --force'
ok "nvidia: --force" said $G enable --force docker
like "nvidia: what becomes of it" "$(cat /run/said)" 'note: our runtime becomes /usr/bin/nvidia-container-runtime'
ok "nvidia: dockerd starts" dockerd_up
is "nvidia: ours is the default" "$(default_runtime)" oci-thin-grow
ok "nvidia: runs" docker_run nvidia "${LABEL_4G[@]}"
like "nvidia: 4 GiB" "$(df_in nvidia)" "$MIB_4G"
like "nvidia: by nvidia's" "$(cat /run/nvidia)" create
ok "nvidia: goes" docker rm -f nvidia
ok "nvidia: disable" said $G disable docker
ok "nvidia: byte for byte" same $JSON /t/nvidia.json
ok "nvidia: dockerd stops" docker_down
rm /etc/oci-thin-grow/config.d/60-docker.json
cp /t/daemon.json $JSON

# dockerd is asked before a file changes.
echo '{ "debugx": true }' >/t/unknown.json
cp /t/unknown.json /t/unknown.before
if [ "$SUITE" = bookworm ]; then
	# 20.10 cannot be asked.
	ok "an unknown key: enable" said $G enable --file /t/unknown.json docker
	ok "an unknown key: disable" said $G disable --file /t/unknown.json docker
else
	ok "an unknown key: refused" not said $G enable --file /t/unknown.json docker
	like "an unknown key: dockerd says why" "$(cat /run/said)" \
		"dockerd would not start with it: .*don't match any configuration option: debugx"
	ok "an unknown key: nothing has changed" same /t/unknown.json /t/unknown.before
	ok "an unknown key: --no-check" said $G enable --no-check --file /t/unknown.json docker
	ok "an unknown key: disable --no-check" said $G disable --no-check --file /t/unknown.json docker
fi
ok "an unknown key: byte for byte" same /t/unknown.json /t/unknown.before
is "nothing is left of what dockerd was shown" "$(ls -d /tmp/oci-thin-grow-* 2>/dev/null)" ""

# Red Hat's way: options of the command line that may not be in the file, too
ok "dockerd starts with a runtime of the command line" docker_up --config-file "$JSON" --add-runtime oci=/usr/bin/runc
if [ "$SUITE" = bookworm ]; then
	ok "--add-runtime: refused" not said $G enable docker
	like "--add-runtime: says what to do" "$(cat /run/said)" '--add-runtime \(process [0-9]+\).*move the option from there'
	ok "--add-runtime: nothing has changed" same $JSON /t/daemon.json
else
	ok "--add-runtime: dockerd takes both" said $G enable docker
	ok "--add-runtime: it stops" docker_down
	ok "--add-runtime: it starts" docker_up --config-file "$JSON" --add-runtime oci=/usr/bin/runc
	is "--add-runtime: ours is the default" "$(default_runtime)" oci-thin-grow
	ok "--add-runtime: disable" said $G disable docker
fi
ok "--add-runtime: dockerd stops" docker_down
ok "dockerd starts with a default of the command line" \
	docker_up --config-file "$JSON" --add-runtime oci=/usr/bin/runc --default-runtime oci
ok "--default-runtime: refused" not said $G enable docker
like "--default-runtime: says why" "$(cat /run/said)" 'default-runtime'
ok "--default-runtime: nothing has changed" same $JSON /t/daemon.json
ok "--default-runtime: dockerd stops" docker_down
ok "--default-runtime: dockerd starts" docker_up --config-file "$JSON" --add-runtime oci=/usr/bin/runc --default-runtime oci
ok "all of dockerd stops" docker_down

## containerd
ok "containerd stops" containerd_down
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
ok "enable containerd" said $G enable --default containerd
containerd config dump >/t/dump.enabled
is "containerd's view: one handler, and the default" \
	"$(diff /t/dump /t/dump.enabled | grep -cE '^> +(\[plugins.*runtimes.oci-thin-grow(.options)?\]|BinaryName = "/usr/sbin/oci-thin-grow-runtime"|SystemdCgroup = false|default_runtime_name = "oci-thin-grow"|pod_annotations = \["io.oci-thin-grow.\*".*)$')" 6
is "containerd's view: nothing less" "$(diff /t/dump /t/dump.enabled | grep '^<' | tr -d ' ')" '<default_runtime_name="runc"'
containerd >>/run/containerd.log 2>&1 &
containerd_pid=$!
ok "it starts with that" up containerd ctr --connect-timeout 1s version
ok "its CRI plugin loads" wait_for cri_ok
ok "it stops" containerd_down
ok "disable containerd" $G disable containerd
ok "disable containerd: byte for byte" same $TOML /t/config.toml
rm $TOML
ok "enable without a configuration" $G enable containerd
like "without: runc is still there" "$(containerd config dump)" 'containerd.runtimes.oci-thin-grow\].*containerd.runtimes.runc\]'
ok "disable without" $G disable containerd
ok "without: gone" not test -e $TOML

## podman
if [ "$SUITE" = bookworm ]; then
	# size_of_4g: of the disk of a container that asks for 4G
	size_of_4g() {
		pm run --rm --annotation io.oci-thin-grow.size=4G bb df -m / | awk 'END { print $(NF-4) }'
	}

	cp $HOOK /t/hook.json
	ok "a pool for podman" new_pool
	ok "podman imports" pm import /t/bb.tar bb
	ok "podman is hooked in by the installation" said $G enable podman
	like "podman: already" "$(cat /run/said)" 'podman: enabled already'
	like "podman: 4 GiB" "$(size_of_4g)" "$MIB_4G"
	ok "disable podman" $G disable podman
	like "disable podman: 1 GiB" "$(size_of_4g)" "$MIB_1G"
	mkdir -p /etc/containers/oci/hooks.d
	cp /t/hook.json /etc/containers/oci/hooks.d/50-oci-thin-grow.json
	like "the directory below /etc is not read" "$(size_of_4g)" "$MIB_1G"
	rm /etc/containers/oci/hooks.d/50-oci-thin-grow.json
	ok "enable podman" $G enable podman
	ok "enable podman: as it was" same $HOOK /t/hook.json
	like "enable podman: 4 GiB" "$(size_of_4g)" "$MIB_4G"
else
	# podman 5 has no devicemapper driver: what it calls is seen in the log.
	hook_calls() {
		podman --root /t/podman --runroot /run/podman --storage-driver vfs --cgroup-manager cgroupfs --runtime runc \
			--events-backend file run --rm --network none --log-driver none --annotation io.oci-thin-grow.size=4G bb df / \
			>/run/out 2>&1 || cat /run/out
		grep -c 'action=skip.*engine=storage' /run/messages
	}

	mkdir -p /etc/containers/containers.conf.d
	cp /src/tests/data/engines/podman/containers.conf /etc/containers/
	cp /src/tests/data/engines/podman/containers.conf.d/* /etc/containers/containers.conf.d/
	ok "podman imports" podman --root /t/podman --runroot /run/podman --storage-driver vfs import /t/bb.tar bb
	ok "podman, arrays that append: enable" said $G enable podman
	is "podman, arrays that append: the hook is called" "$(hook_calls)" 1
	ok "podman, arrays that append: disable" $G disable podman
	is "podman, arrays that append: it is not" "$(hook_calls)" 1
	printf '[engine]\nhooks_dir = ["/etc/site/hooks.d", {append=false}]\n' >/etc/containers/containers.conf.d/40-last.conf
	ok "podman, an array that does not: enable" said $G enable podman
	ok "podman, an array that does not: elsewhere" test -e /etc/site/hooks.d/50-oci-thin-grow.json
	is "podman, an array that does not: the hook is called" "$(hook_calls)" 2
	ok "podman, an array that does not: disable" $G disable podman
	ok "podman's files are as they were" same /etc/containers/containers.conf /src/tests/data/engines/podman/containers.conf
fi
finish

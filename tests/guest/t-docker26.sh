#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Docker 26 and 28 with containerd's image store on its devmapper snapshotter: who asks gets more, by label, annotation or
# option, and what was grown stays grown, whatever is done to container and daemons. Reboots are in t-reboot-docker.sh.
# suites: trixie forky
# matrix: FS=ext4
# soak: FS=ext4 FS=xfs
# limit: 900
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh
# shellcheck source=tests/guest/docker.sh
. /src/tests/guest/docker.sh

SHIPPED=$DOCKER_JSON
MIB_3G='^(28|29|30)..$'

# grow_line NAME: what the log says about the container
grow_line() {
	grep "action=grow container=$(docker inspect -f '{{.Id}}' "$1")" /run/messages
}

# listed NAME FILTER
listed() {
	/usr/sbin/oci-thin-grow list --json | jq -r --arg name "$1" '.containers[] | select(.name == $name) | '"$2"
}

# refused OPTION...: a container with these does not start; Docker's words in /run/err
refused() {
	! docker run --rm --net none "$@" bb sleep 1 2>/run/err
}

ok "the host is up" host_up
ok "docker starts" docker_up
like "its runtime is the wrapper" "$(docker info)" 'Default Runtime: oci-thin-grow'
like "its store is containerd's" "$(docker info)" 'driver-type: io.containerd.snapshotter.v1'
ok "a tar is made" bb_tar /t/bb.tar
ok "it imports" docker import /t/bb.tar bb

ok "without a label" docker_run plain
like "without a label: 1 GiB" "$(df_in plain)" "$MIB_1G"
is "without a label: not a word" "$(grep oci-thin-grow /run/messages)" ""

ok "label 4G" docker_run c1 "${LABEL_4G[@]}"
ok "label 4G: data" fill c1
as_before "label 4G"
like "label 4G: the log" "$(grow_line c1)" 'engine=docker .*source=label:io.oci-thin-grow.size'

ok "annotation 4G, label 2G" docker_run both --annotation io.oci-thin-grow.size=4G --label io.oci-thin-grow.size=2G
like "annotation 4G, label 2G: 4 GiB" "$(df_in both)" "$MIB_4G"
like "annotation 4G, label 2G: the log" "$(grow_line both)" 'engine=docker .*source=annotation:io.oci-thin-grow.size'
ok "annotation alone" docker_run annotated --annotation io.oci-thin-grow.size=4G
like "annotation alone: 4 GiB" "$(df_in annotated)" "$MIB_4G"

# Docker accepts the option, and does nothing with it.
ok "storage-opt 4G" docker_run by-option --storage-opt size=4G
like "storage-opt 4G: 4 GiB" "$(df_in by-option)" "$MIB_4G"
like "storage-opt 4G: the log" "$(grow_line by-option)" 'engine=docker .*source=option:size'
ok "storage-opt 4G: explain" otg explain by-option
like "storage-opt 4G: explain says who asks" "$(cat /run/out)" 'request +4 GiB, from option size'
like "storage-opt 4G: list has it" "$(listed by-option .requested_bytes)" "^$((4 * GIB))\$"
ok "storage-opt 4G, label 3G" docker_run option-and-label --storage-opt size=4G --label io.oci-thin-grow.size=3G
like "storage-opt 4G, label 3G: 3 GiB" "$(df_in option-and-label)" "$MIB_3G"
ok "storage-opt 4X: does not run" refused --storage-opt size=4X
like "storage-opt 4X: docker says why" "$(cat /run/err)" '4X.* is not a size'
ok "storage-opt 4G: goes" docker rm -f by-option option-and-label

# Of a container that runs, Docker 26 cannot commit on this snapshotter: the device is busy.
ok "stop for commit" docker stop plain
ok "an image with the label" docker commit --change 'LABEL io.oci-thin-grow.size=4G' plain labelled
IMAGE=labelled ok "a container from it" docker_run from-image
like "from it: 4 GiB" "$(df_in from-image)" "$MIB_4G"
like "from it: the log" "$(grow_line from-image)" 'engine=docker .*source=label:io.oci-thin-grow.size'

ok "2T: does not run" refused --label io.oci-thin-grow.size=2T
like "2T: docker says why" "$(cat /run/err)" 'cannot have 2 TiB .*max_size is 1 TiB'
ok "4X: does not run" refused --label io.oci-thin-grow.size=4X
like "4X: docker says why" "$(cat /run/err)" '4X.* is not a size'

ok "stop" docker stop c1
ok "cp from a stopped container" docker cp c1:/data /t/data
ok "cp: the data" same_data /t/data c1
ok "export of a stopped container" sh -c 'docker export c1 | tar -xO data >/t/exported'
ok "export: the data" same_data /t/exported c1
ok "commit of a stopped container" docker commit c1 committed
IMAGE=committed ok "a container from that" docker_run c2 "${LABEL_4G[@]}"
cp /host/sum.c1 /host/sum.c2
as_before "from that" c2
ok "start" docker start c1
as_before "stop, export and start"
ok "restart" docker restart c1
as_before "restart"

ok "dockerd stops" docker_down
ok "dockerd starts" docker_up
ok "start after that" docker start c1
as_before "restart of dockerd"
docker_kill9
ok "dockerd starts again" docker_up
ok "start after kill -9" docker start c1
as_before "kill -9 of dockerd"
ok "dockerd stops for containerd" docker_down
ok "containerd stops" containerd_down
jq 'del(."default-runtime")' $DOCKER_JSON >/t/by-name.json
DOCKER_JSON=/t/by-name.json ok "both start, the wrapper is not the default" docker_up
ok "start after both" docker start c1
as_before "restart of containerd"

ok "the default runtime is runc" docker_run by-default "${LABEL_4G[@]}"
like "runc: 1 GiB" "$(df_in by-default)" "$MIB_1G"
ok "the wrapper by its name" docker_run by-name --runtime oci-thin-grow "${LABEL_4G[@]}"
like "by its name: 4 GiB" "$(df_in by-name)" "$MIB_4G"

## Users of containers are others on the host: Docker keeps all that in a data root and a namespace of its own

remapped_user() {
	echo "dockremap:x:990:990::/:/usr/sbin/nologin" >>/etc/passwd
	echo "dockremap:x:990:" >>/etc/group
	echo "dockremap:100000:65536" | tee /etc/subuid >/etc/subgid
}

ok "there is a user for it" remapped_user
ok "docker stops for it" docker_down
echo '{ "rules": [ { "name": "docker", "match": { "engine": "docker", "image": "bb*" }, "size": "3G" } ] }' \
	>/etc/oci-thin-grow/config.d/docker.json
DOCKER_JSON=$SHIPPED ok "userns-remap: docker starts" docker_up --userns-remap default
ok "userns-remap: it imports" docker import /t/bb.tar bb
ok "userns-remap: a container runs" docker_run remapped
id=$(docker inspect -f '{{.Id}}' remapped)
is "userns-remap: its data root" "$(basename "$(docker info -f '{{.DockerRootDir}}')")" 100000.100000
ok "userns-remap: a namespace of its own" test -e "/run/containerd/io.containerd.runtime.v2.task/moby-100000.100000/$id"
like "userns-remap: the rule for docker's gives it 3 GiB" "$(df_in remapped)" "$MIB_3G"
like "userns-remap: the log" "$(grow_line remapped)" 'engine=docker .*source=rule:docker'
is "userns-remap: list has it once" "$(listed remapped '"\(.engine) \(.running) \(.namespace) \(.image)"')" "docker true null bb"
is "userns-remap: and nothing more of it" \
	"$(/usr/sbin/oci-thin-grow list --json | jq "[.containers[] | select(.id == \"$id\")] | length")" 1
ok "userns-remap: grow by name" otg grow remapped 4G
like "userns-remap: 4 GiB" "$(df_in remapped)" "$MIB_4G"
ok "userns-remap: grow by the beginning of its id" otg grow "${id:0:12}" 5G
ok "userns-remap: explain" otg explain remapped
like "userns-remap: explain matches the rule, too" "$(cat /run/out)" 'rule +docker: matches'
ok "userns-remap: it asks by label" docker_run labelled-remapped "${LABEL_4G[@]}"
like "userns-remap: by label: 4 GiB" "$(df_in labelled-remapped)" "$MIB_4G"
ok "userns-remap: one that names our runtime" docker_create by-runtime --runtime oci-thin-grow
ok "userns-remap: disable --print" otg disable --print --file /run/docker.json docker
like "userns-remap: it finds who needs the runtime" "$(cat /run/out /run/err)" '[0-9]+ containers? created with this runtime'
ok "userns-remap: dockerd ends" docker_down
is "userns-remap: without dockerd, too" "$(/usr/sbin/oci-thin-grow list --json --data-root "$DATA/docker" |
	jq -r '.containers[] | select(.name == "remapped") | .engine')" docker
rm /etc/oci-thin-grow/config.d/docker.json
DOCKER_JSON=/t/by-name.json ok "docker starts as before" docker_up
ok "start after that" docker start c1
as_before "after userns-remap"

N=$(device_of c1)
ok "its device is there" dmsetup info "$N"
ok "rm" docker rm -f c1
ok "rm: the device is gone" wait_for not dmsetup info "$N"
finish

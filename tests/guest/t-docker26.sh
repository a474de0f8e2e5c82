#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Docker 26 and 28 with containerd's image store on its devmapper snapshotter: containers that request more get it, by label,
# annotation or option, and stay grown whatever happens to containers and daemons. Reboots are in t-reboot-docker.sh.
# kernel: trixie:forky
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
RULE=/usr/lib/udev/rules.d/94-oci-thin-grow.rules

# grow_line NAME: the container's growth in the log
grow_line() {
	grep "action=grow container=$(docker inspect -f '{{.Id}}' "$1")" /run/messages
}

# listed NAME FILTER: what `list` reports about the container
listed() {
	/usr/sbin/oci-thin-grow list --json | jq -r --arg name "$1" '.containers[] | select(.name == $name) | '"$2"
}

# found ID FIELD: what doctor reports under this id
found() {
	/usr/sbin/oci-thin-grow doctor --json --data-root "$DATA/docker" |
		jq -r --arg id "$1" --arg field "$2" '.findings[] | select(.id == $id)[$field]'
}

# value FAMILY [PART OF LABELS]: the value of the one series that matches
value() {
	grep "^oci_thin_grow_$1[{ ]" /run/out | grep -F -- "${2:-}" | sed 's/.* //'
}

# refused OPTION...: a container with these options does not start; Docker's message in /run/err
refused() {
	! docker run --rm --net none "$@" bb sleep 1 2>/run/err
}

ok "the host is up" host_up
ok "docker starts" docker_up
like "the wrapper is Docker's default runtime" "$(docker info)" 'Default Runtime: oci-thin-grow'
like "Docker stores images in containerd" "$(docker info)" 'driver-type: io.containerd.snapshotter.v1'
ok "a tar image is built" bb_tar /t/bb.tar
ok "the image is imported" docker import /t/bb.tar bb

ok "without a label: the container runs" docker_run plain
like "without a label: it has 1 GiB" "$(df_in plain)" "$MIB_1G"
is "without a label: nothing is logged" "$(grep oci-thin-grow /run/messages)" ""

ok "label 4G: the container runs" docker_run c1 "${LABEL_4G[@]}"
ok "label 4G: data is written" fill c1
as_before "label 4G"
ok "label 4G: docker exec runs a command in it" docker exec c1 echo
like "label 4G: the growth is logged" "$(grow_line c1)" 'engine=docker .*source=label:io.oci-thin-grow.size'

## What doctor, list and metrics say with this engine

for id in dm-thin udevd udev-rule files config pool containers ledger; do
	is "doctor: $id is in order" "$(found $id severity)" ok
done
rm $RULE
is "no rule: doctor names the container that would not start again" "$(found container-at-risk subject)" "$(docker inspect -f '{{.Id}}' c1)"
ok "no rule: the command that doctor prints succeeds" sh -c "$(found container-at-risk command)"
is "no rule: doctor has no container at risk afterwards" "$(found container-at-risk subject)" ""
is "list has state, sizes and origin of the growth" \
	"$(listed c1 '"\(.running) \(.device_bytes) \(.engine_bytes) \(.next_bytes) \(.grown.source)"')" \
	"true $((4 * GIB)) $GIB $((4 * GIB)) label:io.oci-thin-grow.size"
ok "list succeeds" otg list --sort name
is "list has a line for each container" "$(grep -cE ' (c1|plain) .* running$' /run/out)" 2
ok "metrics succeeds" otg metrics
is "metrics: the container's sizes" "$(value container_device_bytes 'name="c1"') $(value container_engine_remembered_bytes 'name="c1"')" \
	"$((4 * GIB)) $GIB"
is "metrics: two containers run, none is at risk" "$(value containers running) $(value containers_at_risk | sort -u)" "2 0"
is "metrics: devices are healed, and all could be read" "$(value healing_armed) $(value unread_objects)" "1 0"

ok "annotation 4G, label 2G: the container runs" docker_run both --annotation io.oci-thin-grow.size=4G --label io.oci-thin-grow.size=2G
like "annotation 4G, label 2G: it has 4 GiB" "$(df_in both)" "$MIB_4G"
like "annotation 4G, label 2G: the log names the annotation" "$(grow_line both)" 'engine=docker .*source=annotation:io.oci-thin-grow.size'
ok "annotation without a label: the container runs" docker_run annotated --annotation io.oci-thin-grow.size=4G
like "annotation without a label: it has 4 GiB" "$(df_in annotated)" "$MIB_4G"

# Docker accepts the option and ignores it.
ok "storage-opt 4G: the container runs" docker_run by-option --storage-opt size=4G
like "storage-opt 4G: it has 4 GiB" "$(df_in by-option)" "$MIB_4G"
like "storage-opt 4G: the log names the option" "$(grow_line by-option)" 'engine=docker .*source=option:size'
ok "storage-opt 4G: explain succeeds" otg explain by-option
like "storage-opt 4G: explain names the option" "$(cat /run/out)" 'request +4 GiB, from option size'
like "storage-opt 4G: list has the request" "$(listed by-option .requested_bytes)" "^$((4 * GIB))\$"
ok "storage-opt 4G, label 3G: the container runs" docker_run option-and-label --storage-opt size=4G --label io.oci-thin-grow.size=3G
like "storage-opt 4G, label 3G: it has 3 GiB" "$(df_in option-and-label)" "$MIB_3G"
ok "storage-opt 4 GB: the container runs" docker_run option-blank --storage-opt "size=4 GB"
like "storage-opt 4 GB: it has 4 GiB" "$(df_in option-blank)" "$MIB_4G"
ok "storage-opt 4X: the container runs, as without the program" docker_run option-bad --storage-opt size=4X
like "storage-opt 4X: it has 1 GiB" "$(df_in option-bad)" "$MIB_1G"
like "storage-opt 4X: the log warns" "$(grep 'action=warn' /run/messages)" 'warning=.*--storage-opt size: .*4X.* is not a size'
ok "storage-opt 4X: explain succeeds" otg explain option-bad
like "storage-opt 4X: explain says why it has no effect" "$(cat /run/out)" 'warning +--storage-opt size: "4X" is not a size'
ok "the containers with the option are removed" docker rm -f by-option option-and-label option-blank option-bad

# Docker 26 cannot commit a running container on this snapshotter: the device is busy.
ok "the container to commit stops" docker stop plain
ok "an image with the label is committed" docker commit --change 'LABEL io.oci-thin-grow.size=4G' plain labelled
IMAGE=labelled ok "label in the image: a container runs" docker_run from-image
like "label in the image: it has 4 GiB" "$(df_in from-image)" "$MIB_4G"
like "label in the image: the growth is logged" "$(grow_line from-image)" 'engine=docker .*source=label:io.oci-thin-grow.size'

ok "label 2T: the container does not start" refused --label io.oci-thin-grow.size=2T
like "label 2T: Docker shows the reason" "$(cat /run/err)" 'cannot have 2 TiB .*max_size is 1 TiB'
ok "label 4X: the container does not start" refused --label io.oci-thin-grow.size=4X
like "label 4X: Docker shows the reason" "$(cat /run/err)" '4X.* is not a size'

ok "c1 stops" docker stop c1
ok "docker cp from a stopped container succeeds" docker cp c1:/data /t/data
ok "docker cp from a stopped container copies the data" same_data /t/data c1
ok "docker export of a stopped container succeeds" sh -c 'docker export c1 | tar -xO data >/t/exported'
ok "docker export of a stopped container has the data" same_data /t/exported c1
ok "docker commit of a stopped container succeeds" docker commit c1 committed
IMAGE=committed ok "a container runs from the committed image" docker_run c2 "${LABEL_4G[@]}"
cp /host/sum.c1 /host/sum.c2
as_before "committed image" c2
ok "c1 starts after the export" docker start c1
as_before "stop, export and start"
ok "c1 restarts" docker restart c1
as_before "restart"

ok "dockerd stops" docker_down
ok "dockerd starts" docker_up
ok "c1 starts after the restart of dockerd" docker start c1
as_before "restart of dockerd"
docker_kill9
ok "dockerd starts after kill -9" docker_up
ok "c1 starts after kill -9 of dockerd" docker start c1
as_before "kill -9 of dockerd"
ok "dockerd stops before containerd" docker_down
ok "containerd stops" containerd_down
jq 'del(."default-runtime")' $DOCKER_JSON >/t/by-name.json
DOCKER_JSON=/t/by-name.json ok "containerd and dockerd start, with runc as the default runtime" docker_up
ok "c1, which was created with the wrapper, starts" docker start c1
as_before "restart of containerd"

ok "default runtime runc: a container with the label runs" docker_run by-default "${LABEL_4G[@]}"
like "default runtime runc: it has 1 GiB" "$(df_in by-default)" "$MIB_1G"
ok "--runtime oci-thin-grow: a container with the label runs" docker_run by-name --runtime oci-thin-grow "${LABEL_4G[@]}"
like "--runtime oci-thin-grow: it has 4 GiB" "$(df_in by-name)" "$MIB_4G"

## With userns-remap, Docker uses another data root and another containerd namespace

remapped_user() {
	echo "dockremap:x:990:990::/:/usr/sbin/nologin" >>/etc/passwd
	echo "dockremap:x:990:" >>/etc/group
	echo "dockremap:100000:65536" | tee /etc/subuid >/etc/subgid
}

ok "userns-remap: the user is created" remapped_user
ok "userns-remap: dockerd stops" docker_down
echo '{ "rules": [ { "name": "docker", "match": { "engine": "docker", "image": "bb*" }, "size": "3G" } ] }' \
	>/etc/oci-thin-grow/config.d/docker.json
DOCKER_JSON=$SHIPPED ok "userns-remap: dockerd starts" docker_up --userns-remap default
ok "userns-remap: the image is imported" docker import /t/bb.tar bb
ok "userns-remap: a container without a label runs" docker_run remapped
id=$(docker inspect -f '{{.Id}}' remapped)
is "userns-remap: Docker uses a data root of its own" "$(basename "$(docker info -f '{{.DockerRootDir}}')")" 100000.100000
ok "userns-remap: Docker uses a containerd namespace of its own" test -e "/run/containerd/io.containerd.runtime.v2.task/moby-100000.100000/$id"
like "userns-remap: the rule for engine docker applies" "$(df_in remapped)" "$MIB_3G"
like "userns-remap: the log names the rule" "$(grow_line remapped)" 'engine=docker .*source=rule:docker'
is "userns-remap: list has its engine, state and image" "$(listed remapped '"\(.engine) \(.running) \(.namespace) \(.image)"')" "docker true null bb"
is "userns-remap: list has it once" \
	"$(/usr/sbin/oci-thin-grow list --json | jq "[.containers[] | select(.id == \"$id\")] | length")" 1
ok "userns-remap: grow by name succeeds" otg grow remapped 4G
like "userns-remap: grow by name gives it 4 GiB" "$(df_in remapped)" "$MIB_4G"
ok "userns-remap: grow by the beginning of its id succeeds" otg grow "${id:0:12}" 5G
ok "userns-remap: explain succeeds" otg explain remapped
like "userns-remap: explain matches the rule" "$(cat /run/out)" 'rule +docker: matches'
ok "userns-remap: a container with a label runs" docker_run labelled-remapped "${LABEL_4G[@]}"
like "userns-remap: a container with a label has 4 GiB" "$(df_in labelled-remapped)" "$MIB_4G"
ok "userns-remap: a container is created with --runtime oci-thin-grow" docker_create by-runtime --runtime oci-thin-grow
ok "userns-remap: disable --print succeeds" otg disable --print --file /run/docker.json docker
like "userns-remap: disable --print counts the containers that need the runtime" "$(cat /run/out /run/err)" '[0-9]+ containers? created with this runtime'
ok "userns-remap: dockerd stops again" docker_down
is "userns-remap: list has it without dockerd, too" "$(/usr/sbin/oci-thin-grow list --json --data-root "$DATA/docker" |
	jq -r '.containers[] | select(.name == "remapped") | .engine')" docker
rm /etc/oci-thin-grow/config.d/docker.json
DOCKER_JSON=/t/by-name.json ok "after userns-remap: dockerd starts as before" docker_up
ok "after userns-remap: c1 starts" docker start c1
as_before "after userns-remap"

N=$(device_of c1)
ok "the device of c1 exists" dmsetup info "$N"
ok "docker rm succeeds" docker rm -f c1
ok "docker rm removes the device" wait_for not dmsetup info "$N"

## A runtime that gives the disk to a virtual machine, while Docker mounts it on the host as well

ln -s /usr/sbin/oci-thin-grow /usr/local/bin/containerd-shim-oci-thin-grow-stub-v2
echo '{ "shims": { "stub": "/bin/false" } }' >/etc/oci-thin-grow/config.d/shim.json
ok "virtual machine: the container does not start" refused --runtime io.containerd.oci-thin-grow-stub.v2 "${LABEL_4G[@]}"
like "virtual machine: Docker shows the reason" "$(cat /run/err)" \
	'its disk is mounted here, and a virtual machine has or gets the disk as well'
finish

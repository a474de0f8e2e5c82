#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Docker 26 with containerd's image store on its devmapper snapshotter: who asks gets more, by label or annotation, and what
# was grown stays grown, whatever is done to container and daemons. Reboots are in t-reboot-docker.sh.
# suites: trixie
# matrix: FS=ext4
# soak: FS=ext4 FS=xfs
# limit: 900
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh
# shellcheck source=tests/guest/docker.sh
. /src/tests/guest/docker.sh

# grow_line NAME: what the log says about the container
grow_line() {
	grep "action=grow container=$(docker inspect -f '{{.Id}}' "$1")" /run/messages
}

# refused SIZE: a container that asks for it does not start; Docker's words in /run/err
refused() {
	! docker run --rm --net none --label "io.oci-thin-grow.size=$1" bb sleep 1 2>/run/err
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

# Of a container that runs, Docker 26 cannot commit on this snapshotter: the device is busy.
ok "stop for commit" docker stop plain
ok "an image with the label" docker commit --change 'LABEL io.oci-thin-grow.size=4G' plain labelled
IMAGE=labelled ok "a container from it" docker_run from-image
like "from it: 4 GiB" "$(df_in from-image)" "$MIB_4G"
like "from it: the log" "$(grow_line from-image)" 'engine=docker .*source=label:io.oci-thin-grow.size'

ok "2T: does not run" refused 2T
like "2T: docker says why" "$(cat /run/err)" 'cannot have 2 TiB .*policy allows no more than 1 TiB'
ok "4X: does not run" refused 4X
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

N=$(device_of c1)
ok "its device is there" dmsetup info "$N"
ok "rm" docker rm -f c1
ok "rm: the device is gone" wait_for not dmsetup info "$N"
finish

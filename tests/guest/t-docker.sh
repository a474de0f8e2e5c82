#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Docker's devicemapper driver (20.10): a container grown by a label stays grown, whatever happens to container and daemon.
# kernel: bookworm:forky
# suites: bookworm
# matrix: FS=ext4
# soak: FS=ext4 FS=xfs
# limit: 600
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh
# shellcheck source=tests/guest/docker.sh
. /src/tests/guest/docker.sh

ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up
ok "docker starts" docker_up
ok "a tar image is built" bb_tar /t/bb.tar
ok "the image is imported" docker import /t/bb.tar bb

ok "without a label: the container runs" docker_run plain
like "without a label: it has 1 GiB" "$(df_in plain)" "$MIB_1G"
is "without a label: nothing is logged" "$(grep oci-thin-grow /run/messages)" ""

ok "label 4G: the container runs" docker_run c1 "${LABEL_4G[@]}"
ok "label 4G: data is written" fill c1
as_before "label 4G"
like "label 4G: the growth is logged" "$(grep action=grow /run/messages)" 'engine=docker .*source=label:io.oci-thin-grow.size'

ok "c1 stops" docker stop c1
ok "c1 starts" docker start c1
as_before "stop and start"
ok "c1 restarts" docker restart c1
as_before "restart"

ok "dockerd stops" docker_down
ok "dockerd starts" docker_up
ok "c1 starts after the restart of dockerd" docker start c1
as_before "restart of dockerd"
docker_kill9
ok "dockerd starts after kill -9" docker_up --live-restore
docker start c1 >/run/null 2>&1
as_before "kill -9 of dockerd"
docker_kill9
ok "dockerd starts after kill -9 with live-restore" docker_up --live-restore
as_before "kill -9 of dockerd with live-restore"

ok "c1 stops for cp" docker stop c1
ok "docker cp from a stopped container succeeds" docker cp c1:/data /t/data
ok "docker cp from a stopped container copies the data" same_data /t/data c1
ok "docker export of a stopped container succeeds" sh -c 'docker export c1 | tar -xO data >/t/exported'
ok "docker export of a stopped container has the data" same_data /t/exported c1
ok "c1 starts after the export" docker start c1
ok "docker exec writes a file of more than the base size" docker exec c1 dd if=/dev/zero of=/big bs=1M seek=1199 count=1
ok "docker commit of more than the base size fails" not docker commit c1 big
as_before "after the commit"
inside c1 sh -c 'cat /bin/busybox >/small; : >/big'
ok "docker commit of less than the base size succeeds" docker commit c1 small
IMAGE=small ok "a container runs from the committed image" docker_run c2 "${LABEL_4G[@]}"
like "a container from the committed image has 4 GiB" "$(df_in c2)" "$MIB_4G"

ok "grown by hand: a container runs" docker_run hand
N=$(device_of hand)
dmsetup load "$N" --table "$(dmsetup table "$N" | sed 's/^0 [0-9]*/0 6291456/')"
dmsetup resume "$N"
if [ "$FS" = xfs ]; then
	xfs_growfs "$(findmnt -nro TARGET "/dev/mapper/$N" | head -n 1)" >/run/null
else
	resize2fs "/dev/mapper/$N" 2>/run/null
fi
ok "grown by hand: it stops" docker stop hand
ok "grown by hand: it starts again" docker start hand
like "grown by hand: it still has 3 GiB" "$(df_in hand)" '^(29|30)[0-9][0-9]$'

mv /usr/lib/udev/rules.d/94-oci-thin-grow.rules /run/
reload_rules
ok "without the rule: the container stops" docker stop hand
ok "without the rule: it does not start again" not docker start hand
mv /run/94-oci-thin-grow.rules /usr/lib/udev/rules.d/
reload_rules
ok "heal --all succeeds" /usr/sbin/oci-thin-grow heal --all
ok "after heal --all it starts" docker start hand
like "after heal --all it has 3 GiB" "$(df_in hand)" '^(29|30)[0-9][0-9]$'

N=$(device_of c1)
ok "c1 is removed" docker rm -f c1
ok "after docker rm its device is gone" wait_for not dmsetup info "$N"
ok "after docker rm heal --all succeeds" /usr/sbin/oci-thin-grow heal --all
ok "after docker rm heal --all removes its ledger entry" not test -e "/var/lib/oci-thin-grow/ledger/$N"
ok "after docker rm heal --all keeps the entries of other containers" test -e "/var/lib/oci-thin-grow/ledger/$(device_of c2)"
finish

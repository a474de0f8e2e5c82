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

runtime=(--add-runtime grow=/usr/sbin/oci-thin-grow-runtime --default-runtime grow)

device_of() {
	docker inspect -f '{{.GraphDriver.Data.DeviceName}}' "$1"
}

df_in() {
	docker exec "$1" df -m / | awk 'END { print $(NF-4) }'
}

sum_in() {
	docker exec "$1" sha256sum /data
}

# as_before WHAT: c1 runs, has 4 GiB and its data
as_before() {
	like "$1: c1 has 4 GiB" "$(df_in c1)" "$MIB_4G"
	is "$1: c1 has its data" "$(sum_in c1)" "$sum"
}

ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up
ok "docker starts" docker_up "${runtime[@]}"
ok "a tar image is built" bb_tar /t/bb.tar
ok "the image is imported" docker import /t/bb.tar bb

ok "without a label: the container runs" docker run --name plain --net none -d bb sleep 1000
like "without a label: it has 1 GiB" "$(df_in plain)" "$MIB_1G"
is "without a label: nothing is logged" "$(grep oci-thin-grow /run/messages)" ""

ok "label 4G: the container runs" docker run --name c1 --net none --label io.oci-thin-grow.size=4G -d bb sleep 1000
docker exec c1 dd if=/dev/urandom of=/data bs=1M count=64 2>/run/null
sum=$(sum_in c1)
as_before "label 4G"
like "label 4G: the growth is logged" "$(grep action=grow /run/messages)" 'engine=docker .*source=label:io.oci-thin-grow.size'

ok "c1 stops" docker stop -t 1 c1
ok "c1 starts" docker start c1
as_before "stop and start"
ok "c1 restarts" docker restart -t 1 c1
as_before "restart"

ok "dockerd stops" docker_down
ok "dockerd starts" docker_up "${runtime[@]}"
ok "c1 starts after the restart of dockerd" docker start c1
as_before "restart of dockerd"
docker_kill9
ok "dockerd starts after kill -9" docker_up "${runtime[@]}" --live-restore
docker start c1 >/run/null 2>&1
as_before "kill -9 of dockerd"
docker_kill9
ok "dockerd starts after kill -9 with live-restore" docker_up "${runtime[@]}" --live-restore
as_before "kill -9 of dockerd with live-restore"

ok "c1 stops for cp" docker stop -t 1 c1
ok "docker cp from a stopped container succeeds" docker cp c1:/data /t/data
is "docker cp from a stopped container copies the data" "$(sha256sum </t/data | cut -c 1-64)" "${sum:0:64}"
ok "docker export of a stopped container succeeds" sh -c 'docker export c1 | tar -xO data | sha256sum >/t/exported'
is "docker export of a stopped container has the data" "$(cut -c 1-64 /t/exported)" "${sum:0:64}"
ok "c1 starts after the export" docker start c1
docker exec c1 dd if=/dev/zero of=/big bs=1M seek=1199 count=1 2>/run/null
ok "docker commit of more than the base size fails" not docker commit c1 big
as_before "after the commit"
docker exec c1 sh -c 'cat /bin/busybox >/small'
docker exec c1 sh -c ": >/big"
ok "docker commit of less than the base size succeeds" docker commit c1 small
ok "a container runs from the committed image" docker run --name c2 --net none --label io.oci-thin-grow.size=4G -d small sleep 1000
like "a container from the committed image has 4 GiB" "$(df_in c2)" "$MIB_4G"

ok "grown by hand: a container runs" docker run --name hand --net none -d bb sleep 1000
N=$(device_of hand)
dmsetup load "$N" --table "$(dmsetup table "$N" | sed 's/^0 [0-9]*/0 6291456/')"
dmsetup resume "$N"
if [ "$FS" = xfs ]; then
	xfs_growfs "$(findmnt -nro TARGET "/dev/mapper/$N" | head -n 1)" >/run/null
else
	resize2fs "/dev/mapper/$N" 2>/run/null
fi
ok "grown by hand: it stops" docker stop -t 1 hand
ok "grown by hand: it starts again" docker start hand
like "grown by hand: it still has 3 GiB" "$(df_in hand)" '^(29|30)[0-9][0-9]$'

mv /usr/lib/udev/rules.d/94-oci-thin-grow.rules /run/
udevadm control --reload
ok "without the rule: the container stops" docker stop -t 1 hand
ok "without the rule: it does not start again" not docker start hand
mv /run/94-oci-thin-grow.rules /usr/lib/udev/rules.d/
udevadm control --reload
ok "heal --all succeeds" /usr/sbin/oci-thin-grow heal --all
ok "after heal --all it starts" docker start hand
like "after heal --all it has 3 GiB" "$(df_in hand)" '^(29|30)[0-9][0-9]$'

N=$(device_of c1)
ok "c1 is removed" docker rm -f c1
ok "after docker rm its device is gone" not dmsetup info "$N"
ok "after docker rm heal --all succeeds" /usr/sbin/oci-thin-grow heal --all
ok "after docker rm heal --all removes its ledger entry" not test -e "/var/lib/oci-thin-grow/ledger/$N"
ok "after docker rm heal --all keeps the entries of other containers" test -e "/var/lib/oci-thin-grow/ledger/$(device_of c2)"
finish

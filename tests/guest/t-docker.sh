#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Docker's devicemapper driver (20.10): a container grown by a label stays grown, whatever happens to container and daemon.
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
	like "$1: 4 GiB" "$(df_in c1)" "$MIB_4G"
	is "$1: the data" "$(sum_in c1)" "$sum"
}

ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up
ok "docker starts" docker_up "${runtime[@]}"
ok "a tar is made" bb_tar /t/bb.tar
ok "it imports" docker import /t/bb.tar bb

ok "without a label" docker run --name plain --net none -d bb sleep 1000
like "without a label: 1 GiB" "$(df_in plain)" "$MIB_1G"
is "without a label: not a word" "$(grep oci-thin-grow /run/messages)" ""

ok "label 4G" docker run --name c1 --net none --label io.oci-thin-grow.size=4G -d bb sleep 1000
docker exec c1 dd if=/dev/urandom of=/data bs=1M count=64 2>/run/null
sum=$(sum_in c1)
as_before "label 4G"
like "label 4G: the log" "$(grep action=grow /run/messages)" 'engine=docker .*source=label:io.oci-thin-grow.size'

ok "stop" docker stop -t 1 c1
ok "start" docker start c1
as_before "stop and start"
ok "restart" docker restart -t 1 c1
as_before "restart"

ok "dockerd stops" docker_down
ok "dockerd starts" docker_up "${runtime[@]}"
ok "start after that" docker start c1
as_before "restart of dockerd"
docker_kill9
ok "dockerd starts again" docker_up "${runtime[@]}" --live-restore
docker start c1 >/run/null 2>&1
as_before "kill -9 of dockerd"
docker_kill9
ok "dockerd starts with live-restore" docker_up "${runtime[@]}" --live-restore
as_before "kill -9 of dockerd with live-restore"

ok "stop for cp" docker stop -t 1 c1
ok "cp from a stopped container" docker cp c1:/data /t/data
is "cp: the data" "$(sha256sum </t/data | cut -c 1-64)" "${sum:0:64}"
ok "export of a stopped container" sh -c 'docker export c1 | tar -xO data | sha256sum >/t/exported'
is "export: the data" "$(cut -c 1-64 /t/exported)" "${sum:0:64}"
ok "start after that" docker start c1
docker exec c1 dd if=/dev/zero of=/big bs=1M seek=1199 count=1 2>/run/null
ok "commit of more than the base size: Docker cannot" not docker commit c1 big
as_before "after the commit"
docker exec c1 sh -c 'cat /bin/busybox >/small'
docker exec c1 sh -c ": >/big"
ok "commit within the base size" docker commit c1 small
ok "a container from it" docker run --name c2 --net none --label io.oci-thin-grow.size=4G -d small sleep 1000
like "from it: 4 GiB" "$(df_in c2)" "$MIB_4G"

ok "a device grown by hand" docker run --name hand --net none -d bb sleep 1000
N=$(device_of hand)
dmsetup load "$N" --table "$(dmsetup table "$N" | sed 's/^0 [0-9]*/0 6291456/')"
dmsetup resume "$N"
if [ "$FS" = xfs ]; then
	xfs_growfs "$(findmnt -nro TARGET "/dev/mapper/$N" | head -n 1)" >/run/null
else
	resize2fs "/dev/mapper/$N" 2>/run/null
fi
ok "by hand: stop" docker stop -t 1 hand
ok "by hand: start" docker start hand
like "by hand: 3 GiB" "$(df_in hand)" '^(29|30)[0-9][0-9]$'

mv /usr/lib/udev/rules.d/94-oci-thin-grow.rules /run/
udevadm control --reload
ok "no rule: stop" docker stop -t 1 hand
ok "no rule: it does not start" not docker start hand
mv /run/94-oci-thin-grow.rules /usr/lib/udev/rules.d/
udevadm control --reload
ok "heal --all" /usr/sbin/oci-thin-grow heal --all
ok "then it starts" docker start hand
like "then it starts: 3 GiB" "$(df_in hand)" '^(29|30)[0-9][0-9]$'

N=$(device_of c1)
ok "rm" docker rm -f c1
ok "rm: the device is gone" not dmsetup info "$N"
ok "rm: heal --all" /usr/sbin/oci-thin-grow heal --all
ok "rm: its ledger entry is gone" not test -e "/var/lib/oci-thin-grow/ledger/$N"
ok "rm: that of another is not" test -e "/var/lib/oci-thin-grow/ledger/$(device_of c2)"
finish

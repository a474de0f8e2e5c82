#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# doctor: each finding appears, and disappears after the command that it prints.
# suites: bookworm
# matrix: FS=ext4
# limit: 900
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh

PROGRAM=/usr/sbin/oci-thin-grow
RULE=/usr/lib/udev/rules.d/94-oci-thin-grow.rules
LEDGER=/var/lib/oci-thin-grow/ledger
JSON=/etc/docker/daemon.json

# doctor: what it prints is in /run/doctor
doctor() {
	"$PROGRAM" doctor --data-root /t/docker >/run/doctor 2>/run/doctor.err
}

doctor_json() {
	"$PROGRAM" doctor --data-root /t/docker --json
}

# said ID: the lines of its first finding called ID that is not ok, or under which ID stands
said() {
	awk -v id="$1:" 'function finish() { if (hit && !done) { printf "%s", lines; done = 1 } lines = ""; hit = 0 }
		/^[a-z0-9]/ { finish() }
		{ lines = lines $0 "\n" }
		/^(broken|warning|  also:)/ && $2 == id { hit = 1 }
		END { finish() }' /run/doctor
}

finds() {
	doctor
	[ -n "$(said "$1")" ]
}

# well: nothing is broken, nothing is to be warned of
well() {
	local status=0
	doctor || status=$?
	! grep -EA2 '^(broken|warning)' /run/doctor && [ "$status" = 0 ]
}

# mends WHAT ID [REGEX]: doctor finds ID (and says REGEX of it); typing the command that it prints mends that
mends() {
	local command
	ok "$1: doctor says $2" finds "$2"
	[ $# = 2 ] || like "$1: it says" "$(said "$2")" "$3"
	command=$(said "$2" | sed -n 's/^  fix:  //p')
	isnt "$1: with a command" "$command" ""
	echo "# $2: $command" >>/host/tap
	ok "$1: the command works" sh -c "$command"
	udevadm settle
	ok "$1: then $2 is gone" not finds "$2"
}

finds_and_fails() {
	! doctor && [ -n "$(said "$1")" ]
}

ok "udev starts" start_udev
ok "syslog starts" start_syslog
modprobe -r dm-thin-pool
mkdir -p /t/docker
mends "no dm-thin" dm-thin

## A good host, with Docker and a container that is larger than Docker knows

ok "a pool comes up" pool_up
mkdir -p /etc/docker
echo '{}' >$JSON
ok "docker starts" docker_up --config-file $JSON
mends "Docker is not hooked in" engine 'docker does not call the program'
ok "docker reads that" kill -HUP "$docker_pid"
wait_for sh -c 'docker info -f "{{.DefaultRuntime}}" | grep -x oci-thin-grow'
ok "a tar is made" bb_tar /t/bb.tar
ok "it imports" docker import /t/bb.tar bb
ok "a container of 4 GiB" docker run --name c1 --net none --label io.oci-thin-grow.size=4G -d bb sleep 1000
ok "a good host" well
diag </run/doctor
like "a good host: the container" "$("$PROGRAM" doctor --verbose --data-root /t/docker 2>/dev/null)" '1 container on thin devices, 1 of them larger'
ok "a good host: as JSON" jq -e '.broken == 0 and .warnings == 0 and (.findings | length) == .ok' <(doctor_json)

ok "without a capability: doctor fails" sh -c "! setpriv --bounding-set -sys_resource '$PROGRAM' doctor >/run/doctor"
like "without a capability: which" "$(said privileges)" 'CAP_SYS_RESOURCE'

## Nothing heals

ID=$(docker inspect -f '{{.Id}}' c1)
rm $RULE
ok "no rule: doctor fails" finds_and_fails udev-rule
like "no rule: the container" "$(said container-at-risk)" 'docker container "c1" .*needs a device of 4 GiB, and docker re-creates it with 1 GiB'
is "no rule: the container, as JSON" "$(doctor_json | jq -r '.findings[] | select(.id == "container-at-risk") | .subject')" "$ID"
mends "no rule" container-at-risk 'rule .* is missing'
ok "the rule is back" well
ln -s /dev/null /etc/udev/rules.d/94-oci-thin-grow.rules
mends "a masked rule" udev-rule 'switched off by /etc/udev'
: >$RULE
mends "an empty rule" udev-rule 'switched off by /usr/lib'
echo 'KERNEL=="dm-*", RUN+="/bin/true"' >$RULE
mends "another rule" udev-rule 'does not run'
ok "udevd goes" stop_udev
ok "no udevd: the container" finds container-at-risk
mends "no udevd" udevd
pkill -KILL -x systemd-udevd
wait_for not pgrep -x systemd-udevd
mends "udevd killed" container-at-risk
ok "all is well" well
ok "stop" docker stop -t 1 c1
ok "a stopped one: all is well" well
rm $RULE
udevadm control --reload
ok "a stopped one is at risk, too" finds container-at-risk
ok "and does not start" not docker start c1
mends "a stopped one" container-at-risk
mends "its device is too short now" container-too-short 'docker container "c1" .*has 1 GiB and needs 4 GiB'
ok "it starts" docker start c1
ok "all is well after that" well

## The program's files

chmod 0775 $PROGRAM
mends "a program that others may write to" file-access "$PROGRAM is writable by others"
chmod 0644 $PROGRAM
cp $PROGRAM /t/otg && chmod 755 /t/otg
PROGRAM=/t/otg
mends "a program that cannot be executed" file-access 'cannot be executed'
rm /usr/sbin/oci-thin-grow
mends "no program" file-missing
PROGRAM=/usr/sbin/oci-thin-grow
ok "it is there again" test -x $PROGRAM
rm /usr/sbin/oci-thin-grow-runtime
mends "no wrapper" file-link 'oci-thin-grow-runtime'
rm -r /usr/libexec/oci
mends "no hook" file-link 'hooks.d'
ln -sfn /bin/true /usr/libexec/oci/hooks.d/oci-thin-grow
mends "a hook that is something else" file-link 'does not lead'
chown 1000 $RULE
mends "another user's rule" file-access 'is owned by user 1000'

## Engines: it is not what is in their files that counts, but what they make of it

HOOKS=/usr/share/containers/oci/hooks.d/50-oci-thin-grow.json
TOML=/etc/containerd/config.toml

# edited FILE FILTER: JSON, through jq
edited() {
	jq "$2" "$1" >/run/edited && cp /run/edited "$1"
}

edited $JSON '.runtimes["oci-thin-grow"].path = "/usr/bin/runc"'
mends "a runtime that is another program" engine '"/usr/bin/runc", is another program'
edited $JSON '.runtimes["oci-thin-grow"].path = "/usr/sbin/oci-thin-grow"'
mends "a runtime by another name" engine 'does not end in oci-thin-grow-runtime'
edited $JSON '.runtimes["oci-thin-grow"].path = "/nowhere"'
mends "a runtime that is not there" engine '"/nowhere", does not exist'
edited $JSON 'del(.runtimes["oci-thin-grow"])'
mends "a default that is not there" engine 'not among its runtimes'
ok "Docker reads that" kill -HUP "$docker_pid"
ok "Docker: all is well" well

mkdir -p /var/lib/containers/storage/devicemapper
echo 'no JSON' >$HOOKS
mends "a hook file that is no JSON" engine 'podman does not call the program: .*50-oci-thin-grow.json'
edited $HOOKS '.when.always = false'
mends "a hook that is never called" engine '"when" is never true'
edited $HOOKS '.stages = ["createContainer"]'
mends "a hook in a container" engine '"createContainer" is not one'
edited $HOOKS 'del(.hook.args)'
mends "a hook without arguments" engine 'its args'
edited $HOOKS '.hook.path = "/bin/true"'
mends "another hook" engine '"/bin/true", is another program'
rm $HOOKS
mends "no hook file" engine 'there is no .*50-oci-thin-grow.json'
mkdir -p /etc/containers/containers.conf.d
echo 'engine.hooks_dir = ["/t/hooks.d", {append=true}]' >/etc/containers/containers.conf.d/x.conf
ok "podman: a directory more: all is well" well
echo 'engine.hooks_dir = ["/t/hooks.d", {append=false}]' >/etc/containers/containers.conf.d/x.conf
mends "podman: another directory" engine 'there is no /t/hooks.d'
rm -r /etc/containers/containers.conf.d/x.conf /var/lib/containers/storage/devicemapper

install -D -m 755 /bin/true /usr/local/bin/crio
mkdir -p /var/lib/crio /etc/crio/crio.conf.d/20-site
echo 'crio.runtime.hooks_dir = []' >/etc/crio/crio.conf.d/20-site/hooks
ok "CRI-O whose disks are not thin: all is well" well
mkdir -p /var/lib/containers/storage/devicemapper
mends "CRI-O without hooks" engine 'crio does not call the program: no directory of hooks'
rm -r /var/lib/crio /usr/local/bin/crio /var/lib/containers/storage/devicemapper

mkdir -p /var/lib/containerd/io.containerd.snapshotter.v1.devmapper /etc/containerd
printf 'version = 2\n' >$TOML
mends "containerd is not hooked in" engine 'is not in /etc/containerd/config.toml'
sed -i /BinaryName/d $TOML
mends "containerd: no BinaryName" engine 'no BinaryName'
sed -i 's,BinaryName = .*,BinaryName = "/usr/bin/runc",' $TOML
mends "containerd: another program" engine '"/usr/bin/runc", is another program'
like "containerd reads what was repaired" "$(containerd --config $TOML config dump)" 'BinaryName = "/usr/sbin/oci-thin-grow-runtime"'
sed -i 's,^imports.*,,; 1a disabled_plugins = ["cri"]' $TOML
ok "containerd without the CRI: all is well" well
printf 'version = 2\n[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.oci-thin-grow]\n' >$TOML
mends "containerd: a handler by hand" engine
rm -r $TOML /var/lib/containerd/io.containerd.snapshotter.v1.devmapper
ok "engines: all is well" well

## The configuration

mkdir -p /etc/oci-thin-grow
echo '{ "max_size": "lots" }' >/etc/oci-thin-grow/config.json
ok "a configuration that cannot be read" finds_and_fails config
like "it says where" "$(said config)" 'config.json.*max_size'
echo '{ "runtime": "/nowhere/runc" }' >/etc/oci-thin-grow/config.json
ok "a runtime that is not there" finds_and_fails runtime
is "there is no command for that" "$(said runtime | sed -n 's/^  fix:  //p')" ""
rm /etc/oci-thin-grow/config.json
ok "without it all is well" well
touch /run/oci-thin-grow/disabled
mends "the switch" switched-off

## The ledger

chmod 0777 $LEDGER
mends "a ledger for all" ledger-directory 'writable by others'
echo nonsense >$LEDGER/pool-snap-99
mends "a damaged entry" ledger-entry 'pool-snap-99'
touch "$LEDGER/$(printf 'a\nb; c')"
mends "an entry with a strange name" ledger-entry
cp $LEDGER/docker-* "$LEDGER/it's \$HOME"
mends "an entry of another name" ledger-entry 'of another device'
chmod 0666 $LEDGER/docker-*
mends "an entry that all may write" ledger-entry 'writable by others'
ok "the entry is still there" test -e $LEDGER/docker-*
touch $LEDGER/.pool-snap-99.4194304.new
mends "a leftover" ledger-leftover
mv $LEDGER /run/ledger
ln -s /run/ledger $LEDGER
mends "a link" ledger-directory
rm -rf $LEDGER $LEDGER.not-a-directory
mv /run/ledger $LEDGER
ok "all is well" well

next_thin_id=1007
D=pool-snap-7
ok "a disk" new_disk $D
for k in $(seq 40); do
	spec /run/bundle/$D /run/disk/$D "$(ask $((GIB + k * GIB / 4)))" && state /run/bundle/$D $D >/run/state
	strace -o /run/strace -e trace=ioctl -e "inject=ioctl:signal=KILL:when=$k" "$HOOK" hook </run/state 2>/run/hook.err
	! grep -q state=intended $LEDGER/$D 2>/run/null || break
done
mends "a growth that was cut short" growth-unfinished "$D"
umount /run/disk/$D
dmsetup remove --retry $D
mv $RULE /run/
udevadm control --reload
ok "no rule: the disk again" thin_on $D 1007 1G
mv /run/94-oci-thin-grow.rules $RULE
udevadm control --reload
mends "a device that is too short" device-too-short "$D.* has 1 GiB"
dmsetup remove --retry $D
dmsetup message pool 0 "delete 1007"
"$PROGRAM" heal --all

## Pools

# small_pool: 256 MiB, and a thin device that is longer; its metadata on a device that can be made to fail
small_pool() {
	local meta data
	meta=$(loop_on /t/small.meta 4M) && data=$(loop_on "/t/it's small.data" 256M) || return
	dmsetup create small.meta --table "0 8192 linear $meta 0" || return
	dmsetup create small --table "0 524288 thin-pool /dev/mapper/small.meta $data 128 0 1 skip_block_zeroing" || return
	dmsetup message small 0 "create_thin 1" && small_thin
	META=$meta
}

small_thin() {
	dmsetup create "small thin" --table "0 2097152 thin /dev/mapper/small 1" &&
		SMALL=/dev/$(dmsetup info -c --noheadings -o blkdevname "small thin")
}

write_mib() {
	dd if=/dev/zero "of=$SMALL" bs=1M seek="$1" count="$2" oflag=direct conv=nocreat status=none
}

ok "a small pool" small_pool
ok "247 of 256 MiB are written" write_mib 0 247
mends "a pool 96 % full" pool-data 'pool "small" is 96.[0-9] % full'
ok "320 MiB are written" write_mib 247 73
write_mib 320 8 &
wait_for sh -c 'dmsetup status small | grep -q out_of_data_space'
mends "a pool that is full" pool-data 'takes no more writes'
ok "what waited for space is written" wait $!
data=$(losetup -n -O NAME -j "/t/it's small.data")
truncate -s 1G "/t/it's small.data"
losetup -c "$data"
ok "all but what its device has is written" write_mib 328 70
mends "a device that is longer than its pool" pool-data
is "the pool uses it all" "$(table_sectors small)" 2097152

dmsetup reload small --table "$(dmsetup table small | sed 's/1 skip_block_zeroing/2 skip_block_zeroing read_only/')"
dmsetup resume small
mends "a read-only pool" pool-read-only 'pool "small" is read-only'
ok "it takes writes" write_mib 400 1

dmsetup load small.meta --table "0 8192 flakey $META 0 0 100 1 error_writes" && dmsetup resume small.meta
dmsetup message small 0 "create_thin 2"
dmsetup load small.meta --table "0 8192 linear $META 0" && dmsetup resume small.meta
like "its metadata could not be written" "$(dmsetup status small)" 'needs_check|Fail'
exec 7<"$SMALL"
ok "needs_check: doctor says so" finds pool-needs-check
ok "needs_check: not while it is in use" not sh -c "$(said pool-needs-check | sed -n 's/^  fix:  //p')"
ok "needs_check: then nothing happened" dmsetup info small
exec 7<&-
mends "needs_check" pool-needs-check 'stop its containers'
ok "its device comes up" small_thin
ok "it takes writes" write_mib 401 1

meta=$(loop_on /t/tiny.meta 512K)
ok "a pool with little metadata" dmsetup create tiny --table "0 524288 thin-pool $meta $(loop_on /t/tiny.data 256M) 128 0"
for id in $(seq 150); do
	dmsetup message tiny 0 "create_thin $id" 2>/run/null || break
	[ $((id % 10)) != 0 ] || ! dmsetup status tiny | awk '{ split($5, of, "/"); exit !(of[1] / of[2] > .9) }' || break
done
mends "metadata nearly full" pool-metadata 'pool "tiny" has 9[0-9]'
ok "all is well at the end" well
finish

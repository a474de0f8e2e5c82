#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# doctor: each finding appears, and disappears after the command that it prints.
# kernel: bookworm:forky
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

# doctor: its output is in /run/doctor
doctor() {
	"$PROGRAM" doctor --data-root /t/docker >/run/doctor 2>/run/doctor.err
}

doctor_json() {
	"$PROGRAM" doctor --data-root /t/docker --json
}

# said ID: the lines of the first warning or failure with this id, or with this id among its further causes
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

# well: doctor reports no failure and no warning
well() {
	local status=0
	doctor || status=$?
	! grep -EA2 '^(broken|warning)' /run/doctor && [ "$status" = 0 ]
}

# repairs WHAT ID [REGEX]: doctor reports ID (with a line like REGEX); the command that it prints repairs that
repairs() {
	local command
	ok "$1: doctor reports $2" finds "$2"
	[ $# = 2 ] || like "$1: the report has the cause" "$(said "$2")" "$3"
	command=$(said "$2" | sed -n 's/^  fix:  //p')
	isnt "$1: the report has a command" "$command" ""
	echo "# $2: $command" >>/host/tap
	ok "$1: the command succeeds" sh -c "$command"
	udevadm settle
	ok "$1: doctor does not report $2 any more" not finds "$2"
}

finds_and_fails() {
	! doctor && [ -n "$(said "$1")" ]
}

ok "udev starts" start_udev
ok "syslog starts" start_syslog
modprobe -r dm-thin-pool
mkdir -p /t/docker
repairs "no dm-thin" dm-thin

## A good host, with Docker and a container that is larger than Docker knows

ok "a pool comes up" pool_up
mkdir -p /etc/docker
echo '{}' >$JSON
ok "docker starts" docker_up --config-file $JSON
repairs "Docker is not hooked in" engine 'docker does not call the program'
ok "Docker reloads its configuration after enable" kill -HUP "$docker_pid"
wait_for sh -c 'docker info -f "{{.DefaultRuntime}}" | grep -x oci-thin-grow'
ok "a tar image is built" bb_tar /t/bb.tar
ok "the image is imported" docker import /t/bb.tar bb
ok "a container with 4 GiB runs" docker run --name c1 --net none --stop-signal KILL \
	--label io.oci-thin-grow.size=4G -d bb sleep 1000
ok "a good host: doctor reports no problem" well
diag </run/doctor
like "a good host: doctor --verbose counts the grown container" "$("$PROGRAM" doctor --verbose --data-root /t/docker 2>/dev/null)" '1 container on thin devices, 1 of them larger'
ok "a good host: doctor --json agrees" jq -e '.broken == 0 and .warnings == 0 and (.findings | length) == .ok' <(doctor_json)

ok "without CAP_SYS_RESOURCE: doctor fails" sh -c "! setpriv --bounding-set -sys_resource '$PROGRAM' doctor >/run/doctor"
like "without CAP_SYS_RESOURCE: doctor names it" "$(said privileges)" 'CAP_SYS_RESOURCE'

## Without healing

ID=$(docker inspect -f '{{.Id}}' c1)
rm $RULE
ok "no rule: doctor fails" finds_and_fails udev-rule
like "no rule: doctor names the container that would not start again" "$(said container-at-risk)" 'docker container "c1" .*needs a device of 4 GiB, and docker re-creates it with 1 GiB'
is "no rule: doctor --json has the id of the container" "$(doctor_json | jq -r '.findings[] | select(.id == "container-at-risk") | .subject')" "$ID"
repairs "no rule" container-at-risk 'rule .* is missing'
ok "no rule: doctor reports no problem afterwards" well
ln -s /dev/null /etc/udev/rules.d/94-oci-thin-grow.rules
repairs "a masked rule" udev-rule 'switched off by /etc/udev'
: >$RULE
repairs "an empty rule" udev-rule 'switched off by /usr/lib'
echo 'KERNEL=="dm-*", RUN+="/bin/true"' >$RULE
repairs "a rule that calls another program" udev-rule 'does not run'
ok "no udevd: it is stopped" stop_udev
ok "no udevd: doctor names the container" finds container-at-risk
repairs "no udevd" udevd
pkill -KILL -x systemd-udevd
wait_for not pgrep -x systemd-udevd
repairs "udevd killed" container-at-risk
ok "udevd is back: doctor reports no problem" well
ok "the container stops" docker stop c1
ok "a stopped container: doctor reports no problem" well
rm $RULE
reload_rules
ok "a stopped container without the rule: doctor reports the risk" finds container-at-risk
ok "a stopped container without the rule does not start" not docker start c1
repairs "a stopped container at risk" container-at-risk
repairs "a stopped container whose device is too short" container-too-short 'docker container "c1" .*has 1 GiB and needs 4 GiB'
ok "the repaired container starts" docker start c1
ok "the repaired container runs: doctor reports no problem" well

## The program's files

chmod 0775 $PROGRAM
repairs "a program that others may write to" file-access "$PROGRAM is writable by others"
chmod 0644 $PROGRAM
cp $PROGRAM /t/otg && chmod 755 /t/otg
PROGRAM=/t/otg
repairs "a program that cannot be executed" file-access 'cannot be executed'
rm /usr/sbin/oci-thin-grow
repairs "no program" file-missing
PROGRAM=/usr/sbin/oci-thin-grow
ok "no program: the command has installed it again" test -x $PROGRAM
rm /usr/sbin/oci-thin-grow-runtime
repairs "no wrapper" file-link 'oci-thin-grow-runtime'
rm -r /usr/libexec/oci
repairs "no hook" file-link 'hooks.d'
ln -sfn /bin/true /usr/libexec/oci/hooks.d/oci-thin-grow
repairs "a hook that leads to another program" file-link 'does not lead'
chown 1000 $RULE
repairs "a rule of another user" file-access 'is owned by user 1000'

## Engines: not the text of their files matters, but what they make of it

HOOKS=/usr/share/containers/oci/hooks.d/50-oci-thin-grow.json
TOML=/etc/containerd/config.toml

# edited FILE FILTER: changes JSON with jq
edited() {
	jq "$2" "$1" >/run/edited && cp /run/edited "$1"
}

edited $JSON '.runtimes["oci-thin-grow"].path = "/usr/bin/runc"'
repairs "a runtime that is another program" engine '"/usr/bin/runc", is another program'
edited $JSON '.runtimes["oci-thin-grow"].path = "/usr/sbin/oci-thin-grow"'
repairs "a runtime with another name" engine 'does not end in oci-thin-grow-runtime'
edited $JSON '.runtimes["oci-thin-grow"].path = "/nowhere"'
repairs "a runtime that does not exist" engine '"/nowhere", does not exist'
edited $JSON 'del(.runtimes["oci-thin-grow"])'
repairs "a default runtime that is not defined" engine 'not among its runtimes'
ok "Docker reloads its repaired configuration" kill -HUP "$docker_pid"
ok "Docker is repaired: doctor reports no problem" well

mkdir -p /var/lib/containers/storage/devicemapper
echo 'no JSON' >$HOOKS
repairs "a hook file that is not JSON" engine 'podman does not call the program: .*50-oci-thin-grow.json'
edited $HOOKS '.when.always = false'
repairs "a hook that is never called" engine '"when" is never true'
edited $HOOKS '.stages = ["createContainer"]'
repairs "a hook that runs in the container" engine 'in its stage "createContainer"'
edited $HOOKS 'del(.hook.args)'
repairs "a hook without arguments" engine 'its args'
edited $HOOKS '.hook.path = "/bin/true"'
repairs "a hook file for another program" engine '"/bin/true", is another program'
rm $HOOKS
repairs "no hook file" engine 'there is no .*50-oci-thin-grow.json'
mkdir -p /etc/containers/containers.conf.d
echo 'engine.hooks_dir = ["/t/hooks.d", {append=true}]' >/etc/containers/containers.conf.d/x.conf
ok "podman with a second hook directory: doctor reports no problem" well
echo 'engine.hooks_dir = ["/t/hooks.d", {append=false}]' >/etc/containers/containers.conf.d/x.conf
repairs "podman with another hook directory only" engine 'there is no /t/hooks.d'
rm -r /etc/containers/containers.conf.d/x.conf /var/lib/containers/storage/devicemapper

install -D -m 755 /bin/true /usr/local/bin/crio
mkdir -p /var/lib/crio /etc/crio/crio.conf.d/20-site
echo 'crio.runtime.hooks_dir = []' >/etc/crio/crio.conf.d/20-site/hooks
ok "CRI-O without thin disks: doctor reports no problem" well
mkdir -p /var/lib/containers/storage/devicemapper
repairs "CRI-O without hooks" engine 'crio does not call the program: no directory of hooks'
rm -r /var/lib/crio /usr/local/bin/crio /var/lib/containers/storage/devicemapper

mkdir -p /var/lib/containerd/io.containerd.snapshotter.v1.devmapper /etc/containerd
printf 'version = 2\n' >$TOML
repairs "containerd is not hooked in" engine 'is not in /etc/containerd/config.toml'
sed -i /BinaryName/d $TOML
repairs "containerd: no BinaryName" engine 'no BinaryName'
sed -i 's,BinaryName = .*,BinaryName = "/usr/bin/runc",' $TOML
repairs "containerd: BinaryName is another program" engine '"/usr/bin/runc", is another program'
like "containerd accepts the repaired configuration" "$(containerd --config $TOML config dump)" 'BinaryName = "/usr/sbin/oci-thin-grow-runtime"'
sed -i 's,^imports.*,,; 1a disabled_plugins = ["cri"]' $TOML
ok "containerd without the CRI plugin: doctor reports no problem" well
printf 'version = 2\n[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.oci-thin-grow]\n' >$TOML
repairs "containerd: an empty handler" engine
VM=/usr/local/bin/containerd-shim-vm-v2
install -m 755 /bin/true $VM
printf 'version = 2\n[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.vm]\n  runtime_type = "io.containerd.vm.v2"\n' >$TOML
ok "containerd: the handler of a VM is copied" $PROGRAM enable --shim vm containerd
ok "containerd: the handler of a VM is copied: doctor reports no problem" well
rm /usr/local/bin/containerd-shim-oci-thin-grow-vm-v2
repairs "containerd: the link to our shim is gone" engine '"containerd-shim-oci-thin-grow-vm-v2", does not exist'
mv $VM /t/
ok "containerd: the real shim is gone: doctor fails" finds_and_fails shim
like "containerd: the real shim is gone: doctor names it" "$(said shim)" 'containerd-shim-vm-v2 not found'
mv /t/containerd-shim-vm-v2 $VM
ok "containerd: the real shim is back: doctor reports no problem" well
rm -r /usr/local/bin/containerd-shim-* $TOML /var/lib/containerd/io.containerd.snapshotter.v1.devmapper
ok "all engines are repaired: doctor reports no problem" well

## The configuration

mkdir -p /etc/oci-thin-grow
echo '{ "max_size": "lots" }' >/etc/oci-thin-grow/config.json
ok "an invalid configuration: doctor fails" finds_and_fails config
like "an invalid configuration: doctor names file and key" "$(said config)" 'config.json.*max_size'
echo '{ "runtime": "/nowhere/runc" }' >/etc/oci-thin-grow/config.json
ok "a missing runtime: doctor fails" finds_and_fails runtime
is "a missing runtime: doctor has no command for it" "$(said runtime | sed -n 's/^  fix:  //p')" ""
rm /etc/oci-thin-grow/config.json
ok "the configuration is valid again: doctor reports no problem" well
touch /run/oci-thin-grow/disabled
repairs "the program is disabled" switched-off
echo '{ "autogrow": { "max": "8G" } }' >/etc/oci-thin-grow/config.json
ok "a maximum, and no daemon: doctor reports it" finds autogrow
like "a maximum, and no daemon: doctor names file and line" "$(said autogrow)" 'config.json:1'
is "a maximum, and no daemon: the command starts it" "$(said autogrow | sed -n 's/^  fix:  //p')" 'systemctl enable --now oci-thin-growd'
exec 8>/run/oci-thin-grow/growd.lock
flock 8
ok "a maximum, and a daemon: doctor reports no problem" well
exec 8>&-

# by_nri ENGINE: the daemon writes that this engine asks it
by_nri() {
	jq -n --arg boot "$(cat /proc/sys/kernel/random/boot_id)" --argjson engine "$1" \
		'{version: 1, pid: 1, boot: $boot, at_ms: 1000000000000, nri: $engine, filesystems: {}, pools: {}}' >/run/oci-thin-grow/growd.json
}

echo '{ "nri": true }' >/etc/oci-thin-grow/config.json
ok "NRI, and no daemon: doctor reports it" finds nri
is "NRI, and no daemon: the command starts it" "$(said nri | sed -n 's/^  fix:  //p')" 'systemctl enable --now oci-thin-growd'
exec 8>/run/oci-thin-grow/growd.lock
flock 8
by_nri null
ok "NRI, and no engine: doctor reports it" finds nri
like "NRI, and no engine: doctor names the socket" "$(said nri)" '/var/run/nri/nri.sock'
mkdir -p /var/lib/containerd/io.containerd.snapshotter.v1.devmapper
printf 'version = 2\n' >$TOML
ok "NRI, and no engine: containerd is not hooked in" finds engine
by_nri '"containerd"'
ok "NRI, and containerd asks: doctor reports no problem" well
exec 8>&-
rm -r $TOML /var/lib/containerd/io.containerd.snapshotter.v1.devmapper /run/oci-thin-grow/growd.json /etc/oci-thin-grow/config.json

## The ledger

chmod 0777 $LEDGER
repairs "a ledger that is writable by all" ledger-directory 'writable by others'
echo nonsense >$LEDGER/pool-snap-99
repairs "a damaged entry" ledger-entry 'pool-snap-99'
touch "$LEDGER/$(printf 'a\nb; c')"
repairs "an entry with a strange name" ledger-entry
cp $LEDGER/docker-* "$LEDGER/it's \$HOME"
repairs "an entry with the name of another device" ledger-entry 'of another device'
chmod 0666 $LEDGER/docker-*
repairs "an entry that is writable by all" ledger-entry 'writable by others'
ok "an entry that is writable by all: the command keeps it" test -e $LEDGER/docker-*
touch $LEDGER/.pool-snap-99.4194304.new
repairs "a leftover of an interrupted write" ledger-leftover
mv $LEDGER /run/ledger
ln -s /run/ledger $LEDGER
repairs "a link in place of the ledger" ledger-directory
rm -rf $LEDGER $LEDGER.not-a-directory
mv /run/ledger $LEDGER
ok "the ledger is repaired: doctor reports no problem" well

next_thin_id=1007
D=pool-snap-7
ok "a disk is created" new_disk $D
for k in $(seq 40); do
	spec /run/bundle/$D /run/disk/$D "$(ask $((GIB + k * GIB / 4)))" && state /run/bundle/$D $D >/run/state
	strace -o /run/strace -e trace=ioctl -e "inject=ioctl:signal=KILL:when=$k" "$HOOK" hook </run/state 2>/run/hook.err
	! grep -q state=intended $LEDGER/$D 2>/run/null || break
done
repairs "a growth that was cut short" growth-unfinished "$D"
umount /run/disk/$D
dmsetup remove --retry $D
mv $RULE /run/
reload_rules
ok "no rule: the disk is re-created too short" thin_on $D 1007 1G
udevadm settle # the device's event has no rule
mv /run/94-oci-thin-grow.rules $RULE
reload_rules
repairs "a device that is too short" device-too-short "$D.* has 1 GiB"
dmsetup remove --retry $D
dmsetup message pool 0 "delete 1007"
"$PROGRAM" heal --all

## Pools

# small_pool: 256 MiB, with a thin device that is larger; its metadata is on a device that can be made to fail
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

ok "a small pool is created" small_pool
ok "247 of 256 MiB are written" write_mib 0 247
repairs "a pool 96 % full" pool-data 'pool "small" is 96.[0-9] % full'
ok "320 MiB are written after the repair" write_mib 247 73
# By default the pool fails the write after a minute.
echo 600 >/sys/module/dm_thin_pool/parameters/no_space_timeout
write_mib 320 8 &
wait_for sh -c 'dmsetup status small | grep -q out_of_data_space'
repairs "a pool that is full" pool-data 'takes no more writes'
ok "the write that waited for space succeeds" wait $!
data=$(losetup -n -O NAME -j "/t/it's small.data")
truncate -s 1G "/t/it's small.data"
losetup -c "$data"
ok "the extended pool is filled again" write_mib 328 70
repairs "a device that is longer than its pool" pool-data
is "the pool uses its whole data device" "$(table_sectors small)" 2097152

dmsetup reload small --table "$(dmsetup table small | sed 's/1 skip_block_zeroing/2 skip_block_zeroing read_only/')"
dmsetup resume small
repairs "a read-only pool" pool-read-only 'pool "small" is read-only'
ok "the pool is writable after the repair" write_mib 400 1

dmsetup load small.meta --table "0 8192 flakey $META 0 0 100 1 error_writes" && dmsetup resume small.meta
dmsetup message small 0 "create_thin 2"
dmsetup load small.meta --table "0 8192 linear $META 0" && dmsetup resume small.meta
like "needs_check: the metadata could not be written" "$(dmsetup status small)" 'needs_check|Fail'
exec 7<"$SMALL"
ok "needs_check: doctor reports it" finds pool-needs-check
ok "needs_check: the command fails while the pool is in use" not sh -c "$(said pool-needs-check | sed -n 's/^  fix:  //p')"
ok "needs_check: the failed command has removed nothing" dmsetup info small
exec 7<&-
repairs "needs_check" pool-needs-check 'stop its containers'
ok "needs_check: the thin device is activated after the repair" small_thin
ok "needs_check: the pool is writable after the repair" write_mib 401 1

# The daemon saw it fill so fast that it is full within a day, but not if it is extended by a quarter. What it wrote
# stays as if it were new.
read -r _ _ _ _ _ used _ <<<"$(dmsetup status --noflush small)"
jq -n --arg boot "$(cat /proc/sys/kernel/random/boot_id)" --argjson rate $(((${used#*/} - ${used%/*}) * 65536 * 115 / 8640000)) \
	'{version: 1, pid: 1, boot: $boot, at_ms: 1000000000000, filesystems: {}, pools: {small: {bytes_per_second: $rate}}}' >/run/oci-thin-grow/growd.json
exec 8>/run/oci-thin-grow/growd.lock
flock 8
repairs "a pool that is full within a day" pool-fills-up 'pool "small" will be full in [12][0-9]h [0-9]+m at the present rate, and nothing extends it'
exec 8>&-
rm /run/oci-thin-grow/growd.json

meta=$(loop_on /t/tiny.meta 512K)
ok "a pool with little metadata is created" dmsetup create tiny --table "0 524288 thin-pool $meta $(loop_on /t/tiny.data 256M) 128 0"
for id in $(seq 150); do
	dmsetup message tiny 0 "create_thin $id" 2>/run/null || break
	[ $((id % 10)) != 0 ] || ! dmsetup status tiny | awk '{ split($5, of, "/"); exit !(of[1] / of[2] > .9) }' || break
done
repairs "a pool with nearly full metadata" pool-metadata 'pool "tiny" has 9[0-9]'
ok "all pools are repaired: doctor reports no problem" well
finish

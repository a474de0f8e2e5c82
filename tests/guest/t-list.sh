#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `list` with 200 containers without an engine and 29 of containerd's: its output, its time, and how it reports unknown
# names.
# kernel: bookworm:forky
# suites: bookworm
# matrix: FS=ext4
# limit: 900
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh
# shellcheck source=tests/guest/growing.sh
. /src/tests/guest/growing.sh

N=200 MADE=28

# disks FROM TO: a snapshot of one small filesystem for each container. They are created in one go where possible: six hundred
# processes take long here.
disks() {
	local i all='' fstab=''
	for ((i = $1; i <= $2; i++)); do
		dmsetup message pool 0 "create_snap $((1000 + i)) 900" || return
		all+="d$i,,,rw,0 131072 thin /dev/mapper/pool $((1000 + i));"
		fstab+="/dev/mapper/d$i /run/disk/d$i ext4 defaults 0 0"$'\n'
	done
	dmsetup create --concise "${all%;}" || return
	for ((i = $1; i <= $2; i++)); do
		echo "/run/disk/d$i"
	done | xargs mkdir && echo "$fstab" >/run/fstab && mount -a -T /run/fstab
}

# containers FROM TO: every tenth is runc's, the others are crun's
containers() {
	local i runtime spec
	spec=$(cat /run/bundle/spec)
	for ((i = $1; i <= $2; i++)); do
		echo "/run/bundle/d$i"
	done | xargs mkdir || return
	for ((i = $1; i <= $2; i++)); do
		echo "${spec/ROOT//run/disk/d$i}" >"/run/bundle/d$i/config.json"
		runtime=crun
		[ $((i % 10)) != 0 ] || runtime=runc
		$runtime run -d --bundle "/run/bundle/d$i" "c$i" >/run/null 2>&1 </dev/null || return
	done
}

# Its inode tables are complete: the kernel would write them later, and the pool's use would change under the checks.
first_disk() {
	thin_new origin 900 64M && mkfs_on ext4 /dev/mapper/origin -E lazy_itable_init=0 && mkdir -p /run/disk/origin &&
		mount /dev/mapper/origin /run/disk/origin && busybox_rootfs /run/disk/origin &&
		umount /run/disk/origin && dmsetup remove --retry origin || return
	spec /run/bundle ROOT '.process.args = ["sleep", "10000"]' && mv /run/bundle/config.json /run/bundle/spec
}

# made FROM TO: containers of containerd that are created and not started
made() {
	local i
	for ((i = $1; i <= $2; i++)); do
		ctr container create --snapshotter devmapper --label "nerdctl/name=made-$i" local/bb:latest "m$i" sleep 1 || return
	done
}

# cpu_ms ARG...: the processor time in milliseconds, the shortest of seven runs
cpu_ms() {
	local TIMEFORMAT='%U %S' best='' one
	for _ in {1..7}; do
		one=$({ time otg "$@" >/run/null; } 2>&1 | awk '{ print int(($1 + $2) * 1000) }')
		[ -n "$best" ] && [ "$best" -le "$one" ] || best=$one
	done
	echo "$best"
}

# Without an engine udev's rules are not needed, and they take time for each device.
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up
ok "the disk to copy is created" first_disk
ok "50 disks are created" disks 1 50
ok "50 containers run" containers 1 50
few=$(cpu_ms list)
ok "more disks are created" disks 51 $N
ok "more containers run" containers 51 $N
many=$(cpu_ms list)
diag <<<"list: $few ms with 50 containers, $many ms with $N"
# Comparing each container with each other one would take sixteen times as long.
ok "four times as many containers take at most eight times as long" [ "$many" -le $((8 * few + 20)) ]

## With an engine. The numbers of its thin devices differ from ours, so one pool is enough

ok "udev starts" start_udev
ok "containerd starts" containerd_up
ok "an OCI image is built" oci_layout /t/oci.tar
ok "the image is imported" image_import local/bb /t/oci.tar
ok "its containers are created" made 1 $MADE
ok "a container with a hostile name is created" ctr container create --snapshotter devmapper \
	--label $'nerdctl/name=\e[31mred\nline' local/bb:latest hostile sleep 1
ok "list succeeds" otg list
is "list prints a header and a line for each container" "$(wc -l </run/out)" $((N + MADE + 2))
is "list prints no error" "$(cat /run/err)" ""
is "list does not shorten names" "$(grep -c ' c100 \| made-28 ' /run/out)" 2
is "list prints no control characters" "$(tr -d '[:print:]\n' </run/out | wc -c)" 0
is "list aligns the last column" "$(awk '{ print match($0, /(STATE|running|stopped)$/) }' /run/out | uniq | wc -l)" 1
is "list shows all running containers as running" "$(grep -c ' running$' /run/out)" $N

ok "list --json succeeds" otg list --json --sort name
is "list --json has all containers" "$(jq '.containers | length' /run/out)" $((N + MADE + 1))
is "list --json is sorted" "$(jq '.containers | . == sort_by(.engine, .namespace, .name, .id)' /run/out)" true
is "list --json has a device for each container" "$(jq '[.containers[] | select(.device == null)] | length' /run/out)" 0
is "list --json has each device once" "$(jq '[.containers[].device] | unique | length' /run/out)" $((N + MADE + 1))
is "list --json has size and usage of running containers" \
	"$(jq '[.containers[] | select(.running and .device_bytes == 67108864 and .used_percent > 0)] | length' /run/out)" $N
is "list --json has the next size of stopped containers" \
	"$(jq '[.containers[] | select(.engine_bytes == 1073741824 and .namespace == "default")] | length' /run/out)" $((MADE + 1))
is "list --json has the hostile name unchanged" "$(jq -r '.containers[] | select(.id == "hostile") | .name' /run/out)" $'\e[31mred\nline'

## Pools

# lvm_pool: looks as if LVM had made it
lvm_pool() {
	local meta data
	meta=$(loop_on /t/lvm.meta 4M) && data=$(loop_on /t/lvm.data 256M) || return
	dmsetup create vg-docker-tpool --uuid LVM-abc-tpool --table "0 524288 thin-pool $meta $data 128 0 1 skip_block_zeroing"
}

# dmeventd_is_there: a process of root with its name and pid file, and a threshold
dmeventd_is_there() {
	cp "$(readlink -f "$(type -P sleep)")" /run/dmeventd && mkdir -p /etc/lvm || return
	echo 'activation { thin_pool_autoextend_threshold = 70 }' >/etc/lvm/lvm.conf
	/run/dmeventd 10000 &
	dmeventd=$!
	echo "$dmeventd" >/run/dmeventd.pid
	wait_for grep -qx dmeventd "/proc/$dmeventd/comm"
}

ok "a second pool, of LVM, comes up" lvm_pool
# lists_pool: for wait_for, as a filesystem may be written to between the two looks
lists_pool() {
	local data
	otg list --pools && read -r _ _ _ _ _ data _ <<<"$(dmsetup status --noflush pool)" || return
	grep -E "^pool +20G +$(((${data%/*} * 100 + ${data#*/} - 1) / ${data#*/}))% +[0-9]+% +[0-9.]+[GT] [0-9.]+x +$N nobody +-\$" /run/out
}

ok "list --pools has the pool with its use, its containers, and that nobody extends it" wait_for lists_pool
like "list --pools has the other pool" "$(cat /run/out)" 'vg-docker-tpool +256M +0% +[0-9]+% +- +0 nobody +-'
like "doctor --verbose says why nobody extends it" "$(/usr/sbin/oci-thin-grow doctor --verbose)" \
	'nothing extends pool "vg-docker-tpool" automatically: thin_pool_autoextend_threshold is 100 '
ok "dmeventd extends pools at 70 %" dmeventd_is_there
ok "list --pools --json succeeds" otg list --pools --json
is "list --pools --json says that dmeventd extends the pool of LVM" "$(jq -c '.pools[] | select(.name == "vg-docker-tpool") |
	[.extended_by, .extended_at_percent, .extended_by_file, .not_extended_because]' /run/out)" '["dmeventd",70,"/etc/lvm/lvm.conf",null]'
is "list --pools --json says that nobody extends the other" "$(jq -c '.pools[] | select(.name == "pool") |
	[.extended_by, .running_containers, .active_devices > 200, .trouble]' /run/out)" "[null,$N,true,null]"
like "doctor --verbose says at which threshold" "$(/usr/sbin/oci-thin-grow doctor --verbose)" \
	'dmeventd extends pool "vg-docker-tpool" when it is 70 % full \(/etc/lvm/lvm.conf\)'
like "metrics has the threshold" "$(/usr/sbin/oci-thin-grow metrics)" \
	'pool_extended\{pool="vg-docker-tpool",by="dmeventd"\} 1.*pool_extend_threshold_ratio\{pool="vg-docker-tpool"\} 0.7'
kill "$dmeventd"
wait "$dmeventd"
like "without dmeventd nobody extends it" "$(/usr/sbin/oci-thin-grow list --pools)" 'vg-docker-tpool .* nobody +-'
rm /run/dmeventd.pid /etc/lvm/lvm.conf
ok "the second pool is removed" dmsetup remove --retry vg-docker-tpool
for option in --json --pools; do
	like "list $option must be root" "$(setpriv --reuid 65534 --clear-groups /usr/sbin/oci-thin-grow list $option 2>&1)" \
		"^oci-thin-grow: must be root: sudo oci-thin-grow list $option"
done
ok "--pools takes no names" exits 2 list --pools c1
like "--pools takes no names and says so" "$(cat /run/err)" '--pools goes with --json and --watch only'

## On a terminal of 80 columns

ok "a container with a long name is created" ctr container create --snapshotter devmapper \
	--label nerdctl/name=a-name-that-is-far-longer-than-what-fits-into-a-line-of-a-terminal local/bb:latest longest sleep 1
script -qec "stty cols 80; /usr/sbin/oci-thin-grow list" /dev/null </dev/null >/run/typescript
script -qec "stty cols 80; /usr/sbin/oci-thin-grow list --pools" /dev/null </dev/null >/run/typescript.pools
is "list --pools on a terminal fits the columns" "$(tr -d '\r' </run/typescript.pools | sed $'s/\e\\[[0-9;]*m//g' | awk 'length > 80')" ""
is "list on a terminal fits the columns" "$(tr -d '\r' </run/typescript | sed $'s/\e\[[0-9;]*m//g' | awk 'length > 80')" ""
like "list on a terminal shortens the long name in its middle" "$(cat /run/typescript)" 'a-name[^ ]*~[^ ]*terminal '
like "list in a pipe does not shorten the long name" "$(/usr/sbin/oci-thin-grow list)" 'a-name-that-is-far-longer-than-what-fits-into-a-line-of-a-terminal '

## --watch

# drawn N: the table has been drawn this often
drawn() {
	[ "$(grep -c $'\e\\[H\e\\[J' /run/typescript)" -ge "$1" ]
}

script -qefc "/usr/sbin/oci-thin-grow list --watch" /run/typescript </dev/null >/run/null &
watching=$!
ok "list --watch draws the table again and again" wait_for drawn 3
# Not SIGINT: bash makes background processes ignore it.
pkill -TERM -x oci-thin-grow
wait $watching
ok "list --watch draws the whole table" [ "$(grep -c "c$N " /run/typescript)" -ge 2 ]

## Names

# answers STATUS REGEX NAME...: grow fails with this status and one line
answers() {
	local status=$1 regex=$2 text
	shift 2
	printf -v text '%q ' "$@"
	ok "${text:0:40}: grow exits with status $status" exits "$status" grow "$@" 4G
	is "${text:0:40}: grow prints one line" "$(wc -l </run/err)" 1
	like "${text:0:40}: the line has the reason" "$(cat /run/err)" "$regex"
	is "${text:0:40}: the line has no control characters" "$(tr -d '[:print:]\n' </run/err | wc -c)" 0
}

printf -v long '%4096s' ''
for name in ../x ../../etc -x $'we\nb' $'\e[31m' "${long// /a}" 'crun:nobody' 'c1 ' ''; do
	answers 4 'no such container: "' -- "$name"
done
answers 4 'unknown engine "nothing" \(docker, containerd, podman, crio, runc, crun\)' nothing:c1
answers 2 '"m" may be any of 28 containers: containerd:m1 "default/made-1", .*, \.\.\.' m
ok "an id that is also the beginning of other ids is not ambiguous" exits 4 grow m1 4G
like "an id that is also the beginning of other ids is the one that is meant" "$(cat /run/err)" 'containerd:made-1 is stopped. Start it'
answers 2 'unknown option "-x"; see oci-thin-grow grow --help' -x
for name in c1 c150 crun:c199 runc:c200; do
	ok "$name is grown" otg grow "$name" 96M
done
is "only these containers are grown" "$(/usr/sbin/oci-thin-grow list --json | jq -r '[.containers[] | select(.device_bytes == 100663296).id] | join(" ")')" \
	"c1 c199 c150 c200"
finish

# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Sourced by the tests, in the guest. In the environment: SUITE, PHASE (1 for the first boot, 2 for the second…)
# and the test's line of the matrix (FS=…). Scratch space is /t, in memory; /host outlives the guest.

FS=${FS:-ext4}
DATA=${DATA:-/t}
# Until start_udev, libdm creates the device nodes and must not wait for udev.
export FS DATA DM_DISABLE_UDEV=1

## Results: TAP in /host/tap, continued from boot to boot

tap_count=$(grep -cE '^(not )?ok ' /host/tap)
tap_over=''

diag() {
	sed 's/^/# /' >>/host/tap
}

# tap_result WORD TEXT [DIRECTIVE]: one write, so that a power cut leaves no half line
tap_result() {
	tap_count=$((tap_count + 1))
	echo "$1 $tap_count - ${2//#/}${3:+ # $3}" >>/host/tap
}

# ok TEXT COMMAND...: COMMAND succeeds; if not, its output is shown. It runs in this shell and may set variables.
ok() {
	local text=$1 status=0
	shift
	"$@" >/run/ok.out 2>&1 </dev/null || status=$?
	if [ $status = 0 ]; then
		tap_result ok "$text"
		return
	fi
	tap_result "not ok" "$text"
	{ echo "status $status: $*"; tail -n 30 /run/ok.out; } | diag
	return 0
}

# not COMMAND...: for `ok TEXT not COMMAND...`
not() {
	! "$@"
}

# tap_compare TEXT GOT WANT HOW STATUS: the result of a comparison; if STATUS is not 0, both sides are shown
tap_compare() {
	if [ "$5" = 0 ]; then
		tap_result ok "$1"
	else
		tap_result "not ok" "$1"
		printf 'got:  %s\n%s: %s\n' "$2" "$4" "$3" | diag
	fi
}

# is TEXT GOT WANT: the same; isnt TEXT GOT UNWANTED: different; like TEXT GOT REGEX: matches
is() {
	local differs=0
	[ "$2" = "$3" ] || differs=1
	tap_compare "$1" "$2" "$3" want $differs
}

isnt() {
	local same=0
	[ "$2" != "$3" ] || same=1
	tap_compare "$1" "$2" "$3" "but not" $same
}

like() {
	local unlike=0
	[[ $2 =~ $3 ]] || unlike=1
	tap_compare "$1" "$2" "$3" like $unlike
}

# skip TEXT REASON: counted and shown
skip() {
	tap_result ok "$1" "SKIP $2"
}

# finish: writes the plan and ends the script, which has failed if it ends without this
finish() {
	tap_over=1
	echo "1..$tap_count" >>/host/tap
	exit 0
}

# The end of a boot, called by the EXIT trap
tap_exit() {
	local status=$?
	[ -z "$tap_over" ] || return 0
	if [ -e /host/cut.armed ] && [ $status = 0 ]; then
		# Nothing may be shut down before the power cut.
		await_cut
	fi
	tap_result "not ok" "the script runs to its end"
	echo "exit status $status in boot $PHASE, without finish" | diag
	tail -n 30 /run/ok.out 2>/dev/null | diag
	echo "1..$tap_count" >>/host/tap
}
trap tap_exit EXIT

## More than one boot

# next_boot: shuts down, and starts this script again with the next PHASE
next_boot() {
	: >/host/next
	tap_over=1
	exit 0
}

# next_boot_after_cut MS: the power is cut in MS milliseconds, while this script goes on; then the next boot as above
next_boot_after_cut() {
	echo "$1" >/host/cut.new
	mv /host/cut.new /host/cut
	until [ -e /host/cut.armed ]; do :; done
}

# await_cut: waits for the power cut after next_boot_after_cut
await_cut() {
	tap_over=1
	while :; do
		sleep 1000
	done
}

## The host's services

# wait_for COMMAND...: until it succeeds, at most for three minutes: long enough for a busy machine
wait_for() {
	local end=$((SECONDS + 180))
	until "$@" >/dev/null 2>&1; do
		if [ $SECONDS -ge $end ]; then
			echo "timed out waiting for: $*" >&2
			return 1
		fi
		sleep .1
	done
}

# up NAME COMMAND...: waits until COMMAND finds the daemon NAME running; if not, its log is shown
up() {
	local name=$1
	shift
	wait_for "$@" && return
	tail -n 25 "/run/$name.log" >&2
	return 1
}

# From now on udev creates device nodes and libdm waits for it, as on a real host. To be called before pool_up.
start_udev() {
	/lib/systemd/systemd-udevd --daemon >/run/udevd.log 2>&1 || return
	wait_for udevadm control --ping || return
	unset DM_DISABLE_UDEV
}

# udevd answers `udevadm control --exit` before it ends, and may still handle an event until then.
stop_udev() {
	udevadm control --exit && wait_for not pgrep -x systemd-udevd
}

# reload_rules: udevd has read the rules that are there now. One of systemd 257 that is asked to reload keeps the rules that it
# had in one of 80 cases; and udevd is not simply started anew, as whoever waits for an event that is then lost waits for ever.
reload_rules() {
	OTG_RELOADS=$((${OTG_RELOADS:-0} + 1))
	wait_for has_reloaded
}

# A property that a rule sets shows what has been read. The rule is another file at each try: then udevd sees a change.
has_reloaded() {
	local rule=/run/udev/rules.d/99-reloads.rules
	mkdir -p ${rule%/*}
	echo "SUBSYSTEM==\"mem\", KERNEL==\"null\", ENV{OTG_RELOADS}=\"$OTG_RELOADS\"" >$rule.new && mv $rule.new $rule
	udevadm control --reload && udevadm trigger --settle /sys/class/mem/null || return
	udevadm info -q property -p /sys/class/mem/null | grep -qx "OTG_RELOADS=$OTG_RELOADS"
}

# Messages go to /run/messages, which is emptied once syslogd has written there that it runs. It runs before all others, so
# that a message stands there when whoever sent it has ended.
start_syslog() {
	chrt -f 1 busybox syslogd -n -O /run/messages >/run/syslogd.log 2>&1 &
	wait_for grep -q 'syslogd started' /run/messages && wait_for test -S /dev/log || return
	: >/run/messages
}

## The program, called as operators call it

# otg ARG...: the program with ARGs and OTG_OPTIONS; its output in /run/out and /run/err
OTG_OPTIONS=()
otg() {
	/usr/sbin/oci-thin-grow "$@" "${OTG_OPTIONS[@]}" >/run/out 2>/run/err
	local status=$?
	cat /run/err
	return "$status"
}

# exits STATUS ARG...: otg ends with STATUS, for `ok TEXT exits…`
exits() {
	local want=$1 status=0
	shift
	otg "$@" || status=$?
	[ "$status" = "$want" ] && return
	echo "status $status, not $want"
	return 1
}

## Disks

# sectors SIZE: SIZE in bytes, or as 10K, 10M, 10G, 10T
sectors() {
	echo $(($(numfmt --from=iec "$1") / 512))
}

# loop_on FILE SIZE: a loop device on FILE, which is created if it does not exist
loop_on() {
	[ -e "$1" ] || truncate -s "$2" "$1" || return
	losetup -f --show "$1"
}

# pool_up [DIR]: the thin pool /dev/mapper/pool of POOL_GB (20) GiB; files of an earlier boot in DIR are used again
pool_up() {
	local dir=${1:-/t} gb=${POOL_GB:-20} meta data
	meta=$(loop_on "$dir/meta" 100M) || return
	data=$(loop_on "$dir/data" "${gb}G") || return
	dmsetup create pool --table \
		"0 $((gb * 2097152)) thin-pool $meta $data 128 32768 1 skip_block_zeroing"
}

# data_up: /data for engines' data that must outlive a boot: an ext4 with a journal, in a file in /host
data_up() {
	[ -e /host/data.ext4 ] || {
		truncate -s 8G /host/data.ext4
		mkfs.ext4 -q -F -E nodiscard /host/data.ext4 || return
	}
	mkdir -p /data
	mount -o loop /host/data.ext4 /data || return
	DATA=/data
}

# thin_on NAME ID SIZE: activates thin device ID, which must exist
thin_on() {
	dmsetup create "$1" --table "0 $(sectors "$3") thin /dev/mapper/pool $2"
}

thin_new() {
	dmsetup message pool 0 "create_thin $2" && thin_on "$1" "$2" "$3"
}

# thin_snap NAME ID ORIGIN: a snapshot of the active thin device named ORIGIN, with the same size
thin_snap() {
	local length origin_id status=0
	read -r _ length _ _ origin_id < <(dmsetup table "$3")
	dmsetup suspend "$3" || return
	dmsetup message pool 0 "create_snap $2 $origin_id" || status=1
	dmsetup resume "$3" || return
	[ $status = 0 ] && thin_on "$1" "$2" $((length * 512))
}

# table_sectors NAME: the length of the device
table_sectors() {
	dmsetup table "$1" | cut -d ' ' -f 2
}

# remove_devices: all, once nothing has them open; remove_all leaves open ones and reports no error
remove_devices() {
	wait_for devices_removed
}

devices_removed() {
	dmsetup remove_all && [ "$(dmsetup ls)" = "No devices found" ]
}

# mkfs_on FS DEVICE [OPTION...]
mkfs_on() {
	local fs=$1 device=$2 force=-f
	shift 2
	[ "$fs" != ext4 ] || force=-F
	"mkfs.$fs" -q $force "$@" "$device"
}

## Images

# busybox_rootfs DIR: a small root filesystem
busybox_rootfs() {
	local applet
	mkdir -p "$1"/{bin,etc,proc,sys,dev,tmp} || return
	cp /bin/busybox "$1/bin/"
	for applet in sh df ls cat echo sleep dd mount sync stat sha256sum md5sum; do
		ln -s busybox "$1/bin/$applet"
	done
}

# bb_tar FILE: that root filesystem as a tar file for `docker import`
bb_tar() {
	local dir
	dir=$(mktemp -d) || return
	busybox_rootfs "$dir" && chmod 755 "$dir" && tar -C "$dir" -cf "$1" .
}

# debian_package FILE: a package with our maintainer scripts and what `make install` installs
debian_package() {
	local script
	mkdir -p /t/deb/DEBIAN && cp -a /stage/. /t/deb/ || return
	printf '%s\n' 'Package: oci-thin-grow' 'Version: 1' "Architecture: $(dpkg --print-architecture)" \
		'Maintainer: nobody <nobody@example.org>' 'Description: a trial' >/t/deb/DEBIAN/control
	for script in postinst prerm postrm; do
		install -m 755 "/src/packaging/debian/$script" /t/deb/DEBIAN/ || return
	done
	dpkg-deb --build /t/deb "$1"
}

# oci_layout FILE: that root filesystem as an OCI image for image_import; by default it runs sleep
oci_layout() (
	work=$(mktemp -d) && cd "$work" || exit
	umoci init --layout oci && umoci new --image oci:latest && umoci unpack --image oci:latest bundle || exit
	busybox_rootfs bundle/rootfs && umoci repack --image oci:latest bundle || exit
	umoci config --image oci:latest --config.cmd /bin/sleep --config.cmd 100000 && tar -C oci -cf "$1" .
)

# enter PID COMMAND...: runs COMMAND in the container of process PID. Engines' own commands for that take much longer, and
# their output is lost if it is read too late.
enter() {
	nsenter -t "$1" -m -p -r -w "${@:2}"
}

## Engines, with their data in $DATA on /dev/mapper/pool and filesystem $FS. Each logs to /run/NAME.log.

# containerd_start TOML: containerd with TOML in its configuration. On a busy machine a shim takes longer to answer than the
# few seconds that containerd waits by default before it takes the shim for dead.
containerd_start() {
	cat >/run/containerd.toml <<-END
		version = 2
		root = "$DATA/containerd"
		state = "/run/containerd"
		$1
		[timeouts]
			"io.containerd.timeout.shim.load" = "5m"
			"io.containerd.timeout.shim.cleanup" = "5m"
			"io.containerd.timeout.shim.shutdown" = "5m"
			"io.containerd.timeout.task.state" = "5m"
	END
	containerd_run
}

# image_import NAME FILE: imports an image of oci_layout as NAME:latest. containerd 2's transfer service lacks devmapper.
image_import() {
	local how=()
	! ctr image import --help | grep -q -e --local || how=(--local)
	ctr image import "${how[@]}" --snapshotter devmapper --base-name "$1" "$2"
}

# ctr_df ID [OPTION...]: a container that prints the size of its / to /run/out. Its shim writes that file itself: ctr sometimes
# ends before it has read any.
ctr_df() {
	local id=$1
	shift
	: >/run/out
	timeout 300 ctr run --rm --snapshotter devmapper --log-uri file:///run/out "$@" local/bb:latest "$id" df -m / \
		2>/run/err && return
	cat /run/err
	return 1
}

# ctr_out ID COMMAND...: the output of COMMAND in the container. ctr sometimes ends before it has read any, so it tries again.
ctr_out() {
	local id=$1 out='' try
	shift
	for try in {1..10}; do
		out=$(ctr task exec --exec-id "x$try" "$id" "$@" </dev/null)
		[ -z "$out" ] || break
	done
	echo "$out"
}

# containerd_run: starts containerd with the configuration of before
containerd_run() {
	containerd -c /run/containerd.toml >>/run/containerd.log 2>&1 &
	containerd_pid=$!
	# By default ctr tries for ten seconds before it reports that it cannot connect.
	up containerd ctr --connect-timeout 1s version
}

containerd_runs() {
	[ -n "${containerd_pid:-}" ] && kill -0 "$containerd_pid" 2>/dev/null
}

devmapper_ready() {
	ctr plugin ls | grep -q 'devmapper.* ok'
}

# containerd_up [TOML]: containerd with the devmapper snapshotter, and TOML added to its configuration
# shellcheck disable=SC2120
containerd_up() {
	containerd_start '
		[plugins."io.containerd.snapshotter.v1.devmapper"]
			pool_name = "pool"
			root_path = "'"$DATA"'/devmapper"
			base_image_size = "'"${BASE_SIZE:-1GB}"'"
			fs_type = "'"$FS"'"
		'"${1:-}" && up containerd devmapper_ready
}

containerd_down() {
	kill "$containerd_pid"
	wait "$containerd_pid" || true
}

containerd_kill9() {
	kill -KILL "$containerd_pid"
	wait "$containerd_pid" || true
}

# Docker and podman have a devicemapper driver of their own, for the last time in Debian 12.
has_own_driver() {
	[ "$SUITE" = bullseye ] || [ "$SUITE" = bookworm ]
}

# docker_up [ARG...]: dockerd with ARGs added, and with the settings in the file DOCKER_JSON, if set. It uses its own driver
# if it has one, else containerd's. containerd is started if it does not run; docker_down does not stop it. By default dockerd
# waits 15 seconds for its containers to end; one that takes longer cannot be started again.
docker_up() {
	local driver=() guest='{}' network=(--bridge none --iptables=false --ip-forward=false)
	if has_own_driver; then
		containerd_runs || containerd_start "" || return
		driver=(--storage-driver devicemapper --storage-opt dm.thinpooldev=/dev/mapper/pool
			--storage-opt "dm.fs=$FS" --storage-opt "dm.basesize=${BASE_SIZE:-1G}")
	else
		containerd_runs || containerd_up "" || return
		guest='{"features":{"containerd-snapshotter":true},"storage-driver":"devmapper"}'
	fi
	! dockerd --help | grep -q -e --ip6tables || network+=(--ip6tables=false)
	{ echo '{"shutdown-timeout":300}' "$guest"; cat "${DOCKER_JSON:-/dev/null}"; } | jq -s add >/run/docker.json || return
	dockerd --config-file /run/docker.json --data-root "$DATA/docker" --containerd /run/containerd/containerd.sock \
		"${network[@]}" "${driver[@]}" "$@" >>/run/dockerd.log 2>&1 &
	docker_pid=$!
	up dockerd docker version
}

docker_down() {
	kill "$docker_pid"
	wait "$docker_pid" || true
}

docker_kill9() {
	kill -KILL "$docker_pid"
	wait "$docker_pid" || true
	# A killed dockerd leaves its pid file, and the next one refuses to start if that pid is in use.
	rm -f /run/docker.pid /var/run/docker.pid
}

# podman_idle: the podman that conmon starts after a container's end has ended. One that starts while another creates or
# deletes a device takes that open transaction for one of before a crash, and deletes the device.
podman_idle() {
	local conmon
	! pgrep -x podman || return
	for conmon in $(pgrep -x conmon); do
		pgrep -P "$conmon" || return
	done
}

# pm ARG...: podman (bookworm's is the last with the devicemapper driver), with PODMAN_EXTRA before ARGs
pm() {
	printf '[containers]\nnetns = "none"\nlog_driver = "k8s-file"\n' >/run/containers.conf
	wait_for podman_idle || return
	# shellcheck disable=SC2086
	CONTAINERS_CONF=/run/containers.conf podman --root "$DATA/podman" --runroot /run/podman \
		--storage-driver devicemapper --storage-opt test=true --storage-opt dm.thinpooldev=/dev/mapper/pool \
		--storage-opt "dm.basesize=${BASE_SIZE:-1G}" --storage-opt "dm.fs=$FS" \
		--cgroup-manager cgroupfs --events-backend file ${PODMAN_EXTRA:-} "$@"
}

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# README.md: every block of commands in it is typed exactly as written and in order, or this test has the reason why not.
# kernel: bookworm:forky
# suites: bookworm
# matrix: FS=ext4
# limit: 600
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh
# shellcheck source=tests/guest/docker.sh
. /src/tests/guest/docker.sh

# blocks: writes the code blocks of README.md to /t/readme/NN.LANGUAGE
blocks() {
	mkdir -p /t/readme
	awk '/^```/ { if (file) { close(file); file = "" } else file = sprintf("/t/readme/%02d.%s", ++n, substr($0, 4)); next }
		file { print >file }' /src/README.md
}

# typed FILE: runs its commands as an operator types them; their output is in /run/typed
typed() {
	(cd /t && bash -e "$1") >/run/typed 2>&1 </dev/null || {
		cat /run/typed
		return 1
	}
}

# says REGEX: the output of the last block matches
says() {
	like "$title: the output is as expected" "$(cat /run/typed)" "$1"
}

# package NAME: builds the package that README names, from what `make install` installs
package() {
	local script version=${1#*_}
	mkdir -p /t/deb/DEBIAN && cp -a /stage/. /t/deb/ || return
	printf '%s\n' 'Package: oci-thin-grow' "Version: ${version%%_*}" "Architecture: $(dpkg --print-architecture)" \
		'Maintainer: nobody <nobody@example.org>' 'Description: a trial' >/t/deb/DEBIAN/control
	for script in postinst prerm postrm; do
		install -m 755 "/src/packaging/debian/$script" /t/deb/DEBIAN/ || return
	done
	dpkg-deb --build /t/deb "/t/$1" && echo 'APT::Get::Assume-Yes "true";' >/etc/apt/apt.conf.d/90yes
}

# stand_in NAME <SCRIPT: a program of that name that is found before the real one
stand_in() {
	cat >"/usr/local/bin/$1" && chmod 755 "/usr/local/bin/$1"
}

# The guest has no systemd: a stand-in does what README has it do to services.
without_systemd() {
	stand_in systemctl <<-'END'
		#!/bin/bash
		case $* in
		"reload docker")
			kill -HUP "$(cat /run/docker.pid)"
			until docker info -f '{{.DefaultRuntime}}' | grep -qx oci-thin-grow; do sleep .1; done
			;;
		"restart docker") kill "$(cat /run/docker.pid)" ;;
		"enable --now oci-thin-growd.service") setsid /usr/sbin/oci-thin-growd >/run/growd.log 2>&1 & ;;
		"enable --now "*) shift 2 && cd /usr/lib/systemd/system && ls "$@" ;;
		*) exit 1 ;;
		esac
	END
}

# Each engine has a pool of its own.
other_pool() {
	dmsetup create "$1" --table "0 $((10 * 2097152)) thin-pool $(loop_on "/t/$1.meta" 100M) $(loop_on "/t/$1.data" 10G) 128 32768 1 skip_block_zeroing"
}

podman_with_thin_disks() {
	other_pool pool-podman || return
	printf '[containers]\nnetns = "none"\nlog_driver = "k8s-file"\n' >/etc/containers/containers.conf
	stand_in podman <<-END
		#!/bin/bash
		exec /usr/bin/podman --root $DATA/podman --runroot /run/podman --storage-driver devicemapper --storage-opt test=true \
			--storage-opt dm.thinpooldev=/dev/mapper/pool-podman --storage-opt dm.basesize=1G --storage-opt dm.fs=$FS \
			--cgroup-manager cgroupfs --events-backend file "\$@"
	END
	podman import --change 'CMD ["sleep", "10000"]' /t/bb.tar localhost/postgres:16
}

containerd_with_thin_disks() {
	other_pool pool-containerd && containerd_start '
		[plugins."io.containerd.snapshotter.v1.devmapper"]
			pool_name = "pool-containerd"
			root_path = "'"$DATA"'/devmapper"
			base_image_size = "1GB"
			fs_type = "'"$FS"'"' && up containerd devmapper_ready || return
	oci_layout /t/oci.tar && ctr image import --snapshotter devmapper --base-name docker.io/library/postgres /t/oci.tar &&
		ctr image tag docker.io/library/postgres:latest docker.io/library/postgres:16
}

docker_with_a_full_container() {
	mkdir -p /etc/docker && echo '{}' >/etc/docker/daemon.json
	docker_up --config-file /etc/docker/daemon.json &&
		docker import -c 'CMD ["sleep", "10000"]' /t/bb.tar postgres:16 && docker tag postgres:16 nginx || return
	docker run -d --name web nginx && ! docker exec web dd if=/dev/zero of=/full bs=1M
}

write_in() {
	docker exec "$1" dd if=/dev/zero of=/more bs=1M count=8
}

default_runtime_is() {
	[ "$(docker info -f '{{.DefaultRuntime}}')" = "$1" ]
}

# break_web: what an engine reports for a grown container whose device is too short again
break_web() {
	rm /usr/lib/udev/rules.d/94-oci-thin-grow.rules && udevadm control --reload || return
	docker stop -t 0 web && ! docker start web 2>/t/engine-says && cat /t/engine-says
}

# not_typed REASON
not_typed() {
	ok "$title: not typed here: $1" true
}

# is_in_readme FILE: README has the error in it; the lines of FILE are one message
is_in_readme() {
	tr '\n' ' ' <"$1" | grep -i -f <(sed -n 's/^Docker, podman: //; s/…/.*/gp' "$errors")
}

# block FILE: types it and checks the result, or records why not
block() {
	title="README: $(head -n 1 "$1" | sed 's/  *#.*//')"
	case ${title#README: } in
	"dmsetup ls "*)
		ok "$title: succeeds" typed "$1"
		says '^docker-.*'
		;;
	"apt install "*)
		ok "$title: the package is built" package "$(grep -om 1 'oci-thin-grow_[^ ]*.deb' "$1")"
		ok "$title: web cannot write before" not write_in web
		ok "$title: succeeds" typed "$1"
		says 'web.*grown from 1 GiB to 21 GiB'
		ok "$title: web can write again" write_in web
		;;
	"echo '{ \"autogrow"*)
		ok "$title: succeeds" typed "$1"
		says 'up to 100 GiB'
		ok "$title: the daemon runs" wait_for pkill -x oci-thin-growd
		;;
	"install -D "*)
		ok "$title: web starts" docker start web
		like "$title: web has 21 GiB before" "$(df_in web)" '^2[01][0-9]{3}$'
		ok "$title: without the rule web does not start" break_web
		ok "$title: README has the error of Docker" is_in_readme /t/engine-says
		ok "$title: succeeds" typed "$1"
		like "$title: web has 21 GiB after" "$(df_in web)" '^2[01][0-9]{3}$'
		;;
	"oci-thin-grow enable docker "*)
		ok "$title: succeeds" typed "$1"
		says '4 GiB.*label.io\.oci-thin-grow\.size'
		like "$title: db has 4 GiB" "$(df_in db)" "$MIB_4G"
		ok "$title: the wrapper is the default runtime" default_runtime_is oci-thin-grow
		;;
	"podman run "*)
		ok "$title: succeeds" typed "$1"
		like "$title: db has 4 GiB" "$(podman exec db df -m / | awk 'END { print $(NF-4) }')" "$MIB_4G"
		;;
	"ctr run "*)
		ok "$title: succeeds" typed "$1"
		like "$title: db has 4 GiB" "$(ctr_out db df -m / | awk 'END { print $(NF-4) }')" "$MIB_4G"
		;;
	"oci-thin-grow config check")
		ok "$title: succeeds" typed "$1"
		says 'databases'
		ok "$title: the program is disabled" test -e /run/oci-thin-grow/disabled
		rm /run/oci-thin-grow/disabled
		;;
	"oci-thin-grow doctor")
		ok "$title: succeeds" typed "$1"
		says 'oci_thin_grow_pool_data_bytes'
		;;
	"docker rm -f db")
		ok "$title: succeeds" typed "$1"
		wait "$docker_pid"
		ok "$title: Docker starts" docker_up --config-file /etc/docker/daemon.json
		ok "$title: runc is the default runtime" default_runtime_is runc
		ok "$title: the program is removed" not test -e /usr/sbin/oci-thin-grow
		;;
	"make demo") not_typed "these start guests, and this is one of them" ;;
	"{") ok "README: the configuration is installed" cp "$1" /etc/oci-thin-grow/config.json ;;
	"metadata: "*) not_typed "needs a cluster; t-cri.sh and t-kubernetes.sh" ;;
	*) ok "$title: this test knows the block" false ;;
	esac
}

ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up
ok "a tar image is built" bb_tar /t/bb.tar
ok "systemctl has a stand-in" without_systemd
ok "containerd with an image runs" containerd_with_thin_disks
ok "podman with an image is ready" podman_with_thin_disks
ok "Docker with a container whose disk is full runs" docker_with_a_full_container
blocks
errors=$(ls /t/readme/*.text)
for file in /t/readme/*; do
	[ "$file" = "$errors" ] || block "$file"
done
finish

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# README.md: every block of commands in it is typed as it stands, in its order, or this test has the reason why not.
# suites: bookworm
# matrix: FS=ext4
# limit: 600
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh
# shellcheck source=tests/guest/docker.sh
. /src/tests/guest/docker.sh

# blocks: the code blocks of README.md as /t/readme/NN.LANGUAGE
blocks() {
	mkdir -p /t/readme
	awk '/^```/ { if (file) { close(file); file = "" } else file = sprintf("/t/readme/%02d.%s", ++n, substr($0, 4)); next }
		file { print >file }' /src/README.md
}

# typed FILE: the commands in it, as an operator types them; what they say is in /run/typed
typed() {
	(cd /t && bash -e "$1") >/run/typed 2>&1 </dev/null || {
		cat /run/typed
		return 1
	}
}

# says REGEX: what was typed last said so
says() {
	like "$title: says" "$(cat /run/typed)" "$1"
}

# package: the file of the name that README has, from what `make install` installs
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

# stand_in NAME <SCRIPT: a program of that name comes before the real one
stand_in() {
	cat >"/usr/local/bin/$1" && chmod 755 "/usr/local/bin/$1"
}

# The guest has no systemd: what README has it do to services is done by hand.
without_systemd() {
	stand_in systemctl <<-'END'
		#!/bin/bash
		case $* in
		"reload docker")
			kill -HUP "$(cat /run/docker.pid)"
			until docker info -f '{{.DefaultRuntime}}' | grep -qx oci-thin-grow; do sleep .1; done
			;;
		"restart docker") kill "$(cat /run/docker.pid)" ;;
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

# What engines say of a grown container whose device is too short again.
break_web() {
	rm /usr/lib/udev/rules.d/94-oci-thin-grow.rules && udevadm control --reload || return
	docker stop -t 1 web && ! docker start web 2>/t/engine-says && cat /t/engine-says
}

# not_typed REASON
not_typed() {
	ok "$title: not typed here: $1" true
}

# is_in_readme FILE: the error in it, all of whose lines are one
is_in_readme() {
	tr '\n' ' ' <"$1" | grep -i -f <(sed -n 's/^Docker, podman: //; s/…/.*/gp' "$errors")
}

# block FILE: typed, and what must be true then; or why not
block() {
	title="README: $(head -n 1 "$1" | sed 's/  *#.*//')"
	case ${title#README: } in
	"dmsetup ls "*)
		ok "$title" typed "$1"
		says '^docker-.*'
		;;
	"apt install "*)
		ok "$title: a package" package "$(grep -om 1 'oci-thin-grow_[^ ]*.deb' "$1")"
		ok "web is full" not write_in web
		ok "$title" typed "$1"
		says 'web.*grown from 1 GiB to 21 GiB'
		ok "$title: web writes again" write_in web
		;;
	"install -D "*)
		ok "web starts" docker start web
		like "web has its 21 GiB" "$(df_in web)" '^2[01][0-9]{3}$'
		ok "without the rule web does not start" break_web
		ok "README has what Docker says then" is_in_readme /t/engine-says
		ok "$title" typed "$1"
		like "$title: web has its 21 GiB" "$(df_in web)" '^2[01][0-9]{3}$'
		;;
	"oci-thin-grow enable docker "*)
		ok "$title" typed "$1"
		says '4 GiB.*label.io\.oci-thin-grow\.size'
		like "$title: 4 GiB" "$(df_in db)" "$MIB_4G"
		ok "$title: the wrapper is the default" default_runtime_is oci-thin-grow
		;;
	"podman run "*)
		ok "$title" typed "$1"
		like "$title: 4 GiB" "$(podman exec db df -m / | awk 'END { print $(NF-4) }')" "$MIB_4G"
		;;
	"ctr run "*)
		ok "$title" typed "$1"
		like "$title: 4 GiB" "$(ctr_out db df -m / | awk 'END { print $(NF-4) }')" "$MIB_4G"
		;;
	"oci-thin-grow config check")
		ok "$title" typed "$1"
		says 'databases'
		ok "$title: switched off" test -e /run/oci-thin-grow/disabled
		rm /run/oci-thin-grow/disabled
		;;
	"oci-thin-grow doctor")
		ok "$title" typed "$1"
		says 'oci_thin_grow_pool_data_bytes'
		;;
	"docker rm -f db")
		ok "$title" typed "$1"
		wait "$docker_pid"
		ok "$title: Docker starts" docker_up --config-file /etc/docker/daemon.json
		ok "$title: without the wrapper" default_runtime_is runc
		ok "$title: the program is gone" not test -e /usr/sbin/oci-thin-grow
		;;
	"make demo") not_typed "these start guests, and this is one of them" ;;
	"{") ok "README: the configuration" cp "$1" /etc/oci-thin-grow/config.json ;;
	"metadata: "*) not_typed "needs a cluster; t-cri.sh and t-kubernetes.sh" ;;
	*) ok "$title: has a test here, or the reason why not" false ;;
	esac
}

ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up
ok "a tar image is built" bb_tar /t/bb.tar
ok "no systemd here" without_systemd
ok "containerd, with an image" containerd_with_thin_disks
ok "podman, with an image" podman_with_thin_disks
ok "Docker, with a container whose disk is full" docker_with_a_full_container
blocks
errors=$(ls /t/readme/*.text)
for file in /t/readme/*; do
	[ "$file" = "$errors" ] || block "$file"
done
finish

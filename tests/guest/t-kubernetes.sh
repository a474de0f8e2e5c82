#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# packaging/kubernetes: the manifests, as far as they can be checked without a cluster, and the installer, with this guest as
# the node, in a privileged pod like the DaemonSet's.
# kernel: trixie:forky
# suites: trixie
# limit: 600
# drivers: cri
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh
# shellcheck source=tests/guest/pod.sh
. /src/tests/guest/pod.sh

K=/src/packaging/kubernetes
PROGRAM=/usr/sbin/oci-thin-grow

## The manifests

# manifests FILTER: runs jq on all of them
manifests() {
	jq -r "$1" /t/all.json
}

# kubectl parses and prints a DaemonSet with its own types: fields that it does not know get lost.
typed() {
	kubectl set serviceaccount --local -f /t/all.yaml -o json nobody 2>/t/typed.err |
		jq -S 'del(.. | nulls, .status?) | del(.spec.updateStrategy, .spec.template.spec.serviceAccount,
			.spec.template.spec.serviceAccountName)' | sed '/: {},*$/d'
}

written() {
	manifests 'select(.kind == "DaemonSet") | del(.metadata.labels, .spec.template.spec.serviceAccountName)' | jq -S . | sed '/: {},*$/d'
}

check_manifests() {
	ok "kustomize builds the manifests" sh -c "kustomize build $K >/t/all.yaml"
	ok "kubectl builds the same" sh -c "kubectl kustomize $K | cmp - /t/all.yaml"
	ok "kubectl parses the manifests" sh -c "kubectl label --local -f /t/all.yaml -o json checked=yes >/t/all.json"
	is "the manifests have all expected kinds" "$(manifests .kind | sort | uniq -c | tr -s ' \n' ' ')" \
		" 1 ClusterRole 1 ClusterRoleBinding 1 ConfigMap 2 DaemonSet 1 Namespace 1 ResourceQuota 1 RuntimeClass 1 ServiceAccount 1 ValidatingAdmissionPolicy 1 ValidatingAdmissionPolicyBinding "
	is "all objects with a namespace are in ours" \
		"$(manifests 'select(.metadata.namespace == "oci-thin-grow") | .kind' | sort -u | tr '\n' ' ')" \
		"ConfigMap DaemonSet ResourceQuota ServiceAccount "
	is "kubectl knows every field of the DaemonSets" "$(typed)" "$(written)"
	is "kubectl can parse the other objects" "$(grep -v 'does not have a pod template\|^error: [a-z./0-9]*oci-thin-grow\|^$' /t/typed.err)" ""
	is "the ConfigMap that the DaemonSets mount exists" \
		"$(manifests 'select(.kind == "DaemonSet") | .spec.template.spec.volumes[].configMap.name // empty' | sort -u)" \
		"$(manifests 'select(.kind == "ConfigMap") | .metadata.name')"
	is "the quota covers the priority class of the DaemonSets" \
		"$(manifests 'select(.kind == "ResourceQuota") | .spec.scopeSelector.matchExpressions[].values[]')" \
		"$(manifests 'select(.kind == "DaemonSet") | .spec.template.spec.priorityClassName' | sort -u)"
	is "the RuntimeClass names the handler of containerd" "$(manifests 'select(.kind == "RuntimeClass") | .handler')" oci-thin-grow
	is "only the containers that set and remove the label have a token" \
		"$(manifests 'select(.kind == "DaemonSet") | .spec.template.spec | (.initContainers + .containers)[] |
			select(any(.volumeMounts[]?; .name == "token")) | .name' | xargs)" "label unlabel"
	is "the label is set after the installation and removed before the removal" \
		"$(manifests 'select(.kind == "DaemonSet") | .spec.template.spec.initContainers[].name' | xargs)" \
		"install label unlabel remove"
}

# api_up: the parts of the Kubernetes API that `kubectl label` needs for a node; the node is in /t/node.json
api_up() {
	cat >/t/api.py <<-'END'
		import http.server, json
		lists = {
		    "/api": {"kind": "APIVersions", "versions": ["v1"]},
		    "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
		    "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": [
		        {"name": "nodes", "singularName": "node", "namespaced": False, "kind": "Node", "verbs": ["get", "patch"]}]},
		}
		node = {"kind": "Node", "apiVersion": "v1", "metadata": {"name": "node1", "labels": {"io.oci-thin-grow/node": "install"}}}
		class Handler(http.server.BaseHTTPRequestHandler):
		    def answer(self, status, body):
		        self.send_response(status)
		        self.send_header("Content-Type", "application/json")
		        self.end_headers()
		        self.wfile.write(json.dumps(body).encode())
		    def do_GET(self):
		        path = self.path.split("?")[0]
		        body = node if path == "/api/v1/nodes/node1" else lists.get(path)
		        self.answer(200 if body else 404, body or {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404})
		    def do_PATCH(self):
		        patch = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
		        for key, value in patch.get("metadata", {}).get("labels", {}).items():
		            if value is None:
		                node["metadata"]["labels"].pop(key, None)
		            else:
		                node["metadata"]["labels"][key] = value
		        json.dump(node, open("/t/node.json", "w"))
		        self.answer(200, node)
		http.server.HTTPServer(("127.0.0.1", 8001), Handler).serve_forever()
	END
	python3 /t/api.py >/t/api.log 2>&1 &
	wait_for kubectl --server http://127.0.0.1:8001 get node node1 -o name
}

# init_container NAME: runs the command of this init container of the DaemonSets against our API server
init_container() {
	local args
	# shellcheck disable=SC2016
	mapfile -t args < <(manifests 'select(.kind == "DaemonSet") | .spec.template.spec.initContainers[] |
		select(.name == "'"$1"'") | .command[], .args[]' | sed 's/\$(NODE_NAME)/node1/')
	"${args[@]}" --server http://127.0.0.1:8001
}

# fits: could the scheduler place a pod of the RuntimeClass on the node?
fits() {
	manifests 'select(.kind == "RuntimeClass") | .scheduling.nodeSelector' >/t/selector.json
	jq -e --slurpfile selector /t/selector.json '.metadata.labels | contains($selector[0])' /t/node.json >/dev/null
}

check_label() {
	ok "label: the API server comes up" api_up
	ok "label: the node is labelled" init_container label
	ok "label: pods of the RuntimeClass can be scheduled on the node" fits
	ok "label: labelling a second time succeeds" init_container label
	ok "label: the label is removed" init_container unlabel
	ok "label: no pod of the RuntimeClass can be scheduled any more" not fits
	ok "label: removing a second time succeeds" init_container unlabel
	is "label: the label that the operator set is still there" "$(jq -c .metadata.labels /t/node.json)" '{"io.oci-thin-grow/node":"install"}'
}

# by_program SIZE...: prints those that the program accepts as sizes
by_program() {
	local size
	for size; do
		jq -n --arg size "$size" '{ ociVersion: "1.0.2", id: "c", status: "creating", bundle: "",
			annotations: { "io.oci-thin-grow.size": $size } }' >/run/state
		"$PROGRAM" explain --state /run/state 2>&1 | grep -q 'is not a size' || echo "$size"
	done
}

# The guest has no CEL. Kubernetes uses RE2, in which this expression means the same as in grep.
check_admission() {
	local regex good bad
	regex=$(manifests 'select(.kind == "ValidatingAdmissionPolicy") | .spec.validations[0].expression' |
		sed "s/.*matches('\(.*\)').*/\1/")
	good=(4G 4g 4GB 4GiB 4gib 42 42B 42b 1.5T 0.25p 10M 8K 007G)
	bad=("" " 4G" "4G " 4X 4GG 4iB 4Gi.B 1.5 1.5B .5G 1.G -1G +1G 0x10 1e3 4KIBB "4,5G")
	is "admission: the policy accepts valid sizes only" "$(printf '%s\n' "${good[@]}" "${bad[@]}" | grep -E "$regex")" "$(printf '%s\n' "${good[@]}")"
	is "admission: the program accepts the same sizes" "$(by_program "${good[@]}" "${bad[@]}")" "$(printf '%s\n' "${good[@]}")"
}

## The node

shipped() {
	(cd /stage && find ./usr -type f -o -type l) | sed 's/^\.//'
}

# bare_node: removes all our files from this host
bare_node() {
	shipped | xargs rm -rf /etc/oci-thin-grow
	! command -v oci-thin-grow && [ -z "$(present)" ]
}

# present: our files that exist
present() {
	local path
	shipped | while read -r path; do
		[ ! -e "$path" ] || echo "$path"
	done
}

absent() {
	local path
	shipped | while read -r path; do
		[ -e "$path" ] || echo "$path"
	done
}

# files: inode and time of each file, which change if it is written again
files() {
	shipped | xargs stat -c '%i %Y %n' /run/containerd.toml /etc/oci-thin-grow/config.d/50-kubernetes.json
}

# settings: a ConfigMap as a kubelet mounts it, writable by others
settings() {
	rm -rf /run/settings
	mkdir -p /run/settings/..data
	cp $K/policy.json /run/settings/..data/
	chmod 666 /run/settings/..data/*
	ln -s ..data/policy.json /run/settings/
}

# installer VERB [OPTION...]: runs the installer by hand
installer() {
	"$K/install.sh" "$@" --host / --payload /stage --settings /run/settings --containerd /run/containerd.toml \
		--restart 'echo >>/run/restarts' >/run/out 2>&1 && return
	cat /run/out
	return 1
}

restarts() {
	wc -l 2>/dev/null </run/restarts || echo 0
}

containerd_again() {
	containerd_down && containerd_run && up containerd devmapper_ready
}

# pod_install VERB: runs it in a privileged pod that has the host's root, as the DaemonSet's init container does
pod_install() {
	cri exec "$installer" /oci-thin-grow/install.sh "$1" --containerd /run/containerd.toml --restart 'echo >>/run/restarts' \
		>/run/out 2>&1 && return
	cat /run/out /run/cri.err
	return 1
}

# installer_up: runs a pod with the host's tools, our program and our installer
installer_up() {
	mkdir -p /run/image && cp -a /stage /run/image/root && cp "$K/install.sh" /run/image/ || return
	POD_FILTER='.linux.security_context.privileged = true' run_pod runc oci-thin-grow || return
	CONTAINER_FILTER='.linux.security_context.privileged = true | .mounts = [
		["/", "/host"], ["/run/image", "/oci-thin-grow"], ["/run/settings", "/settings"],
		["/usr", "/usr"], ["/usr/bin", "/bin"], ["/usr/lib", "/lib"], ["/usr/lib64", "/lib64"]] |
		.mounts |= map({ host_path: .[0], container_path: .[1], readonly: (.[1] != "/host") })' \
		run_container install || return
	installer=$container installer_pod=$pod
}

# interrupted: the half-written temporary files and the pending restart that a killed run leaves
# (No run gets a SIGKILL: in a shell, which forks all the time, that is no reliable test on User-mode Linux.)
interrupted() {
	local path
	mkdir -p /usr/lib/udev/rules.d /usr/libexec/oci/hooks.d /usr/share/containers/oci/hooks.d /etc/oci-thin-grow/config.d
	for path in $PROGRAM /usr/lib/udev/rules.d/94-oci-thin-grow.rules /etc/oci-thin-grow/config.d/50-kubernetes.json \
		/usr/share/containers/oci/hooks.d/50-oci-thin-grow.json; do
		head -c 1000 /dev/urandom >"${path%/*}/.${path##*/}.new" || return
	done
	ln -s nowhere /usr/libexec/oci/hooks.d/.oci-thin-grow.new
}

# other VERB COMMAND: runs the installer by hand for a containerd configuration that is not in use, with COMMAND as its restart
other() {
	"$K/install.sh" "$1" --host / --payload /stage --settings /run/settings --containerd /t/other.toml --restart "$2"
}

TASKS=/run/containerd/io.containerd.runtime.v2.task/k8s.io

# vm_of_the_administrator: what `enable --shim kata containerd` leaves on the node, and a container of that handler
vm_of_the_administrator() {
	local link=/usr/local/bin/containerd-shim-oci-thin-grow-kata-v2
	ln -s "$PROGRAM" "$link" && mkdir -p "$TASKS/vm1" && printf %s "$link" >"$TASKS/vm1/shim-binary-path" &&
		printf '%s\n' '// made by "oci-thin-grow enable --shim kata containerd": what the handler kata ran' \
			'{ "shims": { "kata": "/opt/kata/bin/containerd-shim-kata-v2" } }' >/etc/oci-thin-grow/config.d/60-shim-kata.json
}

# enabled: our units that are
enabled() {
	find /etc/systemd/system -name 'oci-thin-grow*' -printf '%f\n' | sort | xargs
}

said() {
	"$@" >/run/said 2>&1
}

# cut_short: the installer is killed after it has added the handler and before the restart
cut_short() {
	# shellcheck disable=SC2016
	other install 'kill $PPID' 2>/run/said
	[ -e /run/oci-thin-grow-node/restart ] && grep -q 'runtimes.oci-thin-grow' /t/other.toml
}

# absolute_links: as some distributions have them; in the installer's container they lead to the container's own files
absolute_links() {
	rm -rf /usr/libexec/oci && mkdir -p /opt/oci /run/node && ln -s /opt/oci /usr/libexec/oci &&
		mv /run/containerd.toml /run/node/real.toml && ln -s /run/node/real.toml /run/containerd.toml
}

# litter: half-written temporary files
litter() {
	find /usr/sbin /usr/libexec /usr/share/containers /usr/lib/udev /etc/oci-thin-grow /t -maxdepth 4 -name '.*.new'
}

# wrong_for WHAT REGEX: the installer installs nothing on this node, and reports why
wrong_for() {
	ok "$1: the installation is refused" not installer install
	like "$1: the reason is reported" "$(cat /run/out)" "$2"
}

ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up
check_manifests
check_admission
check_label

settings
ok "by hand: the program is removed from the node" bare_node
cri_toml >/t/other.toml
sed -i '1i version = 2' /t/other.toml
cp /t/other.toml /t/other.before
ok "by hand: half-written files of a killed run are created" interrupted
mkdir /t/.other.toml.new
ok "by hand, restart fails: install fails" not other install 'echo >>/run/failed; false'
is "by hand, restart fails: the configuration is restored" "$(cat /t/other.toml)" "$(cat /t/other.before)"
ok "by hand, restart fails: nothing is written beside the configuration" rmdir /t/.other.toml.new
is "by hand, restart fails: no temporary file is left beside the configuration" "$(echo /t/other.toml*)" /t/other.toml
is "by hand, restart fails: containerd is started again with the restored file" "$(wc -l </run/failed)" 2
ok "by hand, second restart succeeds: install fails" not said other install 'test -e /run/again || { >/run/again; false; }'
like "by hand, second restart succeeds: that is reported" "$(cat /run/said)" 'did not restart with the changed configuration; it runs again'
is "by hand, second restart succeeds: no restart is pending" "$(ls /run/oci-thin-grow-node)" lock
ok "by hand: the installer is killed before the restart" cut_short
ok "by hand: the next install succeeds" other install 'echo >>/run/other'
ok "by hand: the next install catches up on the restart" test -s /run/other
ok "by hand, restart fails: remove fails" not other remove false
like "by hand, restart fails: remove keeps the handler" "$(cat /t/other.toml)" 'runtimes.oci-thin-grow'
is "by hand: no temporary file is left" "$(litter)" ""
is "by hand: all files are installed" "$(absent)" ""
ok "by hand: the installed program runs" "$PROGRAM" --version
like "by hand: containerd has the handler" "$(containerd --config /t/other.toml config dump)" 'runtimes.oci-thin-grow.*oci-thin-grow-runtime'
systemctl enable oci-thin-growd
ok "by hand: a container with a shim of ours runs" vm_of_the_administrator
ok "by hand: purge is refused while it runs" not said other purge true
like "by hand: purge names the container with the shim" "$(cat /run/said)" 'still use it.* vm1$'
is "by hand: that leaves the daemon enabled" "$(enabled)" "oci-thin-grow-heal.timer oci-thin-grow-metrics.timer oci-thin-growd.service"
rm -r "$TASKS/vm1"
ok "by hand: purge succeeds" other purge true
is "by hand: purge disables all units" "$(enabled)" ""
is "by hand: purge removes what enable left" "$(ls -A /usr/local/bin /etc/oci-thin-grow 2>/run/null)" "/usr/local/bin:"
is "by hand: purge removes all files" "$(present)" ""
is "by hand: purge restores the configuration of containerd" "$(cat /t/other.toml)" "$(cat /t/other.before)"

ok "containerd starts" containerd_up "$(cri_toml)"
ok "an OCI image is built" image_up
cp /run/containerd.toml /run/containerd.before
ok "the links of the node are absolute" absolute_links

ok "the pod of the installer runs" installer_up
ok "install in a pod succeeds" pod_install install
is "all files are installed on the node" "$(absent)" ""
ok "a link of the node is followed on the node" test -L /opt/oci/hooks.d/oci-thin-grow
ok "the configuration of containerd is still a link" test -L /run/containerd.toml
is "the file behind that link has the handler" "$(grep -c 'runtimes.oci-thin-grow]' /run/node/real.toml)" 1
is "links of the package stay relative" "$(readlink /usr/libexec/oci/hooks.d/oci-thin-grow)" ../../../sbin/oci-thin-grow
is "the program is owned by root and not writable by others" "$(stat -c %a:%u:%g $PROGRAM)" 755:0:0
is "the policy is owned by root and not writable by others" "$(stat -c %a:%u:%g /etc/oci-thin-grow/config.d/50-kubernetes.json)" 644:0:0
is "udev has reloaded its rules without an error" "$(grep udev /run/out)" ""
is "containerd was restarted once" "$(restarts)" 1
is "the timers are enabled" "$(enabled)" \
	"oci-thin-grow-heal.timer oci-thin-grow-metrics.timer"
ok "the directory for metrics exists" test -d /var/lib/prometheus/node-exporter
ok "the pod of the installer is removed" rm_pod "$installer_pod"

ok "containerd restarts with the handler" containerd_again
ok "a pod of the RuntimeClass runs" run_pod oci-thin-grow prod io.oci-thin-grow.size=4G
ok "a container of that pod runs" run_container one
grown=$container grown_pod=$pod
like "the container has 4 GiB" "$(size_in "$grown")" "$MIB_4G"

files >/t/before
ok "a second install succeeds" installer install
is "a second install writes nothing" "$(files)" "$(cat /t/before)"
is "a second install restarts nothing" "$(restarts)" 1

mv /run/settings/policy.json /run/settings/good
echo '{ "max_sise": "1T" }' >/run/settings/policy.json
wrong_for "an invalid policy" 'max_sise.*the node keeps its old policy'
is "an invalid policy: the node keeps the old one" "$(cat /etc/oci-thin-grow/config.d/50-kubernetes.json)" "$(cat $K/policy.json)"
mv /run/settings/good /run/settings/policy.json

ok "remove succeeds" installer remove
is "remove restores the configuration of containerd" "$(cat /run/containerd.toml)" "$(cat /run/containerd.before)"
is "remove restarts containerd" "$(restarts)" 2
is "remove keeps all files but the hook configuration" "$(absent)" /usr/share/containers/oci/hooks.d/50-oci-thin-grow.json
ok "containerd restarts without the handler" containerd_again
ok "after remove, no pod of the RuntimeClass starts" not run_pod oci-thin-grow prod io.oci-thin-grow.size=4G
like "after remove, the CRI error names the handler" "$(cat /run/cri.err)" 'no runtime for "oci-thin-grow" is configured'
like "after remove, the running container keeps its 4 GiB" "$(size_in "$grown")" "$MIB_4G"
ok "purge is refused while the container runs" not installer purge
like "purge names the running container" "$(cat /run/out)" "still use it.*$grown"
ok "the wrapper still serves stop after remove" cri stop "$grown"
ok "the pod stops" cri stop-pod "$grown_pod"
ok "purge is refused while the stopped container could start again" not installer purge
like "purge names the device of the stopped container" "$(cat /run/out)" 'would not start again.*pool-snap-[0-9]'
is "a refused purge removes nothing" "$(absent)" /usr/share/containers/oci/hooks.d/50-oci-thin-grow.json
ok "the pod is removed" cri rm-pod "$grown_pod"
ok "purge succeeds without grown containers" wait_for installer purge
is "purge removes all files" "$(present)" ""
is "purge leaves no file with our name" \
	"$(find /usr /etc /var/lib /run/oci-thin-grow -xdev -name '*oci-thin-grow*' ! -path '/usr/share/go*' 2>/dev/null)" ""
finish

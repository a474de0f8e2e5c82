#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# packaging/kubernetes: the manifests, as far as they can be checked without a cluster, and the installer, with this host as
# its node, in a privileged pod like the DaemonSet's.
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

# manifests FILTER: all of them, through jq
manifests() {
	jq -r "$1" /t/all.json
}

# kubectl's own types read and write a DaemonSet: what they do not know is lost on the way.
typed() {
	kubectl set serviceaccount --local -f /t/all.yaml -o json nobody 2>/t/typed.err |
		jq -S 'del(.. | nulls, .status?) | del(.spec.updateStrategy, .spec.template.spec.serviceAccount,
			.spec.template.spec.serviceAccountName)' | sed '/: {},*$/d'
}

written() {
	manifests 'select(.kind == "DaemonSet") | del(.metadata.labels, .spec.template.spec.serviceAccountName)' | jq -S . | sed '/: {},*$/d'
}

check_manifests() {
	ok "kustomize builds" sh -c "kustomize build $K >/t/all.yaml"
	ok "so does kubectl" sh -c "kubectl kustomize $K | cmp - /t/all.yaml"
	ok "they are objects" sh -c "kubectl label --local -f /t/all.yaml -o json checked=yes >/t/all.json"
	is "what there is" "$(manifests .kind | sort | uniq -c | tr -s ' \n' ' ')" \
		" 1 ClusterRole 1 ClusterRoleBinding 1 ConfigMap 2 DaemonSet 1 Namespace 1 ResourceQuota 1 RuntimeClass 1 ServiceAccount 1 ValidatingAdmissionPolicy 1 ValidatingAdmissionPolicyBinding "
	is "only what has a namespace has ours" \
		"$(manifests 'select(.metadata.namespace == "oci-thin-grow") | .kind' | sort -u | tr '\n' ' ')" \
		"ConfigMap DaemonSet ResourceQuota ServiceAccount "
	is "kubectl knows every field of the DaemonSets" "$(typed)" "$(written)"
	is "kubectl can read the others" "$(grep -v 'does not have a pod template\|^error: [a-z./0-9]*oci-thin-grow\|^$' /t/typed.err)" ""
	is "the ConfigMap of the DaemonSets is there" \
		"$(manifests 'select(.kind == "DaemonSet") | .spec.template.spec.volumes[].configMap.name // empty' | sort -u)" \
		"$(manifests 'select(.kind == "ConfigMap") | .metadata.name')"
	is "the quota covers the priority class of the DaemonSets" \
		"$(manifests 'select(.kind == "ResourceQuota") | .spec.scopeSelector.matchExpressions[].values[]')" \
		"$(manifests 'select(.kind == "DaemonSet") | .spec.template.spec.priorityClassName' | sort -u)"
	is "the RuntimeClass has containerd's handler" "$(manifests 'select(.kind == "RuntimeClass") | .handler')" oci-thin-grow
	is "only who sets the label has a token" \
		"$(manifests 'select(.kind == "DaemonSet") | .spec.template.spec | (.initContainers + .containers)[] |
			select(any(.volumeMounts[]?; .name == "token")) | .name' | xargs)" "label unlabel"
	is "the label is set last, and goes first" \
		"$(manifests 'select(.kind == "DaemonSet") | .spec.template.spec.initContainers[].name' | xargs)" \
		"install label unlabel remove"
}

# api_up: of Kubernetes' API what `kubectl label` asks of a node, which is $node1.json
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

# init_container NAME: what that one of the DaemonSets' runs, asking our API server
init_container() {
	local args
	# shellcheck disable=SC2016
	mapfile -t args < <(manifests 'select(.kind == "DaemonSet") | .spec.template.spec.initContainers[] |
		select(.name == "'"$1"'") | .command[], .args[]' | sed 's/\$(NODE_NAME)/node1/')
	"${args[@]}" --server http://127.0.0.1:8001
}

# fits: would the scheduler put a pod of the RuntimeClass on the node?
fits() {
	manifests 'select(.kind == "RuntimeClass") | .scheduling.nodeSelector' >/t/selector.json
	jq -e --slurpfile selector /t/selector.json '.metadata.labels | contains($selector[0])' /t/node.json >/dev/null
}

check_label() {
	ok "an API server" api_up
	ok "the node is labelled" init_container label
	ok "pods of the RuntimeClass may go there" fits
	ok "again" init_container label
	ok "the label goes" init_container unlabel
	ok "no more pods of the RuntimeClass" not fits
	ok "again: nothing to do" init_container unlabel
	is "the operator's own label stays" "$(jq -c .metadata.labels /t/node.json)" '{"io.oci-thin-grow/node":"install"}'
}

# by_program SIZE...: those that it takes for sizes
by_program() {
	local size
	for size; do
		jq -n --arg size "$size" '{ ociVersion: "1.0.2", id: "c", status: "creating", bundle: "",
			annotations: { "io.oci-thin-grow.size": $size } }' >/run/state
		"$PROGRAM" explain --state /run/state 2>&1 | grep -q 'is not a size' || echo "$size"
	done
}

# Kubernetes' CEL is not here; its regular expressions are RE2's, and this one means the same to grep.
check_admission() {
	local regex good bad
	regex=$(manifests 'select(.kind == "ValidatingAdmissionPolicy") | .spec.validations[0].expression' |
		sed "s/.*matches('\(.*\)').*/\1/")
	good=(4G 4g 4GB 4GiB 4gib 42 42B 42b 1.5T 0.25p 10M 8K 007G)
	bad=("" " 4G" "4G " 4X 4GG 4iB 4Gi.B 1.5 1.5B .5G 1.G -1G +1G 0x10 1e3 4KIBB "4,5G")
	is "admission: sizes" "$(printf '%s\n' "${good[@]}" "${bad[@]}" | grep -E "$regex")" "$(printf '%s\n' "${good[@]}")"
	is "admission: so says the program" "$(by_program "${good[@]}" "${bad[@]}")" "$(printf '%s\n' "${good[@]}")"
}

## The node

shipped() {
	(cd /stage && find ./usr -type f -o -type l) | sed 's/^\.//'
}

# bare_node: this host has nothing of ours
bare_node() {
	shipped | xargs rm -rf /etc/oci-thin-grow
	! command -v oci-thin-grow && [ -z "$(present)" ]
}

# what of it is there
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

# files: what tells whether one was written again
files() {
	shipped | xargs stat -c '%i %Y %n' /run/containerd.toml /etc/oci-thin-grow/config.d/50-kubernetes.json
}

# settings: as a ConfigMap is mounted, that others may write
settings() {
	rm -rf /run/settings
	mkdir -p /run/settings/..data
	cp $K/policy.json /run/settings/..data/
	chmod 666 /run/settings/..data/*
	ln -s ..data/policy.json /run/settings/
}

# installer VERB [OPTION...]: by hand
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

# pod_install VERB: in a privileged pod that has the host's root, as the DaemonSet's init container
pod_install() {
	cri exec "$installer" /oci-thin-grow/install.sh "$1" --containerd /run/containerd.toml --restart 'echo >>/run/restarts' \
		>/run/out 2>&1 && return
	cat /run/out /run/cri.err
	return 1
}

# installer_up: a pod of an image that has Debian's tools, which are the host's, our program and our installer
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

# interrupted: what a run leaves that is killed: files half written under their other names, a restart that has not been.
# (Linux 6.12 for User-mode Linux does not survive a SIGKILL to what forks, so it is not killed.)
interrupted() {
	local path
	mkdir -p /usr/lib/udev/rules.d /usr/libexec/oci/hooks.d /usr/share/containers/oci/hooks.d /etc/oci-thin-grow/config.d
	for path in $PROGRAM /usr/lib/udev/rules.d/94-oci-thin-grow.rules /etc/oci-thin-grow/config.d/50-kubernetes.json \
		/usr/share/containers/oci/hooks.d/50-oci-thin-grow.json; do
		head -c 1000 /dev/urandom >"${path%/*}/.${path##*/}.new" || return
	done
	ln -s nowhere /usr/libexec/oci/hooks.d/.oci-thin-grow.new
}

# other VERB COMMAND: by hand, with a containerd's configuration that nobody uses, and COMMAND for its restart
other() {
	"$K/install.sh" "$1" --host / --payload /stage --settings /run/settings --containerd /t/other.toml --restart "$2"
}

said() {
	"$@" >/run/said 2>&1
}

# cut_short: the handler is there, and the restart was not: the installer is killed right then
cut_short() {
	# shellcheck disable=SC2016
	other install 'kill $PPID' 2>/run/said
	[ -e /run/oci-thin-grow-node/restart ] && grep -q 'runtimes.oci-thin-grow' /t/other.toml
}

# absolute_links: as some distributions have them; in the installer's container they lead to that one's own files
absolute_links() {
	rm -rf /usr/libexec/oci && mkdir -p /opt/oci /run/node && ln -s /opt/oci /usr/libexec/oci &&
		mv /run/containerd.toml /run/node/real.toml && ln -s /run/node/real.toml /run/containerd.toml
}

# litter: files that are half written
litter() {
	find /usr/sbin /usr/libexec /usr/share/containers /usr/lib/udev /etc/oci-thin-grow /t -maxdepth 4 -name '.*.new'
}

# wrong_for WHAT REGEX: on this node nothing is installed, and the installer says why
wrong_for() {
	ok "$1: refused" not installer install
	like "$1: says why" "$(cat /run/out)" "$2"
}

ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up
check_manifests
check_admission
check_label

settings
ok "the program and all of it goes" bare_node
cri_toml >/t/other.toml
sed -i '1i version = 2' /t/other.toml
cp /t/other.toml /t/other.before
ok "half written files" interrupted
ok "install after that: the restart fails" not other install 'echo >>/run/failed; false'
is "the restart fails: the configuration is as it was" "$(cat /t/other.toml)" "$(cat /t/other.before)"
is "the restart fails: nothing is left beside it" "$(echo /t/other.toml*)" /t/other.toml
is "the restart fails: with that, containerd is started again" "$(wc -l </run/failed)" 2
ok "once more, and containerd comes back" not said other install 'test -e /run/again || { >/run/again; false; }'
like "it says so" "$(cat /run/said)" 'did not restart with the changed configuration; it runs again'
is "not a restart is due" "$(ls /run/oci-thin-grow-node)" lock
ok "a restart that is cut short" cut_short
ok "again" other install 'echo >>/run/other'
ok "the restart was caught up on" test -s /run/other
ok "remove: the restart fails" not other remove false
like "remove: the handler is still there" "$(cat /t/other.toml)" 'runtimes.oci-thin-grow'
is "no litter" "$(litter)" ""
is "all is there" "$(absent)" ""
ok "it runs" "$PROGRAM" --version
like "containerd has the handler" "$(containerd --config /t/other.toml config dump)" 'runtimes.oci-thin-grow.*oci-thin-grow-runtime'
ok "purge, by hand" other purge true
is "purge, by hand: nothing is left" "$(present)" ""
is "purge, by hand: containerd's configuration is as it was" "$(cat /t/other.toml)" "$(cat /t/other.before)"

ok "containerd starts" containerd_up "$(cri_toml)"
ok "an OCI image is built" image_up
cp /run/containerd.toml /run/containerd.before
ok "the node's links are absolute" absolute_links

ok "the installer's pod runs" installer_up
ok "it installs" pod_install install
is "all of it is there" "$(absent)" ""
ok "what its links lead to is the node's" test -L /opt/oci/hooks.d/oci-thin-grow
ok "containerd's configuration is still a link" test -L /run/containerd.toml
is "and has the handler" "$(grep -c 'runtimes.oci-thin-grow]' /run/node/real.toml)" 1
is "links are links" "$(readlink /usr/libexec/oci/hooks.d/oci-thin-grow)" ../../../sbin/oci-thin-grow
is "it is root's" "$(stat -c %a:%u:%g $PROGRAM)" 755:0:0
is "the policy is root's" "$(stat -c %a:%u:%g /etc/oci-thin-grow/config.d/50-kubernetes.json)" 644:0:0
is "udev was told" "$(grep udev /run/out)" ""
is "a restart was due" "$(restarts)" 1
is "its timers are enabled" "$(cd /etc/systemd/system/timers.target.wants && echo oci-thin-grow-*)" \
	"oci-thin-grow-heal.timer oci-thin-grow-metrics.timer"
ok "metrics have a directory" test -d /var/lib/prometheus/node-exporter
ok "the installer's pod goes" rm_pod "$installer_pod"

ok "containerd restarts" containerd_again
ok "a pod runs by the handler" run_pod oci-thin-grow prod io.oci-thin-grow.size=4G
ok "a container runs" run_container one
grown=$container grown_pod=$pod
like "it has 4 GiB" "$(size_in "$grown")" "$MIB_4G"

files >/t/before
ok "install again" installer install
is "nothing is written" "$(files)" "$(cat /t/before)"
is "no restart" "$(restarts)" 1

mv /run/settings/policy.json /run/settings/good
echo '{ "max_sise": "1T" }' >/run/settings/policy.json
wrong_for "a wrong policy" 'max_sise.*the node keeps what it had'
is "a wrong policy: the old one counts" "$(cat /etc/oci-thin-grow/config.d/50-kubernetes.json)" "$(cat $K/policy.json)"
mv /run/settings/good /run/settings/policy.json

ok "remove" installer remove
is "containerd's configuration is as it was" "$(cat /run/containerd.toml)" "$(cat /run/containerd.before)"
is "another restart" "$(restarts)" 2
is "of the files the hook has gone" "$(absent)" /usr/share/containers/oci/hooks.d/50-oci-thin-grow.json
ok "containerd restarts without it" containerd_again
ok "no pod by the handler" not run_pod oci-thin-grow prod io.oci-thin-grow.size=4G
like "the CRI says why" "$(cat /run/cri.err)" 'no runtime for "oci-thin-grow" is configured'
like "the container goes on" "$(size_in "$grown")" "$MIB_4G"
ok "purge: not while it runs" not installer purge
like "purge: says which" "$(cat /run/out)" "still use it.*$grown"
ok "the container stops, which the wrapper serves" cri stop "$grown"
ok "so does the pod" cri stop-pod "$grown_pod"
ok "purge: not while it could start again" not installer purge
like "purge: says which device" "$(cat /run/out)" 'would not start again.*pool-snap-[0-9]'
is "purge: nothing else has gone" "$(absent)" /usr/share/containers/oci/hooks.d/50-oci-thin-grow.json
ok "the pod goes" cri rm-pod "$grown_pod"
ok "purge" wait_for installer purge
is "purge: nothing is left" "$(present)" ""
is "purge: not a trace" \
	"$(find /usr /etc /var/lib /run/oci-thin-grow -xdev -name '*oci-thin-grow*' ! -path '/usr/share/go*' 2>/dev/null)" ""
finish

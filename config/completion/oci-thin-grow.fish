# SPDX-License-Identifier: Apache-2.0
# Completion of oci-thin-grow for fish, which quotes what it inserts.

set -l commands apply config disable doctor enable explain grow heal hook list metrics runtime trim

# Lines of a name, a tab and the engine: fish shows the part after the tab as a description.
function __oci_thin_grow_containers
	oci-thin-grow list --names $argv 2>/dev/null
end

# Has the command an argument already? What follows a container is a size.
function __oci_thin_grow_has_argument
	set -l words (commandline -opc)
	set -l arguments (string match -v -- '-*' $words)
	test (count $arguments) -gt 2
end

# Is the command one of the arguments?
function __oci_thin_grow_is
	set -l words (commandline -opc)
	set -e words[1]
	if test "$words[1]" = --config
		set -e words[1..2]
	end
	for word in $words
		string match -q -- '-*' $word; and continue
		contains -- $word $argv
		return
	end
	return 1
end

complete -c oci-thin-grow -f
complete -c oci-thin-grow -n "not __oci_thin_grow_is $commands" -l version -d 'Version'
complete -c oci-thin-grow -l config -r -F -d 'Read only this file, nothing in /etc/oci-thin-grow'
complete -c oci-thin-grow -l verbose -d 'Also print log lines to stderr'
complete -c oci-thin-grow -l help -d 'Options and examples'

complete -c oci-thin-grow -n "not __oci_thin_grow_is $commands" -a apply -d 'Apply requests and policy to running containers'
complete -c oci-thin-grow -n "not __oci_thin_grow_is $commands" -a config -d 'Validate the configuration, or print it'
complete -c oci-thin-grow -n "not __oci_thin_grow_is $commands" -a disable -d 'Undo enable'
complete -c oci-thin-grow -n "not __oci_thin_grow_is $commands" -a doctor -d 'Is this host ready, and which container would not start again?'
complete -c oci-thin-grow -n "not __oci_thin_grow_is $commands" -a enable -d 'Hook it into docker, containerd, podman or crio'
complete -c oci-thin-grow -n "not __oci_thin_grow_is $commands" -a explain -d 'Size of a disk, why, and its next start'
complete -c oci-thin-grow -n "not __oci_thin_grow_is $commands" -a grow -d 'Make a running container\'s disk larger now'
complete -c oci-thin-grow -n "not __oci_thin_grow_is $commands" -a heal -d 'Extend a re-created device'
complete -c oci-thin-grow -n "not __oci_thin_grow_is $commands" -a hook -d 'OCI hook'
complete -c oci-thin-grow -n "not __oci_thin_grow_is $commands" -a list -d 'Containers on thin devices: size, use, next start'
complete -c oci-thin-grow -n "not __oci_thin_grow_is $commands" -a metrics -d 'Pools and containers, for Prometheus'
complete -c oci-thin-grow -n "not __oci_thin_grow_is $commands" -a runtime -d 'OCI runtime, as oci-thin-grow-runtime'
complete -c oci-thin-grow -n "not __oci_thin_grow_is $commands" -a trim -d 'Give free space back to the pool'

complete -c oci-thin-grow -n '__oci_thin_grow_is explain list' -a '(__oci_thin_grow_containers)'
complete -c oci-thin-grow -n '__oci_thin_grow_is apply trim' -a '(__oci_thin_grow_containers --running)'
complete -c oci-thin-grow -n '__oci_thin_grow_is grow; and not __oci_thin_grow_has_argument' -a '(__oci_thin_grow_containers --running)'
complete -c oci-thin-grow -n '__oci_thin_grow_is apply doctor explain grow list metrics trim' -l data-root -r -a '(__fish_complete_directories)' -d 'Also look for containers there'
complete -c oci-thin-grow -n '__oci_thin_grow_is apply config doctor explain grow heal list trim' -l json -d 'As one JSON object'
complete -c oci-thin-grow -n '__oci_thin_grow_is apply grow heal trim' -l dry-run -d 'Only say what would be done'
complete -c oci-thin-grow -n '__oci_thin_grow_is apply grow' -l unhealed -d 'Also if it would not start again'
complete -c oci-thin-grow -n '__oci_thin_grow_is apply heal trim' -l all -d 'All of them'
complete -c oci-thin-grow -n '__oci_thin_grow_is explain' -l state -r -F -d 'An OCI container state'
complete -c oci-thin-grow -n '__oci_thin_grow_is grow' -l pid -x -a '(__fish_complete_pids)' -d 'The container with this process'
complete -c oci-thin-grow -n '__oci_thin_grow_is grow' -l path -x -a '(__fish_complete_directories)' -d 'The one with this rootfs'
complete -c oci-thin-grow -n '__oci_thin_grow_is grow' -l device -x -d 'The one on this device'
complete -c oci-thin-grow -n '__oci_thin_grow_is grow' -l unmounted -d 'With --device: the disk of a VM before its first start'
complete -c oci-thin-grow -n '__oci_thin_grow_is list' -l names -d 'Only names and engines'
complete -c oci-thin-grow -n '__oci_thin_grow_is list' -l sort -x -a 'use name size' -d 'Order'
complete -c oci-thin-grow -n '__oci_thin_grow_is list' -l full -x -d 'Only those that are at least this full'
complete -c oci-thin-grow -n '__oci_thin_grow_is list' -l wide -d 'More columns'
complete -c oci-thin-grow -n '__oci_thin_grow_is list' -l running -d 'Only running ones'
complete -c oci-thin-grow -n '__oci_thin_grow_is list' -l watch -d 'Again every two seconds'
complete -c oci-thin-grow -n '__oci_thin_grow_is list' -l pools -d 'Thin pools instead'
complete -c oci-thin-grow -n '__oci_thin_grow_is heal' -F
complete -c oci-thin-grow -n '__oci_thin_grow_is config' -a 'check show'
complete -c oci-thin-grow -n '__oci_thin_grow_is disable enable' -a 'docker containerd podman crio'
complete -c oci-thin-grow -n '__oci_thin_grow_is disable enable' -l print -d 'Only show what would be changed'
complete -c oci-thin-grow -n '__oci_thin_grow_is disable enable' -l file -r -F -d 'The engine\'s configuration file'
complete -c oci-thin-grow -n '__oci_thin_grow_is disable enable' -l root -x -a '(__fish_complete_directories)' -d 'The host whose filesystem is mounted there'
complete -c oci-thin-grow -n '__oci_thin_grow_is disable' -l shim -x -d 'containerd: only what wraps this shim'
complete -c oci-thin-grow -n '__oci_thin_grow_is disable' -l keep-runtime -d 'docker: keep it for containers created with it'
complete -c oci-thin-grow -n '__oci_thin_grow_is enable' -l no-default -d 'docker: only with --runtime oci-thin-grow'
complete -c oci-thin-grow -n '__oci_thin_grow_is enable' -l default -d 'containerd: for all pods'
complete -c oci-thin-grow -n '__oci_thin_grow_is enable' -l force -d 'Also replace a default runtime that is not runc'
complete -c oci-thin-grow -n '__oci_thin_grow_is enable' -l like -x -d 'containerd: copy this handler'
complete -c oci-thin-grow -n '__oci_thin_grow_is enable' -l shim -x -d 'containerd: wrap this shim'
complete -c oci-thin-grow -n '__oci_thin_grow_is enable' -l in-place -d 'containerd: change the handler, do not copy it'
complete -c oci-thin-grow -n '__oci_thin_grow_is enable' -l snapshotter -x -d 'containerd: for pods of our handler'
complete -c oci-thin-grow -n '__oci_thin_grow_is enable' -l runtime -r -F -d 'The OCI runtime that ours becomes'
complete -c oci-thin-grow -n '__oci_thin_grow_is disable enable' -l no-check -d 'Do not let the engine check the new files'
complete -c oci-thin-grow -n '__oci_thin_grow_is metrics' -l output -r -F -d 'Replace this file'

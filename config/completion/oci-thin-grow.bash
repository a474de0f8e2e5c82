# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Completion of oci-thin-grow for bash, with or without bash-completion.
# Containers' names are untrusted: no compgen -W and no eval, which expand them, and no `compopt -o filenames`, with which
# readline does not quote $(...) before a /.

_oci_thin_grow_options() {
	case $1 in
	'') echo --config --verbose --help --version ;;
	apply) echo --all --dry-run --json --unhealed --data-root --config --verbose --help ;;
	config) echo --json --config --verbose --help ;;
	disable) echo --print --file --root --shim --keep-runtime --no-check --config --verbose --help ;;
	doctor) echo --json --data-root --config --verbose --help ;;
	enable) echo --print --file --root --no-default --default --force --like --shim --in-place --snapshotter --runtime --no-check --config --verbose --help ;;
	explain) echo --state --json --data-root --config --verbose --help ;;
	grow) echo --dry-run --json --unhealed --unmounted --pid --path --device --data-root --config --verbose --help ;;
	heal) echo --all --dry-run --json --config --verbose --help ;;
	list) echo --running --sort --full --wide --json --names --pools --watch --data-root --config --verbose --help ;;
	metrics) echo --output --data-root --config --verbose --help ;;
	trim) echo --all --dry-run --json --data-root --config --verbose --help ;;
	hook | runtime) echo --config --verbose --help ;;
	esac
}

# _oci_thin_grow_add PREFIX WORD...: those that begin with PREFIX
_oci_thin_grow_add() {
	local prefix=$1 word
	shift
	for word; do
		[[ $word != "$prefix"* ]] || COMPREPLY+=("$word")
	done
}

# _oci_thin_grow_containers CURRENT [OPTION]: of list. For the shell ENGINE:NAME is three words, and only the last one is to
# be completed.
_oci_thin_grow_containers() {
	local option=${2:-} current=$1 engine='' quoted='' name of
	if [[ $current = : ]]; then
		engine=${COMP_WORDS[COMP_CWORD - 1]} current=''
	elif [[ ${COMP_WORDS[COMP_CWORD - 1]} = : && $COMP_CWORD -gt 2 ]]; then
		engine=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	case $current in
	[\"\']*) quoted=1 current=${current:1} ;;
	*) current=${current//\\/} ;;
	esac
	while IFS=$'\t' read -r name of; do
		[[ $name = "$current"* && (-z $engine || $engine = "$of") ]] || continue
		if [[ -z $quoted ]]; then
			printf -v name %q "$name"
		elif [[ $name = *[!A-Za-z0-9_.,:/@+\ -]* ]]; then
			continue # not within quotes
		fi
		COMPREPLY+=("$name")
	done < <(oci-thin-grow list --names ${option:+"$option"} 2>/dev/null)
}

# _oci_thin_grow_has_container I: is there one between the command, which is word I, and the present word?
_oci_thin_grow_has_container() {
	local i n=0
	for ((i = $1 + 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		:) n=$((n - 1)) ;;
		--config | --data-root) i=$((i + 1)) ;;
		--pid | --path | --device) return 0 ;;
		-*) ;;
		*) n=$((n + 1)) ;;
		esac
	done
	((n > 0))
}

_oci_thin_grow() {
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command='' i
	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--config) i=$((i + 1)) ;;
		-*) ;;
		*) command=${COMP_WORDS[i]}; break ;;
		esac
	done
	case $previous in
	--data-root | --path | --root)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -d -- "$current")
		return
		;;
	--config | --file | --output | --state)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return
		;;
	--pid | --device | --full) return ;;
	--sort) _oci_thin_grow_add "$current" use name size; return ;;
	esac
	if [[ $current = -* ]]; then
		# shellcheck disable=SC2046
		_oci_thin_grow_add "$current" $(_oci_thin_grow_options "$command")
		return
	fi
	case $command in
	'') _oci_thin_grow_add "$current" apply config disable doctor enable explain grow heal hook list metrics runtime trim ;;
	config) _oci_thin_grow_add "$current" check show ;;
	disable | enable) _oci_thin_grow_add "$current" docker containerd podman crio ;;
	explain | list) _oci_thin_grow_containers "$current" ;;
	apply | trim) _oci_thin_grow_containers "$current" --running ;;
	# After the container comes a size.
	grow)
		if [[ $current = : ]] || ! _oci_thin_grow_has_container "$i"; then
			_oci_thin_grow_containers "$current" --running
		fi
		;;
	heal)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "${current:-/dev/mapper/}")
		;;
	esac
}

complete -F _oci_thin_grow oci-thin-grow

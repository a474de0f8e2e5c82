#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# bash, zsh and fish complete commands, options and containers, whose names may be hostile; manual pages pass mandoc's lint.
# kernel: trixie:forky
# suites: trixie
# matrix: FS=ext4
# limit: 200
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh

# container N NAME: a container of a Docker of which only the directory exists
container() {
	local id
	id=$(printf '%064x' "$((1000 + $1))")
	mkdir -p "/var/lib/docker/containers/$id"
	jq -n --arg name "/$2" '{ Name: $name }' >"/var/lib/docker/containers/$id/config.v2.json"
}

# shellcheck disable=SC2016
names=(web 'my web' 'x$(touch /run/hit)' 'b`touch /run/hit`' $'q"u\'o;te*' 'pod/c$(touch /run/hit)')
for i in "${!names[@]}"; do
	container "$i" "${names[i]}"
done
container 20 double
container 21 double
container 22 $'red\e[31m'
container 23 --all

is "list --names --running prints nothing, because none runs" "$(/usr/sbin/oci-thin-grow list --names --running)" ""
is "list --names --json has name, engine and state" "$(/usr/sbin/oci-thin-grow list --names --json | jq -c '.names[] | select(.name == "web")')" \
	'{"name":"web","engine":"docker","running":false}'
ok "list --names succeeds" sh -c '/usr/sbin/oci-thin-grow list --names >/run/names'
is "list --names prints an id if a name is ambiguous or hostile" "$(sort /run/names)" \
	"$(printf '%s\tdocker\n' "${names[@]}" "$(printf '%064x' 1020)" "$(printf '%064x' 1021)" "$(printf '%064x' 1022)" \
		"$(printf '%064x' 1023)" | sort)"

## What the shells make of typed text: a program in place of ours prints its arguments, and calls ours for `list`

mkdir /run/bin
cat >/run/bin/oci-thin-grow <<-'END'
	#!/bin/sh
	[ "$1" != list ] || exec /usr/sbin/oci-thin-grow "$@"
	for argument; do printf '<%s>' "$argument"; done
	echo END
END
chmod +x /run/bin/oci-thin-grow
mkdir /run/zdot
cat >/run/zdot/.zshrc <<-'END'
	autoload -U compinit && compinit -u -D
	unsetopt beep
	PS1=READY
END
cat >/run/bashrc <<-'END'
	. /usr/share/bash-completion/bash_completion
	PS1=READY
END
cat >/run/type.zsh <<-'END'
	zmodload zsh/zpty
	read_until() {
		local end=$((SECONDS + 180)) chunk
		out=''
		while ((SECONDS < end)) && [[ $out != *$1* ]]; do
			zpty -r -t t chunk && out+=$chunk || sleep .02
		done
	}
	case $1 in
	bash) zpty -b t bash --rcfile /run/bashrc -i ;;
	zsh) zpty -b t env ZDOTDIR=/run/zdot zsh -i ;;
	esac
	read_until READY
	shift
	for keys; do
		zpty -w t "oci-thin-grow $keys"
		read_until END
		print -r -- "$out" | tr -d '\r' | sed -n 's/^[^<]*\(<.*>\)END.*/\1/p'
		[[ $out = *END* ]] || break
	done
END

# The typed text, and the arguments that must result
keys=() wanted=() texts=()
typed() {
	texts+=("$1") keys+=("$2") wanted+=("$3")
}
# shellcheck disable=SC2016
{
	typed "it completes a command" $'appl\tweb' '<apply><web>'
	typed "it completes an option" $'apply web --dr\t' '<apply><web><--dry-run>'
	typed "it completes a name with a blank" $'explain m\t' '<explain><my web>'
	typed "it completes a name within quotes" $'explain "m\t' '<explain><my web>'
	typed "it quotes a command substitution in a name" $'explain x\t' '<explain><x$(touch /run/hit)>'
	typed "it completes a name within a command substitution" $'explain x\\$\\(\t' '<explain><x$(touch /run/hit)>'
	typed "it quotes backquotes in a name" $'explain b\t' '<explain><b`touch /run/hit`>'
	typed "it completes a name that looks like a directory" $'explain pod\t' '<explain><pod/c$(touch /run/hit)>'
	typed "it quotes quotes and wildcards in a name" $'explain q\t' $'<explain><q"u\'o;te*>'
	typed "it completes an engine" $'enable dock\t' '<enable><docker>'
	typed "it completes an option of one command only" $'disable --k\tdocker' '<disable><--keep-runtime><docker>'
	typed "it completes check and show of config" $'config sh\t' '<config><show>'
	typed "it completes no stopped container for grow" $'grow w\t' '<grow><w>'
	typed "it completes no container in place of the size of grow" $'grow x w\t' '<grow><x><w>'
	typed "it completes ENGINE:NAME" $'explain docker:m\t' '<explain><docker:my web>'
}
for shell in bash zsh; do
	mapfile -t got < <(env PATH="/run/bin:$PATH" TERM=dumb zsh -f /run/type.zsh $shell "${keys[@]}")
	for i in "${!keys[@]}"; do
		is "$shell: ${texts[i]}" "${got[i]:-}" "${wanted[i]}"
	done
done

# shellcheck disable=SC2016
fish_completes() {
	PATH="/run/bin:$PATH" HOME=/run fish -c 'complete -C $argv[1]' -- "$1" 2>&1 | cut -f 1
}
is "fish completes a command" "$(fish_completes 'oci-thin-grow appl')" apply
is "fish completes an option" "$(fish_completes 'oci-thin-grow apply web --dry')" --dry-run
is "fish completes a name with a blank" "$(fish_completes 'oci-thin-grow explain m')" 'my web'
is "fish completes all names" "$(fish_completes 'oci-thin-grow explain ' | sort)" "$(cut -f 1 /run/names | sort)"
is "no command in a name was executed" "$(ls /run/hit 2>&1)" "ls: cannot access '/run/hit': No such file or directory"

## The manual pages

for page in /src/doc/*.[58]; do
	page=man${page: -1}/${page##*/}
	ok "$page is installed" test -s "/usr/share/man/$page"
	# Links to pages that this host lacks are no error.
	is "$page: mandoc has no complaints" \
		"$(mandoc -T lint -W style "/usr/share/man/$page" 2>&1 | grep -v 'referenced manual not found\|mandoc.db')" ""
	like "$page has a NAME section" "$(mandoc -T ascii "/usr/share/man/$page" | col -b)" $'\nNAME\n +(containerd-shim-)?oci-thin-grow'
done
finish

# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Sourced after lib.sh: the host's configuration, as an operator writes it.

CONFIG=/etc/oci-thin-grow/config.json

# configure JSON: what counts from now on
configure() {
	echo "$1" >$CONFIG && /usr/sbin/oci-thin-grow config check
}

# break_config: line 2, key max_size
break_config() {
	printf '{ "default_size": "4G",\n  "max_size": 42 }\n' >$CONFIG
}

# shellcheck disable=SC2034
RULES='{ "default_size": "4G", "max_size": "8G",
  "rules": [ { "name": "pg", "match": { "image": "*/postgres:*" }, "size": "6G" } ] }'
# df figures in MiB for 6 and 8 GiB
# shellcheck disable=SC2034
MIB_6G='^(5[89]|60|61)[0-9][0-9]$' MIB_8G='^(7[89]|80|81)[0-9][0-9]$'

# last_size: the size of / in what df printed to /run/out; a long device name makes it use two lines
last_size() {
	awk 'END { print $(NF-4) }' /run/out
}

# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Sourced after lib.sh: the host's configuration, as an operator writes it.

CONFIG=/etc/oci-thin-grow/config.json

# configure JSON: replaces the configuration
configure() {
	echo "$1" >$CONFIG && /usr/sbin/oci-thin-grow config check
}

# break_config: an invalid configuration; the error is in line 2, key max_size
break_config() {
	printf '{ "default_size": "4G",\n  "max_size": 42 }\n' >$CONFIG
}

# shellcheck disable=SC2034
RULES='{ "default_size": "4G", "max_size": "8G",
  "rules": [ { "name": "pg", "match": { "image": "*/postgres:*" }, "size": "6G" } ] }'
# Regular expressions for the size in MiB that df shows for a filesystem of 6 or 8 GiB
# shellcheck disable=SC2034
MIB_6G='^(5[89]|60|61)[0-9][0-9]$' MIB_8G='^(7[89]|80|81)[0-9][0-9]$'

# last_size: the size of / from the output of df in /run/out; df uses two lines for a long device name
last_size() {
	awk 'END { print $(NF-4) }' /run/out
}

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Where the files are installed. The Makefile defines the PREFIX; without it (lint, fuzzing) a
 * distribution's paths are used.
 */

#ifndef PREFIX
#define PREFIX "/usr"
#endif
#ifndef SYSCONFDIR
#define SYSCONFDIR "/etc"
#endif
#ifndef UDEV_RULES_DIR
#define UDEV_RULES_DIR PREFIX "/lib/udev/rules.d"
#endif

#define SBIN_DIR   PREFIX "/sbin"
#define HOOK_DIR   PREFIX "/libexec/oci/hooks.d"
#define SHARE_DIR  PREFIX "/share/oci-thin-grow"
#define CONFIG_DIR SYSCONFDIR "/oci-thin-grow"

#define PROGRAM_PATH SBIN_DIR "/oci-thin-grow"
#define RUNTIME_PATH SBIN_DIR "/oci-thin-grow-runtime"
#define HOOK_PATH    HOOK_DIR "/oci-thin-grow"

/* For links to our wrapper for a shim: in every service's PATH, and writable where /usr is not. */
#define SHIM_LINK_DIR "/usr/local/bin"

/* The runtime that the wrapper executes if the configuration names none. */
#define RUNC_PATH "/usr/bin/runc"

/* Where engines wait for plugins of NRI. */
#define NRI_SOCKET "/var/run/nri/nri.sock"

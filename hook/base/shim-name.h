/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Names of containerd's shims: the runtime type io.containerd.NAME.v2 is the program
 * containerd-shim-NAME-v2 (BinaryName in containerd's pkg/shim). Our wrapper for the shim NAME is
 * called oci-thin-grow-NAME.
 */

#include <stdbool.h>

#define SHIM_PREFIX "containerd-shim-"
#define SHIM_SUFFIX "-v2"
#define SHIM_OURS   "oci-thin-grow-"
/* Where a real shim is searched for, in this order. */
#define SHIM_DIRS      "/opt/kata/bin", "/usr/local/bin", "/usr/bin"
#define SHIM_NAME_SIZE 65 /* with the NUL */

/* Letters, digits, '-' and '_': it becomes a part of a file name and of a runtime type. */
bool shim_name_is_valid(const char *name);

/* Is @program (a path, or argv[0]) our wrapper, by its name? Then *ret is the NAME it is for. */
bool shim_name_wrapped(const char *program, char ret[SHIM_NAME_SIZE]);

/*
 * Is @runtime, as a container's record in containerd has it, one of our wrappers? A runtime type,
 * "io.containerd.oci-thin-grow-NAME.v2", or the path of the program.
 */
bool shim_type_is_ours(const char *runtime);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A daemon that seems to run, for every run_dir, on a host whose mounts this process sees. */

#include <stdbool.h>

struct fake_growd {
	bool runs; /* false: what is really so */
	bool sees_other_mounts;
	unsigned int asked; /* how often somebody asked whether it runs */
};

extern struct fake_growd fake_growd;

/* SPDX-License-Identifier: Apache-2.0 */

/*
 * `containerd-shim-oci-thin-grow-NAME-v2`: stands in front of containerd's shim NAME, which gives a
 * container's disk to a virtual machine. With every verb it becomes the real shim.
 *
 * containerd takes all that `start` writes to stdout and stderr for the shim's address, so nothing
 * may be written there unless it fails.
 */

#include "base/cleanup.h"
#include "base/log.h"
#include "base/quote.h"
#include "disk/thin.h"
#include "job/last-program.h"
#include "job/real-shim.h"
#include "job/settings.h"
#include "oci/shim-args.h"
#include "role/role.h"

#include <string.h>

static int fail(const struct shim_args *args, const struct why *why)
{
	struct log_line line;

	if (args->verb) {
		log_begin(&line, "fail");
		log_add(&line, "container", args->id ? args->id : "");
		log_add(&line, "reason", why->text);
		log_end(&line, LOG_ERR);
	}
	log_stderr("%s", why->text);
	return EXIT_FAILED;
}

int role_shim(const char *name, char *argv[], char *environment[])
{
	_cleanup_(config_free) struct policy policy;
	_cleanup_free_ char *shim = NULL;
	struct shim_args args;
	struct why why;

	shim_args_parse(argv, &args);
	settings_load_anyway(NULL, &policy);
	if (real_shim_find(&policy, name, real_shim_dirs, STATE_DIR, &shim, &why) < 0)
		return fail(&args, &why);
	thin_release();
	/* `-v` prints it. */
	argv[0] = shim;
	execve(shim, argv, environment);
	why_set(&why, 0, "shim %s cannot be executed: %s", quote(shim), strerror(errno));
	return fail(&args, &why);
}

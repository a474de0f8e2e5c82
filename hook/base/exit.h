/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The program's exit statuses. Hook and wrapper map them through on_failure. */

enum exit_status {
	EXIT_OK = 0, /* done, or nothing to do */
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,		 /* usage or configuration */
	EXIT_REFUSED = 3,	 /* refused by policy */
	EXIT_NOT_APPLICABLE = 4, /* not on a thin device, or no such container */
	EXIT_INTERRUPTED = 130,	 /* as shells report a command that Ctrl-C killed */
};

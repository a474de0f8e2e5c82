/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Captures what would go to syslog; nothing reaches the host's log. */

struct fake_syslog {
	unsigned int lines;
	int priority; /* of the last line */
	char text[2048];
};

extern struct fake_syslog fake_syslog;

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What would go to syslog goes here instead; nothing ever reaches the host's log. */

struct fake_syslog {
	unsigned int lines;
	int priority; /* of the last one */
	char text[2048];
};

extern struct fake_syslog fake_syslog;

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Reports to systemd, as in sd_notify(3): a datagram to the socket that NOTIFY_SOCKET names.
 * Without one nothing is reported.
 */

#include <stdint.h>

struct notify {
	char *socket;
	uint64_t watchdog_ms; /* systemd must hear from us this often; 0: no watchdog */
};

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID; before the environment is cleared. */
void notify_init(struct notify *notify);

/* Sends "READY=1", ... */
void notify_send(const struct notify *notify, const char *state);

void notify_free(struct notify *notify);

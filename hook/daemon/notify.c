/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/notify.h"

#include "base/cleanup.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

static uint64_t number_in(const char *variable)
{
	const char *text = getenv(variable);

	return text ? strtoull(text, NULL, 10) : 0;
}

void notify_init(struct notify *notify)
{
	const char *socket = getenv("NOTIFY_SOCKET");
	uint64_t pid = number_in("WATCHDOG_PID");

	*notify = (struct notify){.socket = socket ? strdup(socket) : NULL};
	if (pid == 0 || pid == (uint64_t)getpid())
		notify->watchdog_ms = number_in("WATCHDOG_USEC") / 1000;
}

void notify_send(const struct notify *notify, const char *state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t len = notify->socket ? strlen(notify->socket) : 0;
	_cleanup_close_ int fd = -EBADF;

	if (len == 0 || len >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, notify->socket, len);
	if (address.sun_path[0] == '@') /* an abstract name */
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT,
		       (const struct sockaddr *)&address,
		       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
}

void notify_free(struct notify *notify)
{
	free(notify->socket);
	*notify = (struct notify){0};
}

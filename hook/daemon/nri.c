/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/nri.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/minmax.h"
#include "base/text.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

/* Until we are back, new pods get no size: so the first attempts come soon. */
#define FIRST_WAIT_MS 100
#define MAX_WAIT_MS   1000
#define STABLE_MS     10000 /* after that long the next loss begins with FIRST_WAIT_MS */
#define FLAPS	      3	    /* after so many that did not last, only one that does is reported */
#define READY_MS      30000 /* for registering */
#define READ_SIZE     65536

static void log_event(const char *action, const char *engine, const char *reason, int priority)
{
	struct log_line line;

	log_begin(&line, action);
	log_add(&line, "source", "growd");
	if (engine)
		log_add(&line, "engine", engine);
	if (reason)
		log_add(&line, "reason", reason);
	log_end(&line, priority);
}

static void drop(struct nri *nri)
{
	cleanup_close(&nri->fd);
	nri->fd = -EBADF;
	nri_reader_free(&nri->reader);
	nri_buffer_free(&nri->out);
	nri->sent = 0;
	nri->plugin = (struct nri_plugin){0};
}

static bool is_stable(const struct nri *nri, uint64_t now_ms)
{
	return nri->plugin.ready && nri->since_ms + STABLE_MS <= now_ms;
}

static void lose(struct nri *nri, const char *reason, uint64_t now_ms)
{
	bool was_stable = is_stable(nri, now_ms);

	if (nri->told != TOLD_DOWN)
		log_event(
			"disconnect", NULL,
			text("NRI: %s: %s; until an engine answers there, new pods get no size by "
			     "NRI",
			     nri->address.sun_path, reason),
			nri->told == TOLD_UP ? LOG_WARNING : LOG_INFO);
	if (nri->plugin.ready)
		nri->flapped = was_stable ? 0 : nri->flapped + 1;
	nri->told = TOLD_DOWN;
	nri->wait_ms = was_stable || !nri->wait_ms ? FIRST_WAIT_MS
						   : smaller(2 * nri->wait_ms, MAX_WAIT_MS);
	drop(nri);
	nri->at_ms = now_ms + nri->wait_ms;
}

/* Does not wait: a socket without a listener, or whose queue is full, is an error. */
static int connect_now(const struct sockaddr_un *address)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
		return -errno;
	return TAKE_FD(fd);
}

/* What cannot be sent now is sent when poll() says so. 0 or -errno. */
static int flush(struct nri *nri)
{
	while (nri->sent < nri->out.len) {
		ssize_t n = send(nri->fd, nri->out.at + nri->sent, nri->out.len - nri->sent,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		nri->sent += (size_t)n;
	}
	nri->sent = 0;
	nri_buffer_free(&nri->out);
	return 0;
}

static void open_connection(struct nri *nri, uint64_t now_ms)
{
	int r = connect_now(&nri->address);

	if (r >= 0) {
		nri->fd = r;
		nri->since_ms = now_ms;
		nri->at_ms = now_ms + READY_MS;
		nri_plugin_register(&nri->out);
		r = nri->out.error ? nri->out.error : flush(nri);
	}
	if (r < 0)
		lose(nri, strerror(-r), now_ms);
}

static void tell_ready(struct nri *nri, uint64_t now_ms)
{
	if (!nri->plugin.ready || nri->told == TOLD_UP)
		return;
	if (nri->flapped >= FLAPS && !is_stable(nri, now_ms))
		return;
	log_event("connect", nri->plugin.engine, text("NRI: %s", nri->address.sun_path), LOG_INFO);
	nri->told = TOLD_UP;
	nri->told_unread = false;
}

void nri_run(struct nri *nri, uint64_t now_ms)
{
	if (nri->plugin.ready)
		tell_ready(nri, now_ms);
	else if (nri->fd >= 0)
		lose(nri, "the engine does not finish our registration", now_ms);
	else
		open_connection(nri, now_ms);
}

uint64_t nri_due(const struct nri *nri)
{
	if (nri->plugin.ready)
		return nri->told == TOLD_UP ? UINT64_MAX : nri->since_ms + STABLE_MS;
	return nri->at_ms;
}

void nri_use(struct nri *nri, const char *socket, uint64_t now_ms)
{
	char *path = nri->address.sun_path;

	if (*path && socket && strcmp(path, socket) == 0)
		return;
	drop(nri);
	nri->address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (socket)
		strncpy(path, socket, sizeof(nri->address.sun_path) - 1);
	nri->told = TOLD_NOTHING;
	nri->told_unread = false;
	nri->flapped = 0;
	nri->wait_ms = 0;
	nri->at_ms = socket ? now_ms : UINT64_MAX;
}

short nri_events(const struct nri *nri)
{
	/* One who does not take our answers gets no more of them. */
	return nri->out.len ? POLLOUT : POLLIN;
}

char *nri_engine(struct nri *nri)
{
	return nri->plugin.ready ? nri->plugin.engine : NULL;
}

static int take_message(struct nri *nri, struct nri_message *message, const struct policy *policy,
			struct why *why)
{
	int r = nri_plugin_take(&nri->plugin, message, policy, &nri->out, why);

	nri_buffer_free(&message->body);
	if (r > 0 && !nri->told_unread) {
		log_event("warn", NULL, why->text, LOG_WARNING);
		nri->told_unread = true;
	}
	return r;
}

static int take_bytes(struct nri *nri, struct nri_span bytes, const struct policy *policy,
		      struct why *why)
{
	while (bytes.len) {
		struct nri_message message;
		ssize_t n = nri_read(&nri->reader, bytes, &message);

		if (n < 0)
			return why_set(why, (int)-n, "what it sends cannot be read: %s",
				       strerror((int)-n));
		bytes.at += n;
		bytes.len -= (size_t)n;
		if (message.channel) {
			int r = take_message(nri, &message, policy, why);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int receive(struct nri *nri, const struct policy *policy, struct why *why)
{
	uint8_t bytes[READ_SIZE];
	ssize_t n = recv(nri->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (n == 0)
		return why_set(why, ECONNRESET, "the engine has closed it");
	if (n < 0)
		return errno == EAGAIN || errno == EINTR
			       ? 0
			       : why_set(why, errno, "%s", strerror(errno));
	return take_bytes(nri, (struct nri_span){bytes, (size_t)n}, policy, why);
}

void nri_arrived(struct nri *nri, const struct policy *policy, uint64_t now_ms)
{
	struct why why = {""};
	int r = 0;

	if (nri_events(nri) == POLLIN)
		r = receive(nri, policy, &why);
	if (r >= 0) {
		r = flush(nri);
		if (r < 0)
			why_set(&why, -r, "%s", strerror(-r));
	}
	if (r < 0)
		lose(nri, why.text, now_ms);
	else
		tell_ready(nri, now_ms);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/state.h"

#include "base/cleanup.h"
#include "base/count.h"
#include "base/file.h"
#include "base/quote.h"

#include <inttypes.h>
#include <string.h>

static int read_id(struct oci_state *state, struct why *why)
{
	const char *id = NULL;
	int r = json_string(json_root(state->doc), "id", &id, why);

	if (r < 0)
		return r;
	if (!id)
		return why_set(why, EINVAL, "no \"id\"");
	if (strlen(id) > STATE_MAX_ID)
		return why_set(why, EINVAL, "\"id\" has %zu characters, more than %d", strlen(id),
			       STATE_MAX_ID);
	state->id = id;
	return 0;
}

static int read_bundle(struct oci_state *state, struct why *why)
{
	const char *bundle = NULL;
	int r = json_string(json_root(state->doc), "bundle", &bundle, why);

	if (r < 0)
		return r;
	if (!bundle)
		return why_set(why, EINVAL, "no \"bundle\"");
	if (*bundle && *bundle != '/')
		return why_set(why, EINVAL, "\"bundle\" is not an absolute path: %s",
			       quote(bundle));
	state->bundle = bundle;
	return 0;
}

static int read_pid(struct oci_state *state, struct why *why)
{
	int64_t pid = 0;
	int r = json_integer(json_root(state->doc), "pid", &pid, why);

	if (r < 0)
		return r;
	if (pid < 0 || pid > INT32_MAX)
		return why_set(why, EINVAL, "\"pid\" is out of range: %" PRId64, pid);
	state->pid = pid;
	return 0;
}

static int read_annotations(struct oci_state *state, struct why *why)
{
	return json_object(json_root(state->doc), "annotations", &state->annotations, why);
}

static int read_root(struct oci_state *state, struct why *why)
{
	return json_string(json_root(state->doc), "root", &state->root, why);
}

static void read_fields(struct oci_state *state)
{
	static int (*const fields[])(struct oci_state * state, struct why * why) = {
		read_id, read_bundle, read_pid, read_annotations, read_root,
	};
	struct why why;

	state->id = state->bundle = "";
	for (size_t i = 0; i < COUNT(fields); i++) {
		if (fields[i](state, &why) < 0 && !state->flaw.text[0])
			state->flaw = why;
	}
}

int oci_state_read(int fd, struct oci_state *ret, struct why *why)
{
	_cleanup_(oci_state_free) struct oci_state state = {0};
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r;

	r = file_read(fd, STATE_MAX_BYTES, &text, &len);
	if (r == -EFBIG)
		return why_set(why, EFBIG, "larger than %lu bytes: too much at byte %lu",
			       STATE_MAX_BYTES, STATE_MAX_BYTES);
	if (r < 0)
		return why_set(why, -r, "cannot be read: %s", strerror(-r));
	if (len == 0)
		return why_set(why, ENODATA, "there is none");
	r = json_parse_bytes(text, len, &state.doc, why);
	if (r < 0)
		return r;
	if (json_root(state.doc)->type != JSON_OBJECT)
		return why_set(why, EINVAL, "expected an object, found %s",
			       json_type_name(json_root(state.doc)->type));
	read_fields(&state);
	*ret = state;
	state.doc = NULL;
	return 0;
}

void oci_state_free(struct oci_state *state)
{
	json_free(TAKE_PTR(state->doc));
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "role/container.h"

#include "base/quote.h"

static int read_spec(const struct oci_state *state, struct oci_spec *ret, struct why *why)
{
	_cleanup_free_ char *path = NULL;

	if (!*state->bundle)
		return 0;
	if (asprintf(&path, "%s/config.json", state->bundle) < 0)
		return why_set(why, ENOMEM, "out of memory");
	return oci_spec_read(path, ret, why);
}

int container_read(int fd, const char *what, struct container *ret, struct why *why)
{
	_cleanup_(container_free) struct container container = {0};
	int r;

	r = oci_state_read(fd, &container.state, why);
	if (r < 0)
		return why_prefix(why, r, what);
	r = read_spec(&container.state, &container.spec, why);
	if (r < 0) {
		struct why inner = *why;

		return why_set(why, -r, "container %s: %s", quote(container.state.id), inner.text);
	}
	*ret = container;
	container = (struct container){0};
	return 0;
}

void container_free(struct container *container)
{
	oci_state_free(&container->state);
	oci_spec_free(&container->spec);
}

struct job container_job(const struct container *container)
{
	return (struct job){
		.container = container->state.id,
		.bundle = container->state.bundle,
		.root_path = container->spec.root_path,
		.annotations = {container->state.annotations, container->spec.annotations},
	};
}

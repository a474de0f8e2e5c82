/* SPDX-License-Identifier: Apache-2.0 */
#include "role/container.h"

#include "base/quote.h"

int container_read_state(int fd, const char *what, struct container *ret, struct why *why)
{
	struct container container = {0};
	int r = oci_state_read(fd, &container.state, why);

	if (r < 0)
		return why_prefix(why, r, what);
	*ret = container;
	return 0;
}

int container_read_spec(struct container *container, struct why *why)
{
	_cleanup_free_ char *path = NULL;
	struct why inner;
	int r;

	if (!*container->state.bundle)
		return 0;
	if (asprintf(&path, "%s/config.json", container->state.bundle) < 0)
		return why_set(why, ENOMEM, "out of memory");
	r = oci_spec_read(path, &container->spec, &inner);
	if (r < 0)
		return why_set(why, -r, "container %s: %s", quote(container->state.id), inner.text);
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
		.rootfs.fd = -EBADF,
	};
}

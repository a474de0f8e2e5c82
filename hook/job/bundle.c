/* SPDX-License-Identifier: Apache-2.0 */
#include "job/bundle.h"

#include "base/text.h"

static void read_spec(struct container *container)
{
	_cleanup_free_ char *path = NULL;
	struct why why;

	if (container->state.root || !*container->state.bundle)
		return;
	path = text_new("%s/config.json", container->state.bundle);
	if (!path)
		why_no_memory(&container->no_spec);
	else if (oci_spec_read(path, &container->spec, &why) < 0)
		container->no_spec = why;
}

int container_read(int fd, const char *what, struct container *ret, struct why *why)
{
	struct container container = {0};
	int r = oci_state_read(fd, &container.state, why);

	if (r == -ENODATA)
		return why_set(why, ENODATA, "no %s", what);
	if (r < 0)
		return why_prefix(why, r, what);
	read_spec(&container);
	*ret = container;
	return 0;
}

void container_free(struct container *container)
{
	oci_state_free(&container->state);
	oci_spec_free(&container->spec);
}

struct job container_job(const struct container *container)
{
	const char *root = container->state.root;

	return (struct job){
		.container = container->state.id,
		.bundle = container->state.bundle,
		.root_path = root ? root : container->spec.root_path,
		.no_root = container->no_spec.text[0] ? container->no_spec.text : NULL,
		.annotations = {container->state.annotations, container->spec.annotations},
		.rootfs.fd = -EBADF,
	};
}

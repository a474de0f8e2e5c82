/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container.h"

#include "base/engine-names.h"

#include <stdlib.h>
#include <string.h>

void engine_container_free(struct engine_container *container)
{
	free(container->id);
	free(container->name);
	free(container->namespace);
	free(container->image);
	free(container->bundle);
	free(container->spec);
	free(container->device);
	free(container->runtime);
	free(container->size_option);
	json_free(container->labels_doc);
	*container = (struct engine_container){0};
}

const struct json *engine_container_asking_labels(const struct engine_container *container)
{
	return strcmp(container->engine, ENGINE_DOCKER) == 0 ? container->labels : NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/record.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "engine/engine.h"
#include "engine/walk.h"

#include <stdbool.h>
#include <string.h>

/* Keys for names of containers and pods, which differ between annotations and labels. */
struct keys {
	const char *pod, *container, *namespace, *image;
};

/* From the CRI plugin (pkg/cri/annotations) */
static const struct keys annotation_keys = {
	"io.kubernetes.cri.sandbox-name",
	"io.kubernetes.cri.container-name",
	"io.kubernetes.cri.sandbox-namespace",
	"io.kubernetes.cri.image-name",
};

/* From the kubelet (pkg/kubelet/types/labels.go); only CRI's containers have them from there. */
static const struct keys label_keys = {
	"io.kubernetes.pod.name",
	"io.kubernetes.container.name",
	"io.kubernetes.pod.namespace",
	"",
};

/* An image can have any label, and must not pass its containers off as a pod's. */
static const struct keys no_keys = {"", "", "", ""};

static void take_over(char **text, char *better)
{
	if (!better)
		return;
	free(*text);
	*text = better;
}

/* Keeps what is already known, except for the namespace: a pod's says more than containerd's. */
static void fill_names(const struct json *texts, const struct keys *keys,
		       struct engine_container *ret)
{
	_cleanup_free_ char *pod = walk_dup_string(texts, keys->pod);
	_cleanup_free_ char *container = walk_dup_string(texts, keys->container);

	take_over(&ret->namespace, walk_dup_string(texts, keys->namespace));
	if (!ret->image)
		ret->image = walk_dup_string(texts, keys->image);
	ret->in_pod = ret->in_pod || pod;
	if (ret->name)
		return;
	if (pod && container)
		ret->name = text_new("%s/%s", pod, container);
	if (!ret->name)
		ret->name = walk_dup_string(texts, "nerdctl/name"); /* pkg/labels */
}

void record_describe(const struct json *annotations, struct engine_container *container)
{
	fill_names(annotations, &annotation_keys, container);
}

struct labels {
	struct json_writer *writer;
	bool any;
};

static int write_label(struct bolt_bytes key, struct bolt_bytes value, bool is_bucket,
		       void *context)
{
	_cleanup_free_ char *name = bolt_text(key), *text = is_bucket ? NULL : bolt_text(value);
	struct labels *labels = context;

	if (name && text) {
		json_write_string(labels->writer, name, text);
		labels->any = true;
	}
	return 0;
}

/* As a JSON object, as for other engines. */
static int write_labels(const struct bolt_bucket *bucket, char **ret, size_t *ret_len)
{
	_cleanup_free_ char *text = NULL;
	FILE *out = open_memstream(&text, ret_len);
	struct labels labels = {0};
	int r, end;

	if (!out)
		return -ENOMEM;
	labels.writer = json_writer_begin();
	r = bolt_each(bucket, write_label, &labels);
	end = json_writer_end(labels.writer, out);
	if (fclose(out) != 0 || end < 0)
		return -ENOMEM;
	if (r < 0)
		return r;
	*ret = TAKE_PTR(text);
	return labels.any;
}

static int fill_labels(const struct engine_walk *walk, const char *ns,
		       const struct bolt_bucket *bucket, struct engine_container *container)
{
	_cleanup_free_ char *text = NULL;
	struct bolt_bucket labels;
	struct why why;
	size_t len;
	int r = bolt_bucket(bucket, bolt_key("labels"), &labels);

	if (r > 0)
		r = write_labels(&labels, &text, &len);
	if (r > 0)
		r = json_parse(text, len, &container->labels_doc, &why);
	else if (r < 0)
		why_set(&why, -r, "its labels cannot be read");
	if (r < 0)
		return walk_pass_over(walk, why_prefix(&why, r, container->id), &why);
	if (!container->labels_doc)
		return 0;
	container->labels = json_root(container->labels_doc);
	fill_names(container->labels, engine_is_cris_namespace(ns) ? &label_keys : &no_keys,
		   container);
	return 0;
}

/* The contents of a google.protobuf.Any: field 1 is the type, field 2 the value. */
static bool open_any(struct bolt_bytes any, struct bolt_bytes *ret)
{
	enum { TYPE_IS_BYTES = 2, VALUE = 2 };
	uint64_t tag, len;

	while (any.len) {
		size_t used = database_varint(any, &tag), more;

		if (!used || (tag & 7) != TYPE_IS_BYTES)
			return false;
		any = (struct bolt_bytes){any.data + used, any.len - used};
		more = database_varint(any, &len);
		if (!more || len > any.len - more)
			return false;
		any = (struct bolt_bytes){any.data + more, any.len - more};
		if (tag >> 3 == VALUE) {
			*ret = (struct bolt_bytes){any.data, (size_t)len};
			return true;
		}
		any = (struct bolt_bytes){any.data + len, any.len - (size_t)len};
	}
	return false;
}

/* A stopped container has no bundle; its config.json is in the database. */
static char *dup_spec(const struct bolt_bucket *bucket)
{
	struct bolt_bytes any, text;

	return bolt_value(bucket, bolt_key("spec"), &any) > 0 && open_any(any, &text)
		       ? bolt_text(text)
		       : NULL;
}

int record_fill(const struct engine_walk *walk, const struct snapshots *snapshots, size_t root,
		const char *ns, const struct bolt_bucket *bucket,
		struct engine_container *container)
{
	_cleanup_free_ char *snapshotter = database_dup_text(bucket, "snapshotter");
	_cleanup_free_ char *key = database_dup_text(bucket, "snapshotKey");
	struct bolt_bucket runtime;
	int r = 0;

	if (bolt_bucket(bucket, bolt_key("runtime"), &runtime) > 0)
		container->runtime = database_dup_text(&runtime, "name");
	if (!container->image)
		container->image = database_dup_text(bucket, "image");
	if (!container->bundle)
		container->spec = dup_spec(bucket);
	if (key && snapshotter && strcmp(snapshotter, "devmapper") == 0)
		r = snapshots_fill(snapshots, root, ns, key, container);
	return r < 0 ? r : fill_labels(walk, ns, bucket, container);
}

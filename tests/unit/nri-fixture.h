/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* NRI's messages, as an engine sends them. */

#include "daemon/nri-wire.h"
#include "unit.h"

/* NRI: pkg/api/api.proto */
#define CREATE_POD	     1
#define CREATE_CONTAINER     2
#define POD_NAME	     2
#define CONTAINER_NAME	     3
#define ANNOTATIONS	     6
#define CONTAINER_HOOKS	     10
#define RESPONSE_ADJUST	     1
#define ADJUST_ANNOTATIONS   2
#define ADJUST_HOOKS	     5
#define HOOKS_PRESTART	     1
#define HOOKS_CREATE_RUNTIME 2
#define HOOK_FILE	     1
#define HOOK_ARGS	     2

/* "KEY=VALUE", as an entry of a map. */
static inline void put_entry(struct nri_buffer *to, uint32_t number, const char *entry)
{
	struct nri_buffer inner = {0};
	size_t key_len = strcspn(entry, "=");

	nri_put_bytes(&inner, 1, (struct nri_span){(const uint8_t *)entry, key_len});
	nri_put_text(&inner, 2, entry + key_len + 1);
	nri_put_message(to, number, &inner);
}

/* A CreateContainerRequest for the container "db"; the lists end with NULL. */
static inline struct nri_buffer create_request(const char *const *pods, const char *const *own,
					       const char *hook, uint32_t stage)
{
	struct nri_buffer request = {0}, pod = {0}, container = {0}, hooks = {0}, one = {0};

	nri_put_text(&pod, POD_NAME, "pod1");
	for (; *pods; pods++)
		put_entry(&pod, ANNOTATIONS, *pods);
	nri_put_number(&pod, 9, 4711);
	nri_put_text(&container, 1, "5d3f");
	nri_put_text(&container, CONTAINER_NAME, "db");
	for (; *own; own++)
		put_entry(&container, ANNOTATIONS, *own);
	if (hook) {
		nri_put_text(&one, HOOK_FILE, hook);
		nri_put_message(&hooks, stage, &one);
		nri_put_message(&container, CONTAINER_HOOKS, &hooks);
	}
	nri_put_message(&request, CREATE_POD, &pod);
	nri_put_message(&request, CREATE_CONTAINER, &container);
	assert_int_equal(request.error, 0);
	return request;
}

/* The same in memory of exactly its length, so that a sanitizer sees a read past it; free(). */
static inline struct nri_span exact_copy(struct nri_span of, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	if (len)
		memcpy(copy, of.at, len);
	return (struct nri_span){copy, len};
}

static inline void free_copy(struct nri_span copy)
{
	free((void *)(uintptr_t)copy.at);
}

/* The same in every run. */
static inline uint32_t next_number(void)
{
	static uint64_t seed = 88172645463325252U;

	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16);
}

/* One to four bytes of @copy become others. */
static inline void mutate(struct nri_span copy)
{
	for (uint32_t n = 1 + next_number() % 4; n && copy.len; n--)
		((uint8_t *)(uintptr_t)copy.at)[next_number() % copy.len] = (uint8_t)next_number();
}

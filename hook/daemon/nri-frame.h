/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How messages travel between NRI and a plugin. The connection carries two channels, in frames of
 * 4 bytes channel, 4 bytes length, and so many bytes of the channel (NRI: pkg/net/multiplex). In a
 * channel there are ttrpc's messages: 4 bytes length, 4 bytes stream, type, flags, and the body
 * (ttrpc: PROTOCOL.md). Numbers are big-endian. A message can be in many frames, as one frame can
 * have many messages. Pure, but for memory.
 */

#include "daemon/nri-wire.h"

#include <sys/types.h>

#define NRI_CHANNELS 2
enum nri_channel {
	NRI_TO_PLUGIN = 1, /* its requests, our answers */
	NRI_TO_ENGINE = 2, /* our requests, its answers */
};

enum nri_type { NRI_REQUEST = 1, NRI_RESPONSE = 2 };

/* Of a longer message only the first bytes are kept. */
#define NRI_MESSAGE_MAX (4UL << 20) /* ttrpc: messageLengthMax */
#define NRI_CUT_TO	256

struct nri_message {
	uint32_t channel, stream;
	uint8_t type;
	bool cut; /* @body is only its beginning */
	struct nri_buffer body;
};

#define NRI_FRAME_HEAD	 8
#define NRI_MESSAGE_HEAD 10

/* What has arrived so far. All zero at first. */
struct nri_reader {
	uint8_t head[NRI_FRAME_HEAD];
	size_t n_head;
	uint32_t channel;
	size_t left; /* of the frame */
	struct nri_stream {
		uint8_t head[NRI_MESSAGE_HEAD];
		size_t n_head, len, got; /* of the body */
		struct nri_buffer body;
	} streams[NRI_CHANNELS];
};

/*
 * Takes some of @bytes, at least one of them, and returns how many: to be called until it has taken
 * all. If they complete a message, *ret gets it, to be freed; else ret->channel is 0. -EPROTO if it
 * is no frame, or -ENOMEM: the connection is of no use any more.
 */
ssize_t nri_read(struct nri_reader *reader, struct nri_span bytes, struct nri_message *ret);
void nri_reader_free(struct nri_reader *reader);

/* Appends the frames of a message. */
void nri_write(struct nri_buffer *to, uint32_t channel, uint32_t stream, enum nri_type type,
	       struct nri_span body);

/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/nri-frame.h"

#include "base/minmax.h"

#include <errno.h>
#include <string.h>

/* maxPayloadSize of NRI before 0.7, which divides no message; later ones have less. */
#define FRAME_MAX (1UL << 24)

/* NRI reads a frame with the buffer of a bufio.Reader, and fails if the frame is longer. */
#define OUR_FRAME_MAX 4096

static uint32_t number_at(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static size_t fill(uint8_t *head, size_t *n, size_t size, struct nri_span bytes)
{
	size_t taken = smaller(size - *n, bytes.len);

	memcpy(head + *n, bytes.at, taken);
	*n += taken;
	return taken;
}

static size_t take_body(struct nri_stream *stream, struct nri_span bytes)
{
	size_t taken = smaller(stream->len - stream->got, bytes.len);
	size_t keep = stream->len > NRI_MESSAGE_MAX ? NRI_CUT_TO : NRI_MESSAGE_MAX;

	if (stream->body.len < keep)
		nri_append(&stream->body, bytes.at, smaller(keep - stream->body.len, taken));
	stream->got += taken;
	return taken;
}

static void complete(struct nri_stream *stream, uint32_t channel, struct nri_message *ret)
{
	*ret = (struct nri_message){
		.channel = channel,
		.stream = number_at(stream->head + 4),
		.type = stream->head[8],
		.cut = stream->len > NRI_MESSAGE_MAX,
		.body = stream->body,
	};
	*stream = (struct nri_stream){0};
}

static size_t take_message(struct nri_stream *stream, uint32_t channel, struct nri_span bytes,
			   struct nri_message *ret)
{
	size_t taken;

	if (stream->n_head < NRI_MESSAGE_HEAD) {
		taken = fill(stream->head, &stream->n_head, NRI_MESSAGE_HEAD, bytes);
		stream->len = number_at(stream->head);
	} else {
		taken = take_body(stream, bytes);
	}
	if (stream->n_head == NRI_MESSAGE_HEAD && stream->got == stream->len && !stream->body.error)
		complete(stream, channel, ret);
	return taken;
}

static ssize_t take_frame_head(struct nri_reader *reader, struct nri_span bytes)
{
	size_t taken = fill(reader->head, &reader->n_head, NRI_FRAME_HEAD, bytes);

	if (reader->n_head < NRI_FRAME_HEAD)
		return (ssize_t)taken;
	reader->channel = number_at(reader->head);
	reader->left = number_at(reader->head + 4);
	if (reader->channel == 0 || reader->left > FRAME_MAX)
		return -EPROTO;
	return (ssize_t)taken;
}

/* Channels that we do not know are passed over, as NRI does. */
static ssize_t take_frame(struct nri_reader *reader, struct nri_span bytes, struct nri_message *ret)
{
	struct nri_stream *stream;
	size_t taken;

	bytes.len = smaller(bytes.len, reader->left);
	taken = bytes.len;
	if (reader->channel <= NRI_CHANNELS) {
		stream = &reader->streams[reader->channel - 1];
		taken = take_message(stream, reader->channel, bytes, ret);
		if (stream->body.error)
			return stream->body.error;
	}
	reader->left -= taken;
	return (ssize_t)taken;
}

ssize_t nri_read(struct nri_reader *reader, struct nri_span bytes, struct nri_message *ret)
{
	ssize_t taken;

	ret->channel = 0;
	if (reader->n_head < NRI_FRAME_HEAD)
		taken = take_frame_head(reader, bytes);
	else
		taken = take_frame(reader, bytes, ret);
	if (reader->n_head == NRI_FRAME_HEAD && reader->left == 0)
		reader->n_head = 0;
	return taken;
}

void nri_reader_free(struct nri_reader *reader)
{
	for (size_t i = 0; i < NRI_CHANNELS; i++)
		nri_buffer_free(&reader->streams[i].body);
	*reader = (struct nri_reader){0};
}

static void put_number(uint8_t *at, size_t number)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(number >> (24 - 8 * i));
}

static void write_frame_head(struct nri_buffer *to, uint32_t channel, size_t len)
{
	uint8_t head[NRI_FRAME_HEAD];

	put_number(head, channel);
	put_number(head + 4, len);
	nri_append(to, head, sizeof(head));
}

void nri_write(struct nri_buffer *to, uint32_t channel, uint32_t stream, enum nri_type type,
	       struct nri_span body)
{
	uint8_t head[NRI_MESSAGE_HEAD] = {0};

	put_number(head, body.len);
	put_number(head + 4, stream);
	head[8] = (uint8_t)type;
	write_frame_head(to, channel, sizeof(head));
	nri_append(to, head, sizeof(head));
	while (body.len) {
		size_t len = smaller(body.len, OUR_FRAME_MAX);

		write_frame_head(to, channel, len);
		nri_append(to, body.at, len);
		body.at += len;
		body.len -= len;
	}
}

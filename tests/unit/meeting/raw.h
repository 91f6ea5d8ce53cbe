/*
 * One engine, and the other end of the stream by hand: frames as bytes, whatever the
 * test wants to say. The hand holds cells of the names of pair.h.
 */
#ifndef DLB_TEST_RAW_H
#define DLB_TEST_RAW_H

#include "engine_internal.h"

struct raw_frame {
	uint8_t type;
	size_t len;
	uint8_t payload[DLB_CELL_HEAD + 64]; /* the first bytes of it */
};

struct raw {
	struct dlb_env_seeded env;
	struct dlb_meeting *m;
	struct dlb_meeting_config config;
	struct dlb_meeting_cell cells[4096];
	/* what the engine has said and was not looked at yet */
	struct raw_frame said[4096];
	size_t said_n, said_at;
	/* a frame that is not whole yet */
	struct raw_frame partial;
	uint8_t head[4];
	size_t partial_n;
	/* actions other than SEND */
	unsigned stores, givens, fetches, peers, tokens;
	uint8_t version;   /* that the hand speaks; raw_init: the highest */
	size_t tokens_n;   /* of the last TOKENS */
	uint8_t token[32]; /* the last of these */
	uint64_t ticket;   /* of the last STORE */
	uint8_t copies;
	uint32_t given_number;
	uint8_t given_keep;
	bool keep_back;  /* STOREs are not answered */
	bool hold_fetch; /* nor FETCHes, until raw_fetch */
	uint32_t numbers[DLB_MEETING_FETCH_MAX];
	size_t numbers_n;
	bool deaf; /* nothing is taken from the engine */
	enum dlb_status answer;
	int32_t counters[DLB_RECON_COUNTERS]; /* that the hand's summary has */
	bool over;
	struct dlb_meeting_action end;
	struct dlb_meeting_match matches[DLB_MEETING_ANSWERS];
	size_t matches_n;
};

/* A config for a listener or caller with n cells (which 0 .. n - 1, week 100 + i % 4,
 * 8 copies); change it before raw_start. */
void raw_init(struct raw *r, bool caller, uint32_t n);
void raw_start(struct raw *r);
void raw_free(struct raw *r);
/* Says bytes to the engine and lets it act. */
void raw_bytes(struct raw *r, const void *bytes, size_t len);
void raw_say(struct raw *r, uint8_t type, const void *payload, size_t len);
/* Answers the last FETCH. */
void raw_fetch(struct raw *r);
/* Lets it act. */
void raw_act(struct raw *r);
/* The next frame that it has said, which must be of that type. */
const struct raw_frame *raw_expect(struct raw *r, uint8_t type);
bool raw_silent(struct raw *r);
/* It is over for this reason, and the other end was told. */
void raw_expect_end(struct raw *r, enum dlb_meeting_end end, int bye);
void raw_pass(struct raw *r, int64_t ms);

/* Honest ones. raw_greet goes up to the exchange: the hand is a stranger who has
 * `count` cells in week 100, whose ids add up to sum (of no use to a caller engine
 * but to see that it differs), and room for all. */
void raw_greet(struct raw *r, uint32_t count, uint64_t sum);
/* As if the hand held the same cells, but for a few. */
void raw_counters(struct raw *r);
void raw_hello(struct raw *r);
void raw_summary(struct raw *r, uint32_t count, uint64_t sum);
void raw_group(struct raw *r, uint8_t kind, uint16_t from, uint16_t to,
	uint8_t bits, uint16_t prefix, uint32_t count);
void raw_ids(struct raw *r, uint16_t group, uint32_t left, const uint64_t *ids,
	size_t n);
void raw_want(struct raw *r, uint16_t group, bool last, uint32_t gives,
	const uint64_t *ids, size_t n);
void raw_cell(struct raw *r, uint64_t id, uint8_t copies, uint32_t which);
uint64_t raw_id(const struct raw *r, uint32_t which);
void raw_stats(const struct raw *r, struct dlb_meeting_stats *s);

#endif

/*
 * Two meeting engines in one process, joined by a link of memory: delay, chunk
 * sizes, cuts and the order of all things come from one seed; time is simulated.
 *
 * A cell in these tests is its name (16 bytes), then bytes that follow from it.
 */
#ifndef DLB_TEST_PAIR_H
#define DLB_TEST_PAIR_H

#include "engine_internal.h"

struct pair_cell {
	struct dlb_meeting_cell c;
	bool came; /* by a meeting of this pair */
	unsigned times_given, times_came;
};

/* What a side holds; grows. */
struct pair_store {
	struct pair_cell *cells;
	size_t n, cap;
};

struct pair_pending {
	uint64_t ticket;
	uint8_t copies;
	bool look;
	uint8_t cell[32]; /* its first bytes */
	enum dlb_status status;
};

struct pair_side {
	struct dlb_meeting *m;
	struct dlb_meeting_config config;
	struct pair_store store;
	struct pair_pending *pending;
	size_t pending_n;
	uint32_t asked[DLB_MEETING_FETCH_MAX];
	size_t asked_n;
	bool over;
	enum dlb_meeting_end end;
	struct dlb_meeting_match matches[DLB_MEETING_ANSWERS];
	size_t matches_n;
	bool peer_seen;
	unsigned tokens_seen;
	size_t tokens_n;
	uint8_t tokens[DLB_MEETING_TOKENS_MAX][DLB_MEETING_TOKEN_LEN];
	unsigned fetched, stored;
	uint32_t damage;     /* answers every damage-th cell with DLB_CORRUPT */
	uint32_t full_after; /* DLB_FULL from this one on; 0: never */
	bool slow; /* answers FETCH and STORE only when nothing else goes on */
	bool hold; /* never answers FETCH */
	struct dlb_meeting_stats stats;
	/* on the way to this side */
	uint8_t *bytes;
	size_t bytes_n, bytes_at, bytes_cap;
	struct pair_piece {
		size_t end;
		int64_t at_ms;
	} * pieces;
	size_t pieces_n, pieces_at, pieces_cap;
	uint64_t received;
	bool gone;
};

struct pair {
	struct dlb_env_seeded env;
	struct pair_side side[2]; /* 0 calls */
	int64_t delay_ms;
	size_t chunk_max; /* 0: whole */
	uint64_t cut_at;  /* bytes received by both; UINT64_MAX: never */
	uint64_t received;
	int64_t first_cell_ms; /* when the first cell came; 0: none */
	int64_t settled_ms;    /* when both knew what to send */
	uint64_t settled_bytes;
	/* May change a frame that `side` says; the length stays. */
	void (*mutate)(struct pair *p, int side, uint8_t *bytes, size_t len);
	/* n bytes came to a side, behind p->received others to both. */
	void (*came)(struct pair *p, const uint8_t *bytes, size_t n);
	void *ctx;
};

/* Both sides: window 16, room for all, the same exporter. */
void pair_init(struct pair *p, uint64_t seed);
void pair_free(struct pair *p);
/* A cell to a side: its name follows from `which`. */
struct pair_cell *pair_add(struct pair *p, int side, uint32_t which,
	uint16_t week, uint8_t copies);
void pair_name(uint8_t name[static 16], uint32_t which);
struct pair_cell *pair_find(struct pair *p, int side, const uint8_t name[16]);
/* Makes the engines and runs until both are over; fails the test when it does not
 * end. What was taken is in the stores afterwards. */
void pair_meet(struct pair *p);
/* The budget is enough to begin with. */
bool pair_can_start(struct pair *p);
/* Without running: pair_step until false, then pair_end. */
void pair_start(struct pair *p);
bool pair_step(struct pair *p);
void pair_end(struct pair *p);

/* Cells of twelve weeks from PAIR_WEEK on, cell i with 1 + i % 32 copies: `both` that
 * both hold, then what only one does. */
#define PAIR_WEEK 100
void pair_fill(struct pair *p, uint32_t both, uint32_t only0, uint32_t only1);
/* Both are done, and know all that differs. */
void pair_assert_done(const struct pair *p);
/* Both hold all, nothing came or went twice. */
void pair_assert_same(struct pair *p, uint32_t all);

#endif

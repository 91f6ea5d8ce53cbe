/*
 * engine: a meeting of two satchels over a stream of bytes. docs/meeting.md is the
 * protocol; this is a pure machine: it is given bytes, time, randomness and
 * answers, and says what to do. It opens no file and no socket, keeps to a budget
 * of memory, and never sees what is in a cell: names, 65,536 bytes, actions.
 *
 * Each side makes one. The one who opened the connection is the caller.
 *
 *	m = dlb_meeting_new(config)
 *	loop: while (dlb_meeting_next(m, &action)) do it;
 *	      read or write the stream, wait until dlb_meeting_deadline_ms;
 *	      dlb_meeting_receive / _closed / _tick
 *	until action is DONE or FAILED; dlb_meeting_free(m)
 *
 * Whatever breaks, in whatever moment: nothing is lost. What was given before its
 * GIVEN is a copy too many, never one too few.
 */
#ifndef DLB_ENGINE_H
#define DLB_ENGINE_H

#include "base.h"
#include "ends.h"

#define DLB_MEETING_CELL_LEN 65536
#define DLB_MEETING_VERSION 2     /* the highest spoken */
#define DLB_MEETING_VERSION_MIN 1 /* the lowest: without recall tokens */
/* So many secrets are shown at most (drawn anew for each meeting where there are
 * more), and so many of them answered. */
#define DLB_MEETING_TAGS 32
/* And so many more beside them, shorter ones. */
#define DLB_MEETING_MORE_TAGS 64
#define DLB_MEETING_ANSWERS 4
/* Where a config says 0. */
#define DLB_MEETING_WINDOW 64
#define DLB_MEETING_STALL_MS 30000
/* So many cells are asked for in one FETCH at most. */
#define DLB_MEETING_FETCH_MAX 32
/* Recall tokens that a side shows at most: half a cell. */
#define DLB_MEETING_TOKENS_MAX 1024
#define DLB_MEETING_TOKEN_LEN 32

#define DLB_MEETING_OWN 0x01 /* new here, goes first */

/* A cell that is SHOWN here, or an own new one that goes along. Those who call see
 * to it that the number of own ones says nothing: DLB_MEETING_OWN_CELLS, cover
 * filling up. */
struct dlb_meeting_cell {
	uint8_t name[16];
	uint32_t number; /* the caller's, no two alike, never sent */
	uint16_t expiry_week;
	uint8_t copies; /* 0: a look copy: counts as held, is never passed on */
	uint8_t flags;  /* DLB_MEETING_OWN */
	/* The ref of the box secret whose tag it carries, 0 for none. Set for all
	 * cells of a box whose secret is given below, or for none: two who both
	 * hold the key must see the same cells as the box's. */
	uint32_t box;
};

/* What a peer can be recognised by: a secret shared with a node, or a box's. */
struct dlb_meeting_secret {
	uint8_t key[32];
	uint32_t ref; /* the caller's, not 0 */
	bool box;
	/* Not 0: whoever is recognised by this one is given the cells of the box of
	 * this ref, and no other cell. */
	uint32_t only_box;
	bool last; /* shown where the others leave room */
	/* It has the key of one before it: that one alone is shown and matched, and
	 * what this one says of boxes holds with it. */
	bool again;
};
/* So many secrets at most are a box's. Several may have one ref. */
#define DLB_MEETING_BOXES_MAX 255

struct dlb_meeting_config {
	bool caller;
	/* Of the channel (TLS exporter), the same at both ends, of no other one. */
	uint8_t exporter[32];
	const struct dlb_meeting_cell *cells; /* read by _new alone */
	size_t cells_n;
	size_t more_n; /* so many may be added with _add */
	const struct dlb_meeting_secret *secrets; /* copied */
	size_t secrets_n;
	/* Recall tokens, one after the other; copied. Shown to whoever it is, as soon as
	 * there is nothing more urgent to say. */
	const uint8_t *tokens;
	size_t tokens_n;
	bool known_only; /* end with who shares none of the node secrets */
	uint32_t room;   /* so many cells are taken at most, in all */
	/* So many STOREs may be waiting for their answer; 1 to 1024. */
	uint16_t window;
	uint16_t now_week; /* 0: the clock is not trusted */
	size_t budget;     /* bytes of memory at most; 0: no limit */
	uint32_t stall_ms; /* as good as nothing moved for so long: over */
	uint64_t limit_ms; /* longer no meeting lasts; 0: no limit */
	const struct dlb_env *env; /* must outlive the meeting */
};

struct dlb_meeting_match {
	uint32_t ref;
	bool box;
};

enum dlb_meeting_do {
	/* Write data; tell with _sent how much went. The bytes stay valid until
	 * then, and grow no shorter; _next says SEND again until all went. */
	DLB_MEETING_SEND,
	/* Read the cells of these numbers and hand each over with _fetched, in any
	 * order; said once. Bytes may be received and sent meanwhile. */
	DLB_MEETING_FETCH,
	/* A cell came. cell is valid until the next _receive: copy it. Find its
	 * name, ask _expects, store it with `copies` (look: a look copy), and
	 * answer with _stored when it is durable. Said once. */
	DLB_MEETING_STORE,
	/* The other side has the cell of this number, durable: it keeps `keep`
	 * copies here from now on, and is own and new no more. */
	DLB_MEETING_GIVEN,
	/* Once: who it is. No matches: a stranger. _stop before anything else is
	 * done ends it before anything of the set is said; _add is for then, too. */
	DLB_MEETING_PEER,
	/* All of the other side's tokens, tokens_n of them in data; said once, where there
	 * are any. Each calls back a cell whose waybill has the hash of it. */
	DLB_MEETING_TOKENS,
	/* Over; _next says it again and again. */
	DLB_MEETING_DONE,
	DLB_MEETING_FAILED, /* end says why */
};

struct dlb_meeting_action {
	enum dlb_meeting_do what;
	const uint8_t *data; /* SEND; TOKENS */
	size_t len, tokens_n;
	const uint32_t *numbers; /* FETCH; valid until the next call */
	size_t numbers_n;
	uint64_t ticket; /* STORE: each above the last */
	const uint8_t *cell;
	uint8_t copies;
	bool look;
	uint32_t number; /* GIVEN */
	uint8_t keep;
	bool own;
	const struct dlb_meeting_match *matches; /* PEER */
	size_t matches_n;
	enum dlb_meeting_end end;     /* DONE, FAILED */
	uint8_t their_min, their_max; /* FAILED with DLB_END_VERSION */
};

enum dlb_meeting_kind {
	DLB_MEETING_CONTROL,
	DLB_MEETING_SYMBOLS, /* what says which cells are there: symbols, ids */
	DLB_MEETING_CELLS,
	DLB_MEETING_KINDS
};

struct dlb_meeting_stats {
	uint64_t in[DLB_MEETING_KINDS]; /* bytes, frame headers counted */
	uint64_t out[DLB_MEETING_KINDS];
	uint32_t given;   /* the other side has them now, from here */
	uint32_t taken;   /* stored here, from there */
	uint32_t refused; /* came and were not kept: form, room, already here */
	uint32_t unasked; /* came and nobody had asked for them */
	uint32_t refused_there; /* given and not kept there */
	uint32_t round_trips;   /* answers waited for before the first cell */
	uint32_t groups;        /* parts of the sets that were compared */
	uint32_t lacking;       /* cells found out to be there and not here */
	uint32_t to_give;       /* cells found out to be here and not there */
	bool settled; /* both sets are compared as far as they will be */
	size_t memory, memory_peak; /* bytes */
};

struct dlb_meeting;

/* DLB_USAGE for a config that makes no sense, DLB_LIMIT where the cells do not fit
 * the budget, DLB_NO_MEMORY. *out is NULL on failure. */
enum dlb_status dlb_meeting_new(struct dlb_meeting **out,
	const struct dlb_meeting_config *config, struct dlb_error *err)
	DLB_MUST_CHECK;
void dlb_meeting_free(struct dlb_meeting *m);

/* Bytes that came; returns how many were taken: all of them, but where a STORE
 * or a PEER waits for _next. Never fails: a bad peer shows as FAILED. */
size_t dlb_meeting_receive(
	struct dlb_meeting *m, const uint8_t *bytes, size_t len) DLB_MUST_CHECK;
/* The stream has ended: nothing more comes and nothing more goes. */
void dlb_meeting_closed(struct dlb_meeting *m);
/* What to do now; false: nothing but to wait for bytes, time or an answer. */
bool dlb_meeting_next(struct dlb_meeting *m, struct dlb_meeting_action *action)
	DLB_MUST_CHECK;

/* Cells that are chosen by who it is: after PEER, before anything else. At most more_n
 * in all; what there is already stays as it is. */
void dlb_meeting_add(
	struct dlb_meeting *m, const struct dlb_meeting_cell *cells, size_t n);

void dlb_meeting_sent(struct dlb_meeting *m, size_t n);
/* cell: 65,536 bytes, copied; NULL: it is not there any more. */
void dlb_meeting_fetched(
	struct dlb_meeting *m, uint32_t number, const uint8_t *cell);
/* Is this the cell that was promised under the ticket? If not, do not store it,
 * and answer DLB_REFUSED. */
bool dlb_meeting_expects(const struct dlb_meeting *m, uint64_t ticket,
	const uint8_t name[static 16]);
/* In the order of the tickets, each once: DLB_OK or DLB_DUPLICATE (it is here and
 * durable), DLB_FULL, any other (its form, its expiry, its name; damaged; a disk
 * that failed). After the meeting is over it does nothing. */
void dlb_meeting_stored(struct dlb_meeting *m, uint64_t ticket,
	const uint8_t name[static 16], enum dlb_status status);

/* Ends it from here: the other side is told. refuse: because of who it is. */
void dlb_meeting_stop(struct dlb_meeting *m, bool refuse);

/* When to call _tick at the latest, by the env's monotonic clock; INT64_MAX:
 * never. */
int64_t dlb_meeting_deadline_ms(const struct dlb_meeting *m);
void dlb_meeting_tick(struct dlb_meeting *m);

void dlb_meeting_stats(
	const struct dlb_meeting *m, struct dlb_meeting_stats *stats);

#endif

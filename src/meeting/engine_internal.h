/*
 * The meeting engine inside. One concept a file; docs/meeting.md has the protocol.
 *
 *	memory.c    the budget
 *	set.c       the ids of what is held here
 *	frames.c    frames out of bytes, bytes out of frames
 *	greeting.c  who is there
 *	summary.c   what is held, in a few bytes; about how much differs
 *	cut.c       the parts in which the sets are compared
 *	groups.c    one such part: opened, and what is told of it
 *	answer.c    what is heard of it and answered
 *	symbols.c   telling by symbols (reconcile.h)
 *	ids.c       a set of ids that are waited for
 *	give.c      cells that go
 *	take.c      cells that come
 *	tokens.c    what calls cells back
 *	engine.c    states, turns, the end
 */
#ifndef DLB_ENGINE_INTERNAL_H
#define DLB_ENGINE_INTERNAL_H

#include "crypto.h"
#include "engine.h"
#include "meeting.h"
#include "reconcile.h"

/* ---- limits -------------------------------------------------------------------- */

#define DLB_FRAME_HEAD 4
#define DLB_CELL_HEAD 9 /* id, copies */
#define DLB_LIST_MAX                                                           \
	8192 /* payload of SYMBOLS, IDS, WANT, ACK, HELLO at most */
#define DLB_IDS_A_FRAME 1000
#define DLB_TOKENS_A_FRAME 250
#define DLB_WINDOW_MAX 1024
#define DLB_WEEKS_MAX 32
#define DLB_GROUPS_OPEN 4
#define DLB_GROUPS_MAX 8192 /* in all */
#define DLB_PREFIX_BITS_MAX 16
#define DLB_RANGES_MAX (DLB_WEEKS_MAX + 1)
#define DLB_GROUP_EXPECTED 16384 /* differences, about, at most */
/* No further groups are opened while so many cells are known and have not gone. */
#define DLB_AHEAD_MAX 131072
#define DLB_SYMBOLS_MAX 65536 /* of one group */
#define DLB_SYMBOLS_A_FRAME 680
#define DLB_GIVEUPS_MAX DLB_GROUPS_OPEN /* ids asked for in place of symbols */
/* Cells that are waited for, and that wait to go, at most; the next meeting has the
 * others. */
#define DLB_WANTED_MAX (1u << 18)
#define DLB_GIVE_MAX (1u << 18)
#define DLB_UNASKED_MAX 8
#define DLB_FULL_MAX                                                           \
	16 /* so many FULL and none kept between: no more is given */
#define DLB_PINGS_MAX 360
#define DLB_PING_MS 5000
#define DLB_LINGER_MS 2000 /* for saying why, at the end */
#define DLB_SLOWEST 256    /* bytes in stall_ms: less is a stall */
#define DLB_BOXES_MAX DLB_MEETING_BOXES_MAX
#define DLB_CELLS_N_MAX (1u << 28)

/* ---- memory.c ------------------------------------------------------------------- */

struct dlb_budget {
	size_t limit, used, peak;
};
/* Zeroed; NULL beyond the budget or without memory. */
void *dlb_budget_take(struct dlb_budget *b, size_t n, size_t size)
	DLB_MUST_CHECK;
/* The same n and size as were taken. p may be NULL. */
void dlb_budget_give(struct dlb_budget *b, void *p, size_t n, size_t size);
/* For what others allocate. */
bool dlb_budget_reserve(struct dlb_budget *b, size_t n) DLB_MUST_CHECK;
void dlb_budget_release(struct dlb_budget *b, size_t n);

/* ---- set.c -------------------------------------------------------------------------- */

/* Bits of dlb_set_cell.flags; DLB_MEETING_OWN is 0x01. */
#define DLB_SET_BOX 0x02  /* of a box whose key both hold */
#define DLB_SET_TOLD 0x04 /* the other side has said that it has it */
#define DLB_SET_GIVE 0x08 /* is to be given, or was */

struct dlb_set_cell {
	uint32_t number;
	uint16_t week;
	uint8_t copies;
	uint8_t flags;
};
/* Ordered by id; no id twice. ids and cells are parallel. */
struct dlb_set {
	uint64_t *ids;
	struct dlb_set_cell *cells;
	uint8_t *box;    /* which box secret (from 1), 0 for none; or NULL */
	uint32_t *start; /* of each value of the top `bits` bits, and the end */
	unsigned bits;
	uint32_t n, cap;
};
#define DLB_SET_NONE UINT32_MAX

uint64_t dlb_meeting_id(
	const uint8_t key[static 16], const uint8_t name[static 16]);
/* Leaves out what has expired. DLB_NO_MEMORY beyond the budget. */
enum dlb_status dlb_set_fill(struct dlb_set *s, struct dlb_budget *b,
	const struct dlb_meeting_config *config, const uint8_t key[static 16])
	DLB_MUST_CHECK;
/* Another one, that has not expired; not if there is no room or it is in. box: as in
 * dlb_set.box. */
void dlb_set_add(struct dlb_set *s, const struct dlb_meeting_cell *cell,
	const uint8_t key[static 16], uint8_t box);
void dlb_set_free(struct dlb_set *s, struct dlb_budget *b);
uint32_t dlb_set_find(const struct dlb_set *s, uint64_t id);
/* The first one whose id is not below. */
uint32_t dlb_set_lower(const struct dlb_set *s, uint64_t id);

/* ---- frames.c ------------------------------------------------------------------------- */

enum dlb_frame {
	DLB_FRAME_BYE,
	DLB_FRAME_HELLO,
	DLB_FRAME_WELCOME,
	DLB_FRAME_SUMMARY,
	DLB_FRAME_GROUP,
	DLB_FRAME_SYMBOLS,
	DLB_FRAME_IDS,
	DLB_FRAME_MORE,
	DLB_FRAME_WANT,
	DLB_FRAME_CELL,
	DLB_FRAME_ACK,
	DLB_FRAME_LAST,
	DLB_FRAME_END,
	DLB_FRAME_PING,
	DLB_FRAME_TOKENS, /* from version 2 on */
	DLB_FRAMES,
};
/* What comes: one frame at a time. */
struct dlb_inlet {
	uint8_t head[DLB_FRAME_HEAD];
	size_t head_n;
	uint8_t *payload; /* DLB_CELL_HEAD + DLB_MEETING_CELL_LEN */
	size_t len, n;
};
/* What goes: a few small frames at a time, or a cell straight from its slot. */
struct dlb_outlet {
	uint8_t buf[4 * (DLB_FRAME_HEAD + DLB_LIST_MAX)];
	size_t made;         /* bytes in buf */
	const uint8_t *data; /* buf or a slot's; NULL: nothing is on its way */
	size_t len, at;
	struct dlb_slot *slot;
};
struct dlb_meeting;
/* There is room for a frame, of whatever length. */
bool dlb_frame_fits(const struct dlb_meeting *m);
/* Starts a frame behind those that are made; write the payload, then _frame_end. */
void dlb_frame_begin(struct dlb_meeting *m, struct dlb_writer *w);
void dlb_frame_end(
	struct dlb_meeting *m, struct dlb_writer *w, enum dlb_frame type);
void dlb_frame_head(uint8_t head[static DLB_FRAME_HEAD], enum dlb_frame type,
	size_t payload_len);
/* Hands each whole frame to whom it is for; stops where a STORE is due. */
size_t dlb_frames_receive(
	struct dlb_meeting *m, const uint8_t *bytes, size_t len);

/* ---- greeting.c -------------------------------------------------------------------------- */

#define DLB_TAGS_ALL (DLB_MEETING_TAGS + DLB_MEETING_MORE_TAGS)
struct dlb_greeting {
	uint8_t exporter[32];
	struct dlb_meeting_secret *secrets;
	size_t secrets_n;
	/* The caller: which secret (its index) each answer may be for; the
	 * listener: what it answers. */
	uint32_t shown[DLB_TAGS_ALL];
	struct dlb_meeting_match matches[DLB_MEETING_ANSWERS];
	size_t matches_n;
	uint32_t matched[DLB_MEETING_ANSWERS]; /* indices of secrets */
	bool known;                            /* one of them is a node's */
};
enum dlb_status dlb_greeting_init(struct dlb_meeting *m,
	const struct dlb_meeting_config *config) DLB_MUST_CHECK;
void dlb_greeting_free(struct dlb_meeting *m);
void dlb_greeting_send_hello(struct dlb_meeting *m);
void dlb_greeting_hello(struct dlb_meeting *m, struct dlb_reader *r);
void dlb_greeting_send_welcome(struct dlb_meeting *m);
void dlb_greeting_welcome(struct dlb_meeting *m, struct dlb_reader *r);
/* The place of a box secret among those of boxes, from 1; 0: none has that ref. */
uint8_t dlb_greeting_box(const struct dlb_meeting *m, uint32_t ref);
/* Cells of boxes whose key both hold are a class of their own; after the set has
 * grown, again. */
void dlb_greeting_mark_boxes(struct dlb_meeting *m);

/* ---- summary.c ------------------------------------------------------------------------------ */

struct dlb_week {
	uint16_t week;
	uint32_t count;
	uint64_t sum; /* of the ids, modulo 2^64 */
};
struct dlb_summary {
	struct dlb_week weeks[DLB_WEEKS_MAX]; /* later first */
	size_t weeks_n;
	uint32_t box_n; /* cells of boxes whose key both hold */
	int32_t counters[DLB_RECON_COUNTERS];
};
void dlb_summary_make(
	struct dlb_summary *s, const struct dlb_set *set, uint16_t from);
void dlb_summary_send(struct dlb_meeting *m);
void dlb_summary_receive(struct dlb_meeting *m, struct dlb_reader *r);

/* ---- cut.c ------------------------------------------------------------------------------------- */

enum dlb_group_kind {
	DLB_GROUP_SYMBOLS, /* the caller tells symbols */
	DLB_GROUP_IDS,     /* the caller tells all its ids */
	DLB_GROUP_ASK,     /* the listener is asked for all of its ids */
	DLB_GROUP_KINDS,
};
/* A part of both sets, to be cut by the first bits of the id. */
struct dlb_range {
	bool box;
	uint16_t from, to; /* weeks, both within */
	uint8_t bits;
	enum dlb_group_kind kind;
	uint32_t expected; /* differences in each of the 2^bits groups */
};
/* Returns how many, the most valuable first. */
size_t dlb_cut(struct dlb_range ranges[static DLB_RANGES_MAX],
	const struct dlb_summary *here, const struct dlb_summary *there,
	uint16_t from, bool box);

/* ---- ids.c ----------------------------------------------------------------------------------------- */

struct dlb_ids {
	uint64_t *slots; /* 0: free */
	size_t cap, n;
	uint64_t key; /* random, odd */
	bool zero;    /* the id 0 is in */
};
/* false: no memory, or it was in already (then nothing has changed). */
bool dlb_ids_add(struct dlb_ids *t, struct dlb_budget *b, uint64_t id);
bool dlb_ids_remove(struct dlb_ids *t, uint64_t id);
void dlb_ids_free(struct dlb_ids *t, struct dlb_budget *b);

/* ---- groups.c ---------------------------------------------------------------------------------------- */

enum dlb_group_state {
	DLB_GROUP_CLOSED,
	DLB_GROUP_OPENING,   /* GROUP is to be said */
	DLB_GROUP_TELLING,   /* symbols or ids are to be said */
	DLB_GROUP_WAITING,   /* for the answer to them */
	DLB_GROUP_HEARING,   /* symbols or ids come */
	DLB_GROUP_ANSWERING, /* MORE or WANT is to be said */
};
struct dlb_symbols {
	const uint64_t *ids; /* a part of the set, or own */
	uint64_t *own;
	uint32_t n;
	bool hears;
	struct dlb_recon_set set;
	struct dlb_recon_decoder decoder; /* of who hears */
	size_t reserved;
};
struct dlb_group {
	enum dlb_group_state state;
	struct dlb_range range;
	uint16_t number, prefix;
	bool teller; /* this side tells */
	uint32_t begin, end,
		n;      /* of the set: all with the prefix; in the group */
	uint32_t there; /* who hears: so many does the other side have */
	struct dlb_symbols symbols;
	/* Who tells: the next id's place or symbol's index, how much is left of this
	 * go. Who hears: how much of this go has come, is left. */
	uint32_t at, left;
	/* Who answers: what it lacks, of which `at` are said; what it gives; how many
	 * symbols it asks for (UINT32_MAX: none). */
	uint64_t *lacks;
	uint32_t lacks_n, lacks_cap;
	uint32_t gives, more;
};
struct dlb_groups {
	struct dlb_group open[DLB_GROUPS_OPEN];
	uint16_t next; /* number of the next one */
	struct dlb_range ranges[DLB_RANGES_MAX];
	size_t ranges_n, range;
	uint32_t prefix; /* of the next one in the range */
	unsigned giveups;
	/* The listener: how many ranges came, and what came last. */
	unsigned ranges_heard;
	struct dlb_range last;
	uint32_t last_prefix;
	bool last_said; /* that no more groups come */
};
/* The caller knows what is held on both sides. */
void dlb_groups_start(struct dlb_meeting *m);
/* Symbols, ids, a new group: says it and returns true. */
bool dlb_groups_tell(struct dlb_meeting *m);
/* That no more come. */
bool dlb_groups_send_last(struct dlb_meeting *m);
bool dlb_groups_settled(const struct dlb_meeting *m);
void dlb_groups_group(struct dlb_meeting *m, struct dlb_reader *r);
void dlb_groups_last(struct dlb_meeting *m, struct dlb_reader *r);
void dlb_groups_free(struct dlb_meeting *m);
bool dlb_group_has(
	const struct dlb_meeting *m, const struct dlb_group *g, uint32_t index);
/* The open group of that number which this side tells or hears of; NULL: the other
 * side speaks out of turn, and it is over. */
struct dlb_group *dlb_group_of(
	struct dlb_meeting *m, uint16_t number, bool teller);
/* To be told from its beginning. */
void dlb_group_start_telling(struct dlb_meeting *m, struct dlb_group *g);
void dlb_group_close(struct dlb_meeting *m, struct dlb_group *g);

/* ---- answer.c ----------------------------------------------------------------------------------------- */

/* MORE or WANT: says it and returns true. */
bool dlb_answer_send(struct dlb_meeting *m);
void dlb_answer_ids(struct dlb_meeting *m, struct dlb_reader *r);
void dlb_answer_symbols(struct dlb_meeting *m, struct dlb_reader *r);
void dlb_answer_more(struct dlb_meeting *m, struct dlb_reader *r);
void dlb_answer_want(struct dlb_meeting *m, struct dlb_reader *r);

/* ---- symbols.c ------------------------------------------------------------------------------------------ */

/* false: no memory. close is for opened ones and all others. */
bool dlb_symbols_open(struct dlb_meeting *m, struct dlb_group *g,
	uint32_t peer_n, bool hears) DLB_MUST_CHECK;
void dlb_symbols_close(struct dlb_meeting *m, struct dlb_group *g);
bool dlb_symbols_grow(struct dlb_meeting *m, struct dlb_group *g, uint32_t to)
	DLB_MUST_CHECK;
/* The next n symbols; `left` more come in this go. As dlb_recon_add. */
enum dlb_status dlb_symbols_hear(struct dlb_meeting *m, struct dlb_group *g,
	const uint8_t *symbols, uint32_t n, uint32_t left) DLB_MUST_CHECK;

/* ---- give.c --------------------------------------------------------------------------------------------- */

/* A cell on its way out: a whole frame. */
struct dlb_slot {
	uint8_t *frame;
	uint32_t index; /* in the set */
	uint8_t give, keep;
	enum {
		DLB_SLOT_FREE,
		DLB_SLOT_ASKED,
		DLB_SLOT_READY,
		DLB_SLOT_GONE
	} state;
};
struct dlb_given {
	uint32_t index;
	uint8_t keep;
	uint8_t status; /* of the answer */
};
struct dlb_give {
	struct dlb_plan_move *moves; /* number: the index in the set */
	size_t moves_n, moves_at, moves_cap;
	struct dlb_slot slots[DLB_MEETING_FETCH_MAX];
	uint32_t slots_n;              /* that have memory */
	uint32_t slot_head, slot_tail; /* counts; tail is the oldest */
	uint32_t numbers[DLB_MEETING_FETCH_MAX];
	/* Sent: tail..answered have their answer and wait to be said as GIVEN,
	 * answered..head wait for one. */
	struct dlb_given *sent; /* DLB_WINDOW_MAX */
	uint32_t sent_head, sent_answered, sent_tail;
	uint32_t room, kept; /* there */
	uint32_t window;     /* there */
	unsigned full;       /* since one was kept */
};
/* One more that the other side lacks; true: it is among what goes after the next
 * _plan, which puts all that has not gone yet in order. */
bool dlb_give_add(struct dlb_meeting *m, uint32_t index);
void dlb_give_plan(struct dlb_meeting *m);
size_t dlb_give_backlog(const struct dlb_meeting *m);
/* The other side takes more. */
bool dlb_give_open(const struct dlb_meeting *m);
bool dlb_give_fetch(struct dlb_meeting *m, struct dlb_meeting_action *a);
/* A cell can go now. */
bool dlb_give_ready(const struct dlb_meeting *m);
/* Puts it into the outlet. */
void dlb_give_send(struct dlb_meeting *m);
void dlb_give_sent(struct dlb_meeting *m, struct dlb_slot *slot);
bool dlb_give_given(struct dlb_meeting *m, struct dlb_meeting_action *a);
void dlb_give_ack(struct dlb_meeting *m, struct dlb_reader *r);
bool dlb_give_over(const struct dlb_meeting *m);
bool dlb_give_busy(const struct dlb_meeting *m);
void dlb_give_free(struct dlb_meeting *m);

/* ---- take.c ------------------------------------------------------------------------------------------------ */

/* What an ACK says of a cell. */
enum {
	DLB_ACK_KEPT,
	DLB_ACK_HERE,
	DLB_ACK_FULL,
	DLB_ACK_REFUSED,
	DLB_ACKS,
	DLB_ACK_NONE = 0xff
};

struct dlb_taking {
	uint64_t id;
	uint8_t status;
};
struct dlb_take {
	struct dlb_taking *ring; /* window of them */
	uint64_t head, tail;     /* tickets; tail is the oldest not told */
	uint64_t answered;       /* tickets below have their answer */
	uint32_t room, window;
	uint32_t used; /* of the room: came and were not refused */
	unsigned full; /* since one was kept */
	uint32_t
		promised; /* what the other side said that it gives, not yet here */
	struct dlb_ids wanted;
	bool store_due;
	struct dlb_meeting_action store;
};
void dlb_take_cell(struct dlb_meeting *m, struct dlb_reader *r);
/* More can be taken. */
bool dlb_take_open(const struct dlb_meeting *m);
/* Waits for the cell of this id; false: that is too many, or it does already. */
bool dlb_take_want(struct dlb_meeting *m, uint64_t id);
bool dlb_take_send_ack(struct dlb_meeting *m);
bool dlb_take_busy(const struct dlb_meeting *m);
void dlb_take_free(struct dlb_meeting *m);

/* ---- tokens.c ----------------------------------------------------------------------------------------------- */

struct dlb_tokens {
	uint8_t *out, *in;
	size_t out_n, out_at;
	size_t in_all; /* so many it will be; 0: none came */
	size_t in_n;
	bool due; /* to be handed over */
};
enum dlb_status dlb_tokens_init(struct dlb_meeting *m,
	const struct dlb_meeting_config *config) DLB_MUST_CHECK;
/* Says some; false: nothing is left to say. */
bool dlb_tokens_send(struct dlb_meeting *m);
void dlb_tokens_heard(struct dlb_meeting *m, struct dlb_reader *r);
bool dlb_tokens_next(struct dlb_meeting *m, struct dlb_meeting_action *a);
void dlb_tokens_free(struct dlb_meeting *m);

/* ---- engine.c ------------------------------------------------------------------------------------------------- */

enum dlb_meeting_state {
	DLB_STATE_GREETING, /* the other side's HELLO or WELCOME is waited for */
	DLB_STATE_SUMMARY,  /* its SUMMARY */
	DLB_STATE_EXCHANGE,
	DLB_STATE_OVER,
	DLB_STATES
};

/* BYE: the first byte of its payload. */
enum {
	DLB_BYE_DONE,
	DLB_BYE_STOPPED,
	DLB_BYE_VERSION,
	DLB_BYE_REFUSED,
	DLB_BYE_FAULT
};

struct dlb_meeting {
	const struct dlb_env *env;
	struct dlb_budget budget;
	bool caller, known_only;
	uint16_t now_week, from;
	uint32_t stall_ms;
	uint8_t id_key[16], symbol_key[16];
	enum dlb_meeting_state state;
	enum dlb_meeting_end end;
	uint8_t their_min, their_max, version;
	/* to be said */
	bool peer_due, hello_due, welcome_due, summary_due, ping_due, bye_due;
	uint8_t bye;
	bool gone; /* nothing can be said any more */
	bool end_said, end_heard;
	bool cell_last; /* what is told and cells take turns */
	struct dlb_inlet in;
	struct dlb_outlet out;
	struct dlb_greeting greeting;
	struct dlb_set set;
	struct dlb_summary here, there;
	struct dlb_groups groups;
	struct dlb_give give;
	struct dlb_take take;
	struct dlb_tokens tokens;
	/* time */
	int64_t start_ms, limit_at_ms, moved_ms, sent_ms, over_ms;
	size_t moved;
	unsigned pings;
	bool asked; /* said something and heard nothing since */
	struct dlb_meeting_stats stats;
};

/* The other side's fault, or ours (memory): the meeting is over. */
void dlb_meeting_fail(struct dlb_meeting *m, enum dlb_meeting_end end);
/* A whole frame came. */
void dlb_meeting_heard(struct dlb_meeting *m, enum dlb_frame type);
void dlb_meeting_bye(struct dlb_meeting *m, struct dlb_reader *r);
void dlb_meeting_heard_end(struct dlb_meeting *m, struct dlb_reader *r);
void dlb_meeting_ping(struct dlb_meeting *m, struct dlb_reader *r);

#endif

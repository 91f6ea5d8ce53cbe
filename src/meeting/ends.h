/*
 * ends: why a meeting is over, and what a person is told of it.
 */
#ifndef DLB_ENDS_H
#define DLB_ENDS_H

/* Name, what is said of it. */
#define DLB_MEETING_END_LIST(X)                                                \
	X(NOT_YET, "not over")                                                 \
	X(DONE, "done")                                                        \
	X(STOPPED, "stopped here; what had moved is kept")                     \
	X(STOPPED_THERE, "the other side stopped; what had moved is kept")     \
	X(CLOSED,                                                              \
		"the connection was lost; what had moved is kept, the next "   \
		"meeting goes on")                                             \
	X(STALLED,                                                             \
		"the other side was silent for too long; what had moved is "   \
		"kept, the next meeting goes on")                              \
	X(TOO_LONG, "the time for one meeting is up")                          \
	X(VERSION,                                                             \
		"the other side speaks another version; install the newer "    \
		"program on both")                                             \
	X(STRANGER,                                                            \
		"the other side is not known here, or not vetted, and only "   \
		"such nodes are met; pair the two first, or vet it (dlb "      \
		"node vet, dlb roster)")                                       \
	X(REFUSED,                                                             \
		"the other side does not meet this node; pair the two "        \
		"first, and have it vetted there if only vetted nodes are "    \
		"met; where it is a box, get its key (dlb box add) or a "      \
		"briefing")                                                    \
	X(MALFORMED, "the other side sent what is not of this protocol")       \
	X(OUT_OF_TURN, "the other side spoke out of turn")                     \
	X(FLOOD, "the other side sent far more than it may")                   \
	X(LIED, "what the other side said of its cells does not add up")       \
	X(UNASKED, "the other side sent cells that nobody asked for")          \
	X(MEMORY,                                                              \
		"the memory for a meeting is used up; what had moved is "      \
		"kept, the next meeting goes on")                              \
	X(BLAMED,                                                              \
		"the other side broke it off: it takes what was sent for a "   \
		"fault")

enum dlb_meeting_end {
#define DLB_MEETING_END_ENUM(name, text) DLB_END_##name,
	DLB_MEETING_END_LIST(DLB_MEETING_END_ENUM)
#undef DLB_MEETING_END_ENUM
		DLB_END_COUNT
};
/* Static text, never NULL. */
const char *dlb_meeting_end_text(enum dlb_meeting_end end);

#endif

/*
 * Built without Avahi: nobody is found, and all else works.
 */
#include "lan.h"

enum dlb_status
dlb_lan_new(struct dlb_lan **out, const struct dlb_env *env,
	const struct dlb_lan_config *config, struct dlb_error *err)
{
	(void)env;
	(void)config;
	*out = NULL;
	return dlb_fail(err, DLB_UNSUPPORTED,
		"this program was built without Avahi, so it finds nobody on the "
		"local network by itself: meet by address, or build it where "
		"libavahi-client-dev is installed");
}

void
dlb_lan_free(struct dlb_lan *l)
{
	(void)l;
}

unsigned
dlb_lan_poll(const struct dlb_lan *l, struct pollfd out[static DLB_LAN_FDS_MAX])
{
	(void)l;
	(void)out;
	return 0;
}

int64_t
dlb_lan_deadline_ms(const struct dlb_lan *l)
{
	(void)l;
	return INT64_MAX;
}

void
dlb_lan_step(struct dlb_lan *l, struct dlb_lan_event *event)
{
	(void)l;
	*event = (struct dlb_lan_event){.kind = DLB_LAN_NONE};
}

const struct dlb_lan_peer *const *
dlb_lan_peers(struct dlb_lan *l, size_t *n)
{
	(void)l;
	*n = 0;
	return NULL;
}

void
dlb_lan_announce(struct dlb_lan *l, uint16_t port)
{
	(void)l;
	(void)port;
}

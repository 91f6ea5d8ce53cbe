/*
 * The machine's Avahi daemon, which may start late, stop, and come back: a client is
 * then made anew, and who was found before is lost until found again.
 */
#include "lan_internal.h"

#include <avahi-common/error.h>
#include <stdlib.h>
#include <string.h>

#define RESTART_MS 1000

static int64_t
now(const struct dlb_lan *l)
{
	return l->env->monotonic_ms(l->env->ctx);
}

static void
is_down(struct dlb_lan *l, const char *why)
{
	l->up = false;
	(void)!dlb_fail(&l->why_down, DLB_NOT_FOUND,
		"nobody is looked for on the local network: Avahi can not be "
		"asked (%s). Start avahi-daemon, or meet by address",
		why);
}

/* ---- who is there -------------------------------------------------------------- */

static void
resolved(AvahiServiceResolver *r, AvahiIfIndex interface,
	AvahiProtocol protocol, AvahiResolverEvent event, const char *name,
	const char *type, const char *domain, const char *host,
	const AvahiAddress *a, uint16_t port, AvahiStringList *txt,
	AvahiLookupResultFlags flags, void *arg)
{
	struct dlb_lan *l = arg;
	struct way *way = peers_find(&l->peers, name, interface, protocol);
	struct dlb_tcp_where where;

	(void)type;
	(void)domain;
	(void)host;
	(void)txt;
	(void)flags;
	if (!way || way->resolver != r)
		return;
	if (event == AVAHI_RESOLVER_FOUND) {
		struct own_address own[LAN_ADDRESSES_MAX];
		size_t n = announce_addresses(own, DLB_ARRAY_LEN(own));
		bool ok = lan_where(&where, interface, a, port, own, n);

		peers_resolved(&l->peers, way, ok ? &where : NULL);
		return;
	}
	/* Announced, but does not answer: until it is announced again. */
	avahi_service_resolver_free(r);
	way->resolver = NULL;
	peers_resolved(&l->peers, way, NULL);
}

static void
appeared(struct dlb_lan *l, AvahiIfIndex interface, AvahiProtocol protocol,
	const char *name, const char *domain)
{
	struct way *way;

	if (announce_is_own(l, name)
		|| peers_find(&l->peers, name, interface, protocol))
		return;
	way = peers_add(&l->peers, name, interface, protocol);
	if (!way)
		return;
	way->resolver = avahi_service_resolver_new(l->client, interface,
		protocol, name, DLB_LAN_TYPE, domain, protocol,
		AVAHI_LOOKUP_NO_TXT, resolved, l);
	if (!way->resolver)
		peers_remove(&l->peers, name, interface, protocol);
}

static void
browsed(AvahiServiceBrowser *b, AvahiIfIndex interface, AvahiProtocol protocol,
	AvahiBrowserEvent event, const char *name, const char *type,
	const char *domain, AvahiLookupResultFlags flags, void *arg)
{
	struct dlb_lan *l = arg;

	(void)b;
	(void)type;
	switch (event) {
	case AVAHI_BROWSER_NEW:
		if (!(flags & AVAHI_LOOKUP_RESULT_OUR_OWN))
			appeared(l, interface, protocol, name, domain);
		break;
	case AVAHI_BROWSER_REMOVE:
		peers_remove(&l->peers, name, interface, protocol);
		break;
	case AVAHI_BROWSER_FAILURE:
		l->restart = true;
		break;
	case AVAHI_BROWSER_CACHE_EXHAUSTED:
	case AVAHI_BROWSER_ALL_FOR_NOW:
		break;
	}
}

/* ---- the client ---------------------------------------------------------------- */

static void
start_work(struct dlb_lan *l)
{
	l->up = true;
	if (l->browse && !l->browser)
		l->browser = avahi_service_browser_new(l->client,
			AVAHI_IF_UNSPEC, AVAHI_PROTO_UNSPEC, DLB_LAN_TYPE,
			"local", 0, browsed, l);
	if (l->browse && !l->browser)
		l->restart = true;
	if (!l->own.group)
		announce_make(l);
}

static void
client_changed(AvahiClient *client, AvahiClientState state, void *arg)
{
	struct dlb_lan *l = arg;

	l->client = client; /* called before avahi_client_new returns it */
	switch (state) {
	case AVAHI_CLIENT_S_RUNNING:
		start_work(l);
		break;
	case AVAHI_CLIENT_CONNECTING:
		is_down(l, "it does not run");
		break;
	case AVAHI_CLIENT_FAILURE:
		is_down(l, avahi_strerror(avahi_client_errno(client)));
		l->restart = true;
		break;
	case AVAHI_CLIENT_S_REGISTERING:
	case AVAHI_CLIENT_S_COLLISION: /* of the machine's name: not ours */
		break;
	}
}

static void
start_client(struct dlb_lan *l)
{
	int failed = 0;

	l->retry_ms = INT64_MAX;
	l->restart = false;
	l->client = avahi_client_new(
		&l->poll.api, AVAHI_CLIENT_NO_FAIL, client_changed, l, &failed);
	if (l->client)
		return;
	is_down(l, avahi_strerror(failed));
	l->retry_ms = now(l) + LAN_RETRY_MS;
}

/* Not from within a callback. Frees browser, resolvers and group with it. */
static void
stop_client(struct dlb_lan *l)
{
	if (l->client)
		avahi_client_free(l->client);
	l->client = NULL;
	l->browser = NULL;
	l->own.group = NULL;
	announce_withdraw(l);
	peers_forget(&l->peers, true);
}

enum dlb_status
dlb_lan_new(struct dlb_lan **out, const struct dlb_env *env,
	const struct dlb_lan_config *config, struct dlb_error *err)
{
	struct dlb_lan *l = calloc(1, sizeof(*l));

	*out = NULL;
	if (!l)
		return dlb_fail(
			err, DLB_NO_MEMORY, "no memory for the network");
	l->env = env;
	l->browse = config->browse;
	l->own.port = config->announce_port;
	lan_poll_init(&l->poll, env);
	announce_init(l);
	start_client(l);
	*out = l;
	return DLB_OK;
}

void
dlb_lan_free(struct dlb_lan *l)
{
	if (!l)
		return;
	announce_free(l);
	stop_client(l);
	lan_poll_clear(&l->poll);
	peers_free(&l->peers);
	free(l);
}

unsigned
dlb_lan_poll(const struct dlb_lan *l, struct pollfd out[static DLB_LAN_FDS_MAX])
{
	unsigned n = lan_poll_fds(&l->poll, out, DLB_LAN_FDS_MAX - 1);

	if (l->own.changes >= 0)
		out[n++] =
			(struct pollfd){.fd = l->own.changes, .events = POLLIN};
	return n;
}

static int64_t
first_of(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t
dlb_lan_deadline_ms(const struct dlb_lan *l)
{
	return first_of(first_of(l->retry_ms, l->own.again_ms),
		lan_poll_deadline_ms(&l->poll));
}

static bool
tell_state(struct dlb_lan *l, struct dlb_lan_event *event)
{
	if (l->up && !l->told_up) {
		l->told_up = true;
		l->told_down = false;
		event->kind = DLB_LAN_UP;
		return true;
	}
	if (!l->up && !l->told_down && l->why_down.status != DLB_OK) {
		l->told_down = true;
		l->told_up = false;
		event->kind = DLB_LAN_DOWN;
		event->why = l->why_down;
		return true;
	}
	return false;
}

void
dlb_lan_step(struct dlb_lan *l, struct dlb_lan_event *event)
{
	*event = (struct dlb_lan_event){.kind = DLB_LAN_NONE};
	lan_poll_dispatch(&l->poll);
	if (l->restart) {
		stop_client(l);
		l->restart = false;
		l->up = false;
		l->retry_ms = now(l) + RESTART_MS;
	}
	if (now(l) >= l->retry_ms)
		start_client(l);
	announce_step(l);
	if (tell_state(l, event))
		return;
	if (l->waits != DLB_LAN_NONE) {
		event->kind = l->waits;
		memcpy(event->peer.name, l->own.name, sizeof(l->own.name));
		if (l->waits == DLB_LAN_UNHEARD)
			event->why = l->why_unheard;
		l->waits = DLB_LAN_NONE;
		return;
	}
	(void)peers_event(&l->peers, event);
}

const struct dlb_lan_peer *const *
dlb_lan_peers(struct dlb_lan *l, size_t *n)
{
	*n = 0;
	for (size_t i = 0; i < l->peers.n; i++)
		if (l->peers.list[i]->seen.ways_n > 0)
			l->peers.shown[(*n)++] = &l->peers.list[i]->seen;
	return l->peers.shown;
}

void
dlb_lan_announce(struct dlb_lan *l, uint16_t port)
{
	l->own.port = port;
	announce_make(l);
}

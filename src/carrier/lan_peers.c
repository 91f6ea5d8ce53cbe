/*
 * Who was found. A service is announced once for each interface and family: these
 * are ways to one peer, whose name they share. All of it is what strangers say.
 */
#include "lan_internal.h"

#include <stdlib.h>
#include <string.h>

static struct peer *
find_peer(const struct lan_peers *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->list[i]->name, name) == 0)
			return p->list[i];
	return NULL;
}

static struct peer *
owner(const struct lan_peers *p, const struct way *way)
{
	for (size_t i = 0; i < p->n; i++)
		if (way >= p->list[i]->ways
			&& way < p->list[i]->ways + p->list[i]->ways_n)
			return p->list[i];
	return NULL;
}

/* Shows what is resolved. */
static void
show(struct peer *peer)
{
	peer->seen.ways_n = 0;
	for (size_t i = 0; i < peer->ways_n; i++)
		if (peer->ways[i].resolved)
			peer->seen.ways[peer->seen.ways_n++] =
				peer->ways[i].where;
}

struct way *
peers_find(const struct lan_peers *p, const char *name, AvahiIfIndex interface,
	AvahiProtocol protocol)
{
	struct peer *peer = find_peer(p, name);

	for (size_t i = 0; peer && i < peer->ways_n; i++)
		if (peer->ways[i].interface == interface && peer->ways[i].protocol == protocol)
			return &peer->ways[i];
	return NULL;
}

static struct peer *
new_peer(struct lan_peers *p, const char *name)
{
	size_t len = strlen(name);
	struct peer *peer;

	if (p->n == DLB_LAN_PEERS_MAX || len > DLB_LAN_NAME_MAX)
		return NULL;
	peer = calloc(1, sizeof(*peer));
	if (!peer)
		return NULL;
	memcpy(peer->name, name, len);
	dlb_printable(peer->seen.name, sizeof(peer->seen.name), name, len);
	p->list[p->n++] = peer;
	return peer;
}

struct way *
peers_add(struct lan_peers *p, const char *name, AvahiIfIndex interface,
	AvahiProtocol protocol)
{
	struct peer *peer = find_peer(p, name);
	struct way *way;

	if (!peer)
		peer = new_peer(p, name);
	if (!peer || peer->ways_n == DLB_LAN_WAYS_MAX)
		return NULL;
	way = &peer->ways[peer->ways_n++];
	*way = (struct way){.interface = interface, .protocol = protocol};
	return way;
}

void
peers_resolved(
	struct lan_peers *p, struct way *way, const struct dlb_tcp_where *where)
{
	struct peer *peer = owner(p, way);

	way->resolved = where != NULL;
	if (where)
		way->where = *where;
	if (peer)
		show(peer);
}

void
peers_remove(struct lan_peers *p, const char *name, AvahiIfIndex interface,
	AvahiProtocol protocol)
{
	struct way *way = peers_find(p, name, interface, protocol);
	struct peer *peer = way ? owner(p, way) : NULL;

	if (!peer)
		return;
	if (way->resolver)
		avahi_service_resolver_free(way->resolver);
	*way = peer->ways[--peer->ways_n];
	show(peer);
}

void
peers_forget(struct lan_peers *p, bool freed)
{
	for (size_t i = 0; i < p->n; i++) {
		struct peer *peer = p->list[i];

		for (size_t j = 0; j < peer->ways_n && !freed; j++)
			if (peer->ways[j].resolver)
				avahi_service_resolver_free(
					peer->ways[j].resolver);
		peer->ways_n = 0;
		show(peer);
	}
}

bool
peers_event(struct lan_peers *p, struct dlb_lan_event *event)
{
	for (size_t i = 0; i < p->n;) {
		struct peer *peer = p->list[i];
		bool there = peer->seen.ways_n > 0;

		if (there != peer->told) {
			event->kind = there ? DLB_LAN_FOUND : DLB_LAN_LOST;
			event->peer = peer->seen;
			peer->told = there;
			return true;
		}
		if (peer->ways_n > 0) {
			i++;
			continue;
		}
		free(peer);
		p->list[i] = p->list[--p->n];
	}
	return false;
}

void
peers_free(struct lan_peers *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->list[i]);
	p->n = 0;
}

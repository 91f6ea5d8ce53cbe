#include "keys_world.h"

#include "state_internal.h"

uint32_t
use(struct fixture *f, struct dlb_letterbox *l)
{
	uint32_t destroyed;
	bool renewed;

	assert_ok(dlb_letterbox_renew(l, &renewed, &f->err));
	if (renewed)
		assert_ok(dlb_letterbox_commit(l, &f->err));
	assert_ok(dlb_keys_destroy(l, &destroyed, &f->err));
	return destroyed;
}

void
use_until(struct fixture *f, struct dlb_letterbox *l, int64_t then_ms)
{
	while (f->env.now_ms + DAY(25) < then_ms) {
		f->env.now_ms += DAY(25);
		use(f, l);
	}
	f->env.now_ms = then_ms;
}

bool
has(struct dlb_letterbox *l, enum dlb_epoch_kind kind, uint32_t id)
{
	return dlb_epochs_find(&l->epochs, kind, id) != NULL;
}

uint32_t
use_days(struct fixture *f, struct dlb_letterbox *l, int days)
{
	uint32_t destroyed = 0;

	for (int i = 0; i < days; i++) {
		destroyed += use(f, l);
		f->env.now_ms += DAY(1);
	}
	return destroyed;
}

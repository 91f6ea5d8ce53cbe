#include "counted.h"

#include "crypto.h"

unsigned point_muls, aead_opens, decaps;

enum dlb_status __real_dlb_point_mul(
	uint8_t *out, const uint8_t *s, const uint8_t *p);
enum dlb_status __wrap_dlb_point_mul(
	uint8_t *out, const uint8_t *s, const uint8_t *p);
enum dlb_status
__wrap_dlb_point_mul(uint8_t *out, const uint8_t *s, const uint8_t *p)
{
	point_muls++;
	return __real_dlb_point_mul(out, s, p);
}

enum dlb_status __real_dlb_aead_open(struct dlb_aead *a, uint8_t *out,
	const uint8_t *key, const uint8_t *ad, size_t ad_len, const uint8_t *in,
	size_t in_len);
enum dlb_status __wrap_dlb_aead_open(struct dlb_aead *a, uint8_t *out,
	const uint8_t *key, const uint8_t *ad, size_t ad_len, const uint8_t *in,
	size_t in_len);
enum dlb_status
__wrap_dlb_aead_open(struct dlb_aead *a, uint8_t *out, const uint8_t *key,
	const uint8_t *ad, size_t ad_len, const uint8_t *in, size_t in_len)
{
	aead_opens++;
	return __real_dlb_aead_open(a, out, key, ad, ad_len, in, in_len);
}

void __real_dlb_xwing_decaps_expanded(
	uint8_t *ss, const uint8_t *ct, const uint8_t *sk);
void __wrap_dlb_xwing_decaps_expanded(
	uint8_t *ss, const uint8_t *ct, const uint8_t *sk);
void
__wrap_dlb_xwing_decaps_expanded(
	uint8_t *ss, const uint8_t *ct, const uint8_t *sk)
{
	decaps++;
	__real_dlb_xwing_decaps_expanded(ss, ct, sk);
}

/*
 * What TLS is allowed to be on a link: version 1.3, three ciphers, X25519 (with
 * ML-KEM-768 where OpenSSL has it), Ed25519; no session, ticket, early data, name.
 *
 * The certificate is for the protocol, which wants one of the listener: a key of
 * its own, a random serial number, empty names, and the validity that RFC 5280
 * section 4.1.2.5 has for none, so that neither clock nor machine shows in it.
 */
#include "link_internal.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <string.h>
#if defined(__aarch64__)
#include <sys/auxv.h>
#endif

#define SERIAL_LEN 16
#define CERTIFICATE_MAX 4096
#define HANDSHAKE_MESSAGE 22
#define HANDSHAKE_KEY_UPDATE 24

static bool
has_aes(void)
{
#if defined(__x86_64__) || defined(__i386__)
	return __builtin_cpu_supports("aes")
		&& __builtin_cpu_supports("pclmul");
#elif defined(__aarch64__) && defined(HWCAP_AES)
	return getauxval(AT_HWCAP) & HWCAP_AES;
#else
	return false;
#endif
}

/* With instructions for it AES is the fastest, without them ChaCha20 is, and does
 * not leak through the cache. The listener follows its own order, but takes
 * ChaCha20 for a caller who names that first. */
static const char *
ciphers(void)
{
	return has_aes()
		? "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
		  "TLS_CHACHA20_POLY1305_SHA256"
		: "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:"
		  "TLS_AES_256_GCM_SHA384";
}

static X509 *
make_certificate(EVP_PKEY *key, const struct dlb_env *env)
{
	uint8_t serial[SERIAL_LEN];
	X509 *cert = X509_new();
	BIGNUM *bn;
	bool ok;

	dlb_random(env, serial, sizeof(serial));
	serial[0] &= 0x7f; /* positive, and of one length: never 0 in front */
	serial[0] |= 0x40;
	bn = BN_bin2bn(serial, sizeof(serial), NULL);
	ok = cert && bn && X509_set_version(cert, X509_VERSION_3)
		&& BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(cert))
		&& ASN1_TIME_set_string(
			X509_getm_notBefore(cert), "19700101000000Z")
		&& ASN1_TIME_set_string(
			X509_getm_notAfter(cert), "99991231235959Z")
		&& X509_set_pubkey(cert, key) && X509_sign(cert, key, NULL);
	BN_free(bn);
	if (ok)
		return cert;
	X509_free(cert);
	return NULL;
}

static bool
use_certificate(SSL_CTX *ctx, const struct dlb_env *env)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	X509 *cert = key ? make_certificate(key, env) : NULL;
	bool ok = cert && SSL_CTX_use_certificate(ctx, cert) == 1
		&& SSL_CTX_use_PrivateKey(ctx, key) == 1;

	X509_free(cert);
	EVP_PKEY_free(key);
	return ok;
}

static bool
set_groups(SSL_CTX *ctx)
{
	return SSL_CTX_set1_groups_list(ctx, "X25519MLKEM768:X25519") == 1
		|| SSL_CTX_set1_groups_list(ctx, "X25519") == 1;
}

/* All that the machine's own openssl.cnf could have set is set again. */
static SSL_CTX *
make_context(const struct dlb_link *l)
{
	SSL_CTX *ctx = SSL_CTX_new(
		l->caller ? TLS_client_method() : TLS_server_method());

	if (!ctx)
		return NULL;
	SSL_CTX_clear_options(ctx, SSL_CTX_get_options(ctx));
	SSL_CTX_set_options(ctx,
		SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION
			| SSL_OP_NO_RENEGOTIATION
			| SSL_OP_CIPHER_SERVER_PREFERENCE
			| SSL_OP_PRIORITIZE_CHACHA
			| SSL_OP_ENABLE_MIDDLEBOX_COMPAT);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_max_cert_list(ctx, CERTIFICATE_MAX);
	SSL_CTX_set_mode(ctx,
		SSL_MODE_ENABLE_PARTIAL_WRITE
			| SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1
		&& SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) == 1
		&& SSL_CTX_set_ciphersuites(ctx, ciphers()) == 1
		&& SSL_CTX_set1_sigalgs_list(ctx, "ed25519") == 1
		&& set_groups(ctx) && SSL_CTX_set_max_early_data(ctx, 0) == 1
		&& SSL_CTX_set_recv_max_early_data(ctx, 0) == 1
		&& SSL_CTX_set_num_tickets(ctx, 0) == 1
		&& (l->caller || use_certificate(ctx, l->env)))
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

/* Sees each message of the handshake protocol. OpenSSL would take any number of
 * key updates, and tickets that nobody wants. */
static void
watch_messages(int written, int version, int type, const void *data, size_t len,
	SSL *ssl, void *arg)
{
	struct dlb_link *l = arg;

	(void)version;
	(void)ssl;
	if (written || type != HANDSHAKE_MESSAGE || len == 0
		|| l->state == DLB_LINK_HANDSHAKE)
		return;
	if (*(const uint8_t *)data != HANDSHAKE_KEY_UPDATE
		|| ++l->post_handshake > POST_HANDSHAKE_MAX)
		l->rude = true;
}

enum dlb_status
tls_init(struct dlb_link *l, struct dlb_error *err)
{
	l->ctx = make_context(l);
	l->ssl = l->ctx ? SSL_new(l->ctx) : NULL;
	ERR_clear_error();
	if (!l->ssl)
		return dlb_fail(err, DLB_FAILED,
			"TLS 1.3 could not be set up with this machine's "
			"OpenSSL: it needs Ed25519 and X25519 (does its "
			"configuration forbid them?)");
	SSL_set_msg_callback(l->ssl, watch_messages);
	SSL_set_msg_callback_arg(l->ssl, l);
	if (l->caller)
		SSL_set_connect_state(l->ssl);
	else
		SSL_set_accept_state(l->ssl);
	return DLB_OK;
}

void
tls_free(struct dlb_link *l)
{
	SSL_free(l->ssl);
	SSL_CTX_free(l->ctx);
	l->ssl = NULL;
	l->ctx = NULL;
}

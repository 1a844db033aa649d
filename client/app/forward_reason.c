#include "client/app/forward_reason.h"

#include "shared/net/roots.h"

#include <openssl/x509_vfy.h>

#define ALERT_CERTIFICATE_REQUIRED 116
#define ALERT_HANDSHAKE_FAILURE 40
#define ALERT_PROTOCOL_VERSION 70

static enum reason reason_of_tls(const struct conn_failure *how)
{
	switch (how->kind) {
	case CONN_TLS_CERT:
		switch (how->verify) {
		case X509_V_ERR_CERT_HAS_EXPIRED:
			return REASON_APP_CERT_EXPIRED;
		case X509_V_ERR_CERT_NOT_YET_VALID:
			return REASON_APP_CERT_NOT_YET;
		case X509_V_ERR_HOSTNAME_MISMATCH:
		case X509_V_ERR_IP_ADDRESS_MISMATCH:
			return REASON_APP_CERT_OTHER_NAME;
		case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
			return REASON_APP_CERT_SELF_SIGNED;
		default:
			return roots_are_there() ? REASON_APP_CERT_UNTRUSTED : REASON_APP_CERT_NO_ISSUERS;
		}
	case CONN_TLS_ALERT:
		return how->alert == ALERT_CERTIFICATE_REQUIRED ? REASON_APP_WANTS_CERTIFICATE : REASON_APP_TLS_APART;
	case CONN_TLS_OTHER:
		return REASON_APP_TLS_APART;
	case CONN_ERRNO:
		return REASON_APP_TLS_BROKE_OFF;
	case CONN_TLS_NOT_TLS:
	case CONN_FINE:
		break;
	}
	return REASON_APP_NOT_TLS;
}

enum reason forward_reason_of_dial(enum dial_failure why, const struct conn_failure *how)
{
	switch (why) {
	case DIAL_REFUSED:
		return REASON_APP_NOT_LISTENING;
	case DIAL_NO_SOCKET:
		return REASON_APP_NO_SOCKET;
	case DIAL_UNRESOLVED:
		return REASON_APP_NAME_UNKNOWN;
	case DIAL_NOT_LOCAL:
		return REASON_APP_NOT_HERE;
	case DIAL_NO_ACCESS:
		return REASON_APP_NO_ACCESS;
	case DIAL_DESCRIPTORS:
		return REASON_APP_DESCRIPTORS;
	case DIAL_MEMORY:
		return REASON_APP_MEMORY;
	case DIAL_TLS:
		return reason_of_tls(how);
	case DIAL_FINE:
	case DIAL_BROKEN:
		break;
	}
	return REASON_APP_NO_ROUTE;
}

enum reason forward_reason_of_end(const struct conn_failure *how)
{
	switch (how->kind) {
	case CONN_FINE:
		return REASON_APP_CLOSED;
	case CONN_ERRNO:
		return REASON_APP_RESET;
	case CONN_TLS_ALERT: /* TLS 1.3 tells its client that a certificate is wanted only behind the handshake */
	case CONN_TLS_CERT:
	case CONN_TLS_NOT_TLS:
	case CONN_TLS_OTHER:
		break;
	}
	return reason_of_tls(how);
}

enum reason forward_reason_of_bytes(struct bytes first)
{
	switch (first_bytes_kind(first)) {
	case FIRST_BYTES_TLS:
		return REASON_APP_SPEAKS_TLS;
	case FIRST_BYTES_HTTP2:
		return REASON_APP_SPEAKS_HTTP2;
	case FIRST_BYTES_HTTP: /* of another version, or malformed */
	case FIRST_BYTES_OTHER:
		break;
	}
	return REASON_APP_NOT_HTTP;
}

enum reason forward_reason_of_fault(enum http1_fault fault, bool before_body)
{
	switch (fault) {
	case HTTP1_HEAD_TOO_LARGE:
		return REASON_APP_HEAD_TOO_LARGE;
	case HTTP1_NO_MEMORY:
		return REASON_APP_MEMORY;
	default:
		return before_body ? REASON_APP_BAD_HEAD : REASON_APP_BAD_BODY;
	}
}

const char *forward_reason_fault(enum http1_fault fault)
{
	switch (fault) {
	case HTTP1_BAD_LINE_END:
		return "a line in its head that does not end in CR LF";
	case HTTP1_BAD_FIELD:
		return "a line in its head that is not a header field, or holds a control character";
	case HTTP1_BAD_LENGTH:
		return "Content-Lengths that differ or are not numbers";
	case HTTP1_BAD_CODING:
		return "a Transfer-Encoding other than chunked";
	case HTTP1_BAD_VERSION:
		return "a version of HTTP other than 1.0 and 1.1";
	case HTTP1_FINE:
		return "101, although no upgrade was asked for";
	case HTTP1_BAD_TRAILER:
		return "malformed trailers";
	case HTTP1_TRAILERS_TOO_LARGE:
		return "trailers of more than 64 KiB or 200 fields";
	case HTTP1_BAD_CHUNK:
		return "malformed chunks";
	default:
		return "a malformed status line";
	}
}

/* Whom a connection by TLS believes, and as whom it presents itself. */
#ifndef VG_MEDIA_TLS_TRUST_H
#define VG_MEDIA_TLS_TRUST_H

struct vg_tls_trust {   /* of an rtsps:// source */
    const char *ca_pem; /* borrowed; the authorities that are believed; NULL or "": the system's */
    const char *
        name; /* borrowed; name or address the certificate must be for; NULL or "": that of the URL */
    const char *certificate_pem, *key_pem; /* borrowed; ours, if the server wants one; NULL: none */
};

#endif

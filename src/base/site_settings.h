/* What an administrator declares about the site, for all its flux: where video may come from, by
 * which interface and ports, under which certificates, with what it is decoded.
 *
 * One struct, one reader and one writer for the store, the API and ingest. The private key of the
 * client's certificate is no part of it: it is sealed at rest and travels apart. The struct is
 * large (some 250 KB): it wants the heap. Pure; any thread. */
#ifndef VG_BASE_SITE_SETTINGS_H
#define VG_BASE_SITE_SETTINGS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/base/host_list.h"
#include "src/base/source_url.h"

#define VG_INTERFACE_SIZE        64 /* a name ("eth1") or a numeric address, with the end */
#define VG_SITE_CA_SIZE          65536
#define VG_SITE_CERTIFICATE_SIZE 16384
#define VG_SITE_KEY_SIZE         16384
#define VG_SITE_DEVICES_MAX      16
#define VG_SITE_DEVICE_SIZE      64
#define VG_SITE_CORES_MAX        1024
#define VG_SITE_STAGGER_MS_MAX   10000

struct vg_site_settings {
    struct vg_host_list sources; /* what flux may name; empty: no network source is admitted */
    struct vg_host_list listen;  /* our addresses on which a source may be waited for */
    bool encryption_required;
    char interface[VG_INTERFACE_SIZE]; /* to receive on; "": the route's */
    uint16_t port_first, port_last;    /* of UDP's client side; both 0: the system chooses */
    uint32_t stagger_ms;               /* between two connections to one host; 50 by default */
    double decode_cores;               /* for decoding by software; 0: chosen; 0.5: half of one */
    uint32_t decode_device_count;      /* 0: all that are found */
    char decode_device[VG_SITE_DEVICES_MAX][VG_SITE_DEVICE_SIZE]; /* "/dev/dri/renderD128" */
    char ca_pem[VG_SITE_CA_SIZE];                   /* who is believed; "": the system's */
    char certificate_pem[VG_SITE_CERTIFICATE_SIZE]; /* ours, if a server wants one; "": none */
};

/* Of a site that has declared nothing. */
void vg_site_settings_init(struct vg_site_settings *settings);

/* Reads the object below; what it does not name stays as it is, unknown keys are ignored. NULL or
 * JSON null changes nothing. VG_E_INPUT: the place is the pointer ("/sources/0/host"), *settings
 * is then of no use.
 *   { "sources": [..], "encryption_required": false, "interface": "", "client_ports": [50000,
 *     50399] or null, "ca_pem": "", "client_certificate_pem": "", "stagger_ms": 50,
 *     "decode": { "devices": [], "cores": 0 }, "listen": [..] } */
enum vg_status vg_site_settings_read(const json_t *object, struct vg_site_settings *settings,
                                     struct vg_fault *fault) VG_MUST_USE;

/* The same object, given; NULL without memory. */
json_t *vg_site_settings_json(const struct vg_site_settings *settings) VG_MUST_USE;

/* Whether `text` may name an interface or be the address of one; "" may. */
bool vg_interface_valid(const char *text);

/* Whether all of `text` is certificates or keys in PEM by its letters: printable ASCII, tabs and
 * ends of lines. Says nothing of what they hold. */
bool vg_pem_text_valid(const char *text);

enum vg_site_verdict {
    VG_SITE_ADMITS,
    VG_SITE_HOST_NOT_DECLARED,   /* it is not in `sources` */
    VG_SITE_LISTEN_NOT_DECLARED, /* it is not in `listen` */
    VG_SITE_ENCRYPTION_REQUIRED, /* it would come in the clear */
    VG_SITE_CLEAR_NOT_ACCEPTED,  /* it would come in the clear, and nobody agreed to it */
    VG_SITE_ADDRESS_UNREADABLE   /* of an older version: source_url.h does not take it */
};
const char *vg_site_verdict_name(enum vg_site_verdict verdict); /* "host_not_declared" */
const char *vg_site_verdict_text(enum vg_site_verdict verdict); /* a sentence, msgid */
const char *vg_site_verdict_remedy(enum vg_site_verdict verdict);

/* Whether coming in the clear from there wants a person's agreement: all that is not encrypted
 * but files, folders and this machine itself. */
bool vg_site_clear_wants_agreement(const struct vg_source_url *url);

enum vg_site_agreement {
    VG_SITE_CLEAR_UNSAID,
    VG_SITE_CLEAR_ACCEPTED
};

/* What the settings say of a source. The groups that an SDP file names are for who reads it. */
enum vg_site_verdict vg_site_judge(const struct vg_site_settings *settings,
                                   const struct vg_source_url *url,
                                   enum vg_site_agreement agreement);

#endif

/* The two messages of SNMP that a power strip is asked with: GetRequest and its answer, in BER. Pure.
 *
 *   SEQUENCE { INTEGER version (0: v1, 1: v2c), OCTET STRING community,
 *     [0xa0 GetRequest, 0xa2 Response] { INTEGER request, INTEGER error, INTEGER index,
 *       SEQUENCE { SEQUENCE { OBJECT IDENTIFIER, value } } } }
 *
 * Source: RFC 1157, RFC 3416, RFC 1155 (types), ITU-T X.690 (BER). Only definite lengths of up to
 * four bytes are taken, as RFC 3417 8 wants them. Version 3 (with passwords) is not spoken. */
#ifndef VG_ENERGY_SNMP_MESSAGE_H
#define VG_ENERGY_SNMP_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"

#define VG_SNMP_OID_MAX     64
#define VG_SNMP_MESSAGE_MAX 1472 /* of a datagram that is not cut */

struct vg_snmp_oid {
    uint32_t count;
    uint32_t id[VG_SNMP_OID_MAX];
};

enum vg_snmp_version {
    VG_SNMP_V1,
    VG_SNMP_V2C
};

/* "1.3.6.1.4.1.318.1.1.12.1.16.0", with or without a dot before it. VG_E_INPUT. */
enum vg_status vg_snmp_oid_parse(const char *text, struct vg_snmp_oid *oid) VG_MUST_USE;

struct vg_snmp_get {
    enum vg_snmp_version version;
    const char *community; /* borrowed */
    int32_t request;       /* not negative */
    struct vg_snmp_oid oid;
};

/* *used bytes at out. VG_E_FULL: it does not fit. */
enum vg_status vg_snmp_get_write(const struct vg_snmp_get *get, uint8_t *out, size_t size,
                                 size_t *used) VG_MUST_USE;

/* The number that answers `get`: INTEGER, Counter32, Gauge32, TimeTicks, Counter64, or a text that
 * is a decimal number. VG_E_STATE: the answer to another question; VG_E_MISSING: the strip has no
 * such value; VG_E_LACK: it refuses (place: its error); VG_E_INPUT: no such message, or no number. */
enum vg_status vg_snmp_answer_parse(const uint8_t *data, size_t size, const struct vg_snmp_get *get,
                                    double *value, struct vg_fault *fault) VG_MUST_USE;

#endif

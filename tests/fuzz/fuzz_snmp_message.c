/* What answers a question of SNMP, any bytes. First byte: the version asked with (bit 0).
 *
 * Never: a read outside of the bytes, a number that is not finite, an answer that is taken though its
 * request or version is another's. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "src/energy/snmp_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vg_snmp_get get = {.community = "public", .request = 0x12345678};
    struct vg_fault fault;
    double value = 0, other;
    if (size == 0)
        return 0;
    get.version = data[0] & 1 ? VG_SNMP_V2C : VG_SNMP_V1;
    must(vg_snmp_oid_parse("1.3.6.1.4.1.318.1.1.12.1.16.0", &get.oid) == VG_OK);
    uint8_t *exact = malloc(size);
    must(exact != NULL);
    memcpy(exact, data + 1, size - 1);
    const enum vg_status status = vg_snmp_answer_parse(exact, size - 1, &get, &value, &fault);
    if (!status) {
        must(isfinite(value));
        get.request++;
        must(vg_snmp_answer_parse(exact, size - 1, &get, &other, &fault) == VG_E_STATE);
        get.request--;
        get.version = get.version == VG_SNMP_V1 ? VG_SNMP_V2C : VG_SNMP_V1;
        must(vg_snmp_answer_parse(exact, size - 1, &get, &other, &fault) == VG_E_STATE);
    }
    free(exact);
    return 0;
}

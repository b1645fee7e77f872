/* A controller's answer about its power, any bytes. Never: a reading out of fewer bytes than it has,
 * or where the controller says that it does not measure. */
#include <stdint.h>
#include <stdlib.h>

#include "src/energy/dcmi_power.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vg_dcmi_power power;
    struct vg_fault fault;
    if (vg_dcmi_power_parse(data, size, &power, &fault))
        return 0;
    if (size < 19 || data[0] != 0 || data[1] != VG_DCMI_GROUP || !(data[18] & 0x40) ||
        power.watts != (data[2] | data[3] << 8))
        abort();
    return 0;
}

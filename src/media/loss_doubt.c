#include "src/media/loss_doubt.h"

void vg_loss_doubt_packet(struct vg_loss_doubt *doubt, int64_t number, enum vg_loss loss)
{
    const bool open = doubt->span[0].to == INT64_MAX;
    if (loss == VG_LOSS_DAMAGED) {
        doubt->packets = 0;
        if (open)
            return;
        doubt->span[1] = doubt->span[0];
        doubt->span[0].from = number;
        doubt->span[0].to = INT64_MAX;
    } else if (open && (loss == VG_LOSS_KEY || ++doubt->packets > VG_LOSS_DOUBT_PACKETS)) {
        doubt->span[0].to = number;
    }
}

bool vg_loss_doubt_has(const struct vg_loss_doubt *doubt, int64_t number)
{
    return (number >= doubt->span[0].from && number < doubt->span[0].to) ||
           (number >= doubt->span[1].from && number < doubt->span[1].to);
}

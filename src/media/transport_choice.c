#include "src/media/transport_choice.h"

#include <stdbool.h>

static bool is_chosen(enum vg_transport transport)
{
    return transport == VG_TRANSPORT_TCP || transport == VG_TRANSPORT_UDP;
}

static enum vg_transport other_of(enum vg_transport transport)
{
    return transport == VG_TRANSPORT_TCP ? VG_TRANSPORT_UDP : VG_TRANSPORT_TCP;
}

void vg_transport_choice_proven(struct vg_transport_choice *choice, enum vg_transport transport)
{
    if (is_chosen(transport))
        *choice = (struct vg_transport_choice){.proven = transport, .next = transport};
}

void vg_transport_choice_silent(struct vg_transport_choice *choice, enum vg_transport transport)
{
    if (!is_chosen(transport))
        return;
    if (choice->proven == VG_TRANSPORT_AUTO) {
        choice->next = other_of(transport);
        return;
    }
    choice->silent = transport == choice->proven ? choice->silent + 1 : 0;
    choice->next =
        choice->silent < VG_TRANSPORT_PROVEN_TRIES ? choice->proven : other_of(choice->proven);
}
